"""No item moves further than a fixed number of places in an epoch: this bounds what fakes can do."""

from __future__ import annotations

from collections.abc import Collection, Sequence


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
    wanted = set(desired)
    leftover = [item for item in previous if item not in wanted]
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
