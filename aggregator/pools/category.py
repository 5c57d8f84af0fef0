"""The pool of each category: the catalogue's own public partition, each part ordered by the private counts.

At a hundred thousand reports and epsilon 4 the counts of 43,000 items say almost nothing; inside a category of forty items the
partition itself says most of it, and what the counts know decides between neighbours.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from aggregator.pools.evidence import Float64
from aggregator.pools.rules import PoolRules
from contracts import CategoryList, CategoryPool, Pool


def make_category_pool(
    base: Pool, likely: Float64, rules: PoolRules, categories: Sequence[int], epoch: int, hidden: Collection[int] = ()
) -> CategoryPool:
    """Every category's items, best first, at most `category_size` of each. `categories[i - 1]` is item i's, 0 for unknown."""
    order = [entry.item for entry in base.items]
    stood = {item: rank for rank, item in enumerate(order)}
    kept_out = {*hidden, *rules.banned}
    parts: dict[int, list[int]] = {}
    for item, category in enumerate(categories, start=1):
        if category and item not in kept_out:
            parts.setdefault(category, []).append(item)

    def key(item: int) -> tuple[float, int, int]:
        return -float(likely[item - 1]) if item <= len(likely) else 0.0, stood.get(item, len(order)), item

    lists = tuple(
        CategoryList(category=category, items=tuple(sorted(parts[category], key=key)[: rules.category_size]))
        for category in sorted(parts)
    )
    return CategoryPool(shop=base.shop, demo=base.demo, epoch=epoch, lists=lists)
