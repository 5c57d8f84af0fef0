"""What every method of the evaluation is: something that scores all items after a prefix."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge_model.features import Int32
from edge_model.instances import Instances, Int64
from edge_model.session_log import SessionLog
from edge_model.weights import Float32

CHUNK = 256
"""Instances scored at once, so that the scores of all items fit in memory."""


class Ranker(Protocol):
    """Scores float32[n, items] of a few instances; column i is item i + 1."""

    def score(self, wanted: Instances) -> Float32:
        """Higher is better; -inf and NaN are allowed and never help."""


Maker = Callable[[SessionLog], Ranker]
"""Fits a method on the train sessions of a log."""


def chunks(wanted: Instances, size: int = CHUNK) -> Iterator[Instances]:
    """The instances in order, `size` at a time."""
    for at in range(0, len(wanted), size):
        yield Instances(wanted.session[at : at + size], wanted.prefix[at : at + size], wanted.target[at : at + size])


def spans(begin: Int64, size: Int64) -> tuple[Int64, Int64]:
    """Positions begin[n] .. begin[n] + size[n] - 1 for every n, one after the other, and the n that each belongs to."""
    owner = np.repeat(np.arange(len(size)), size)
    within = np.arange(int(size.sum())) - np.repeat(np.cumsum(size) - size, size)
    return begin[owner] + within, owner


@dataclass(frozen=True)
class Seen:
    """Distinct items of some prefixes, sorted by (row, item): item `item[k]` of prefix `row[k]`, last seen `back[k]` events
    before the prefix's end (0: its last event), in all `times[k]` times."""

    row: Int64
    item: Int32
    back: Int64
    times: Int64


def seen_items(log: SessionLog, wanted: Instances, most: int | None = None) -> Seen:
    """What the prefixes hold, of each only the last `most` events."""
    size = wanted.prefix if most is None else np.minimum(wanted.prefix, most)
    end = log.offsets[wanted.session] + wanted.prefix
    at, row = spans(end - size, size)
    key = row * (log.item_count + 1) + log.items[at]
    newest_first = np.argsort(-at, kind="stable")  # so that `unique` keeps the last occurrence
    _, first, times = np.unique(key[newest_first], return_index=True, return_counts=True)
    kept = newest_first[first]
    return Seen(row[kept], log.items[at[kept]], (end[row] - 1 - at)[kept], times)


def dense(rows: int, items: int, row: Int64, item: NDArray[np.integer], value: NDArray[np.float64]) -> Float32:
    """float32[rows, items]: sums of `value` at (row, item), 0 elsewhere; items count from 1."""
    flat = np.bincount(row * items + item - 1, value, minlength=rows * items)
    return flat.reshape(rows, items).astype(np.float32)
