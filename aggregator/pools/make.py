"""The global pool of an epoch.

An item is *wanted* when the lower end of its interval is above the threshold. Each end holds with the one-sided confidence
1 - f/d, so at most f of the d items are expected to enter though nobody wanted them. Who is not wanted stays only by the base
pool. The order is by the posterior mean (`shrink`), of wanted items by their own count; equals keep the base order.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from aggregator.pools.category import make_category_pool
from aggregator.pools.evidence import EpochCounts, Evidence, Float64, gather
from aggregator.pools.rank_change import cap_rank_change
from aggregator.pools.rules import PoolRules
from aggregator.pools.shrink import posterior
from contracts import CategoryPool, Pool, PoolItem


@dataclass(frozen=True)
class PoolParts:
    """What a pool is made of besides the newest counts. `previous` is the pool in force before the bucket's epoch."""

    base: Pool
    previous: Pool
    rules: PoolRules
    new_items: tuple[int, ...] = ()
    """Catalogue indices that the model has never seen."""
    unavailable: frozenset[int] = frozenset()
    """Sold out when the epoch closes: a place in the pool would be wasted on them."""
    categories: tuple[int, ...] = ()
    """Category of item i at position i - 1, 0 for unknown; empty where nobody asks."""
    earlier: tuple[EpochCounts, ...] = ()
    base_sha256: str = ""
    previous_sha256: str = ""


def make_pools(parts: PoolParts, newest: EpochCounts, collection: int) -> tuple[Pool, CategoryPool | None]:
    """The global pool of the newest epoch, and the categories' where the catalogue has any."""
    evidence = gather(newest, parts.earlier, parts.rules)
    likely = posterior(evidence, [entry.item for entry in parts.base.items])
    pool = make_pool(parts, evidence, likely, collection)
    if not any(parts.categories):
        return pool, None
    return pool, make_category_pool(parts.base, likely, parts.rules, parts.categories, newest.epoch, parts.unavailable)


def make_pool(parts: PoolParts, evidence: Evidence, likely: Float64, collection: int) -> Pool:
    """The global pool. `likely` float64[d]: posterior mean reports of each item."""
    rules = parts.rules
    hidden = parts.unavailable.union(rules.banned)
    fresh = [item for item in parts.new_items if item not in hidden]
    room = min(rules.new_room, len(fresh), rules.size - 1)
    newcomers = _in_turn(fresh, room, evidence.epoch)
    kept_out = hidden.union(newcomers)
    wanted = wanted_items(evidence, rules)
    desired = [
        item for item in ranked(evidence, likely, wanted, [entry.item for entry in parts.base.items]) if item not in kept_out
    ]
    desired = spread_categories(desired, parts.categories, rules, rules.size - room)
    before = [entry.item for entry in parts.previous.items[: rules.size]]  # a base pool is longer
    order = cap_rank_change(desired, before, rules.rank_change_most, rules.size - room, kept_out)
    items = [_entry(item, "wanted" if item in wanted else "prior", evidence) for item in order]
    items += [_entry(item, "wanted" if item in wanted else "new", evidence) for item in newcomers]
    return Pool(
        shop=parts.base.shop, demo=parts.base.demo, epoch=evidence.epoch, collection=collection, reports=evidence.reports,
        confidence=evidence.confidence, smoothed=evidence.terms, base=parts.base_sha256, previous=parts.previous_sha256,
        left_out=tuple(sorted(hidden)), items=tuple(items),
    )  # fmt: skip


def wanted_items(evidence: Evidence, rules: PoolRules) -> frozenset[int]:
    """Items whose published lower bound is above the threshold. NONE has no position here."""
    return frozenset((np.flatnonzero(evidence.low > rules.threshold_reports) + 1).tolist())


def ranked(evidence: Evidence, likely: Float64, wanted: Collection[int], base_order: Sequence[int]) -> list[int]:
    """Items of the base pool and wanted ones, best first."""
    stood = {item: rank for rank, item in reversed(list(enumerate(base_order)))}
    beyond = len(base_order)

    def key(item: int) -> tuple[float, int, int]:
        if item > len(evidence):  # newer than the collection's domain: nobody could report it
            return 0.0, stood.get(item, beyond), item
        score = evidence.counts[item - 1] if item in wanted else likely[item - 1]
        return -float(score), stood.get(item, beyond), item

    return sorted({*base_order, *wanted}, key=key)


def spread_categories(order: Sequence[int], categories: Sequence[int], rules: PoolRules, size: int) -> list[int]:
    """The same items; those beyond a category's share of the first `size` places go last. Category 0 has no bound."""
    most = max(1, math.floor(rules.category_share_most * size))
    taken: dict[int, int] = {}
    front: list[int] = []
    back: list[int] = []
    for item in order:
        category = categories[item - 1] if item <= len(categories) else 0
        taken[category] = taken.get(category, 0) + 1
        (back if category and taken[category] > most else front).append(item)
    return front + back


def _in_turn(items: Sequence[int], room: int, epoch: int) -> list[int]:
    """`room` of the items, another group in each epoch."""
    start = epoch * room % len(items) if items else 0
    return [items[(start + step) % len(items)] for step in range(room)]


def _entry(item: int, reason: str, evidence: Evidence) -> PoolItem:
    if item > len(evidence):
        return PoolItem(item=item, reason="prior" if reason == "wanted" else reason)  # type: ignore[arg-type]
    at = item - 1
    count, low, high = (float(values[at]) for values in (evidence.counts, evidence.low, evidence.high))
    return PoolItem(item=item, reason=reason, count=count, low=low, high=high)  # type: ignore[arg-type]


def base_pool(shop: str, demo: bool, items: Sequence[int], rules: PoolRules | None = None) -> Pool:
    """The pool from the training log, most wanted first: in force until the first private pool, then what counts reorder."""
    used = rules or PoolRules()
    entries = tuple(PoolItem(item=item, reason="prior") for item in list(dict.fromkeys(items))[: used.size * used.base_room])
    return Pool(shop=shop, demo=demo, epoch=0, collection=0, reports=0, confidence=0.5, items=entries)
