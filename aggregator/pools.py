"""Pools: from a private estimate to an ordered list of candidates. Pure: equal inputs give equal bytes.

Each count comes with Wilson's score interval (1927; formula and correction in `privacy.accounting.score`), whose ends each hold
with the one-sided confidence 1 - f/d. An item is *wanted* when its lower end is above the threshold, so at most f of the d items
are expected to enter though nobody wanted them.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pydantic import Field

from contracts import POOL_DECIMALS, Pool, PoolItem, Record
from privacy.accounting.score import ScoreInterval, Support, score_interval


class PoolRules(Record):
    """How a pool is made."""

    size: int = Field(default=500, ge=1, description="most items of a pool")
    threshold_reports: float = Field(default=0.0, ge=0, description="the lower bound must be above it")
    false_entries: float = Field(default=0.5, gt=0, description="f: items expected to enter though nobody wanted them")
    rank_change_most: int = Field(
        default=100, ge=1, description="places that an item may move in an epoch: bounds what fakes can do"
    )
    new_room: int = Field(default=10, ge=0, description="last places, kept for items that the model has never seen, in turn")


@dataclass(frozen=True)
class Counts:
    """Estimated reports of items 1..d (position 0 is item 1), and what their intervals follow from."""

    counts: Sequence[float]
    support: Support
    reports: int


def confidence_of(domain_size: int, false_entries: float) -> float:
    """1 - f/d, kept within [0.5, 1 - 1e-12]."""
    return min(max(1.0 - false_entries / domain_size, 0.5), 1.0 - 1e-12)


def make_pool(
    base: Pool, previous: Pool, counts: Counts, rules: PoolRules, epoch: int, collection: int, new_items: Sequence[int] = ()
) -> Pool:
    """The pool of `epoch`. `previous` is the one in force, the base pool at first; `new_items` are catalogue indices."""
    confidence = confidence_of(len(counts.counts), rules.false_entries)
    interval = score_interval(counts.support, counts.reports, confidence)
    room = min(rules.new_room, len(new_items), rules.size - 1)
    newcomers = _in_turn(new_items, room, epoch)
    wanted = _wanted(counts, interval, rules.threshold_reports)
    kept_out = set(newcomers)
    desired = [item for item in _once([*wanted, *(entry.item for entry in base.items)]) if item not in kept_out]
    before = [entry.item for entry in previous.items]
    order = cap_rank_change(desired, before, rules.rank_change_most, rules.size - room, kept_out)
    fronted = set(wanted)
    items = [_entry(item, "wanted" if item in fronted else "prior", counts, interval) for item in order]
    items += [_entry(item, "wanted" if item in fronted else "new", counts, interval) for item in newcomers]
    return Pool(
        shop=base.shop, demo=base.demo, epoch=epoch, collection=collection, reports=counts.reports,
        confidence=confidence, items=tuple(items),
    )  # fmt: skip


def _wanted(counts: Counts, interval: ScoreInterval, threshold: float) -> list[int]:
    """Items whose published lower bound is above the threshold, most reports first, then by index. NONE has no position here."""
    found = [
        (-_rounded(count), item)
        for item, count in enumerate(counts.counts, start=1)
        if _rounded(interval.around(count)[0]) > threshold
    ]
    return [item for _, item in sorted(found)]


def _once(items: Sequence[int]) -> list[int]:
    return list(dict.fromkeys(items))


def _in_turn(items: Sequence[int], room: int, epoch: int) -> list[int]:
    """`room` of the items, another group in each epoch."""
    start = epoch * room % len(items) if items else 0
    return [items[(start + step) % len(items)] for step in range(room)]


def cap_rank_change(
    desired: Sequence[int], previous: Sequence[int], most: int, size: int, kept_out: Collection[int] = ()
) -> list[int]:
    """The first `size` items, near `desired`, none more than `most` places from where it stood in `previous`.

    Items that are `kept_out` are left out wherever they stood.
    An item that was absent stood just behind the last. Greedy by position p: the item that may wait no longer (it stood at
    p - most) goes first; else the best desired one that may stand so far ahead. Deadlines are distinct, so all are met. Items of
    `previous` that nobody desires any more leave once their deadline is beyond the end.
    """
    stood = {item: rank for rank, item in enumerate(previous)}
    leftover = [item for item in previous if item not in set(desired)]
    queue = [*desired, *leftover]
    placed = set(kept_out)
    order: list[int] = []
    for position in range(min(size, len(queue))):
        overdue = previous[position - most] if most <= position < len(previous) + most else None
        chosen = overdue if overdue is not None and overdue not in placed else None
        if chosen is None:
            chosen = next((i for i in queue if i not in placed and stood.get(i, len(previous)) - most <= position), None)
        if chosen is None:
            break
        placed.add(chosen)
        order.append(chosen)
    return order


def _entry(item: int, reason: str, counts: Counts, interval: ScoreInterval) -> PoolItem:
    if item > len(counts.counts):  # an item that came after the collection's domain was fixed: nobody could report it
        return PoolItem(item=item, reason="prior" if reason == "wanted" else reason)  # type: ignore[arg-type]
    count = counts.counts[item - 1]
    low, high = interval.around(count)
    return PoolItem(item=item, reason=reason, count=_rounded(count), low=_rounded(low), high=_rounded(high))  # type: ignore[arg-type]


def _rounded(value: float) -> float:
    """Without a negative zero, which would be other bytes."""
    assert math.isfinite(value)
    return round(value, POOL_DECIMALS) + 0.0


def base_pool(shop: str, demo: bool, items: Sequence[int], rules: PoolRules | None = None) -> Pool:
    """The pool from the training log, most wanted first: in force until the first private pool."""
    size = (rules or PoolRules()).size
    entries = tuple(PoolItem(item=item, reason="prior") for item in _once(items)[:size])
    return Pool(shop=shop, demo=demo, epoch=0, collection=0, reports=0, confidence=0.5, items=entries)
