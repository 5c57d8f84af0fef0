"""A model without anybody's sessions: made from the catalogue's attributes and from private counts of categories.

Sessions are made up: a shopper begins in a category drawn by the counts, mostly stays in it, and goes to an item whose price is
near that of the one before. The usual training then learns from them what it learns from a log, so that file, spec and kernel are
the same. What this cannot know is which of two items of like category and price is wanted; evaluation beside the others shows
what it is worth.
"""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from contracts.record import Record
from edge_model.errors import LogRefused
from edge_model.session_log import VIEW_ITEM_CODE, LogReport, SessionLog

SOURCE = "catalogue attributes and private category counts, no sessions"


class Shopper(Record):
    """How made-up shoppers walk. No log is asked; these are round numbers, stated in the card."""

    sessions: int = Field(default=40_000, ge=10)
    mean_length: float = Field(default=5.0, ge=2, description="views; a geometric number of them")
    stay: float = Field(default=0.85, ge=0, le=1, description="chance that the next view is in the same category")
    again: float = Field(default=0.15, ge=0, le=1, description="chance that it is an item of the session so far")
    price_spread: float = Field(default=0.3, gt=0, description="standard deviation of the next item's log price")
    seed: int = 19


def made_up_log(log: SessionLog, counts: NDArray[np.float64] | None, shopper: Shopper | None = None) -> SessionLog:
    """Train sessions that are made up, with the test sessions, catalogue and split of `log`; none of its train sessions is read.

    `counts` [K + 1]: how often each category is wanted, as private reports estimate it (negative estimates count as 0); None:
    every item alike. Raises `LogRefused` where the catalogue has no categories.
    """
    shopper = shopper or Shopper()
    if log.item_category is None or not (log.item_category[1:] > 0).any():
        raise LogRefused(f"{log.name}: a model without logs needs the items' categories, and there are none; import a catalogue.")
    walk = _Walk(log.item_category, log.price_minor, counts, shopper)
    sessions = [walk.session() for _ in range(shopper.sessions)]
    begin = int(log.offsets[log.train_count])
    views = log.event_types[begin:] == VIEW_ITEM_CODE  # the made-up sessions are views alone, so the spec reads views alone
    before = np.concatenate([[0], np.cumsum(views)])
    test_offsets = before[log.offsets[log.train_count :] - begin]
    lengths = np.concatenate([[len(session) for session in sessions], np.diff(test_offsets)])
    items = np.concatenate([*sessions, log.items[begin:][views]]).astype(np.int32)
    return replace(
        log,
        name=f"{log.name}, no logs",
        items=items,
        event_types=np.full(len(items), VIEW_ITEM_CODE, np.uint8),
        dwell_ms=np.zeros(len(items), np.int32),
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        train_count=len(sessions),
        simulated=True,
        report=LogReport(log.report.source, len(items), log.report.split, notes=(f"Train sessions are made up from {SOURCE}.",)),
    )


class _Walk:
    """Draws sessions."""

    def __init__(
        self, category: NDArray[np.int32], price: NDArray[np.int64] | None, counts: NDArray[np.float64] | None, shopper: Shopper
    ) -> None:
        self.shopper, self.rng = shopper, np.random.default_rng(shopper.seed)
        self.category = category
        self.log_price = np.zeros(len(category)) if price is None else np.log(np.maximum(price, 1).astype(np.float64))
        known = np.flatnonzero(category > 0)
        order = known[np.lexsort((self.log_price[known], category[known]))]
        edges = np.searchsorted(category[order], np.arange(int(category.max()) + 2))
        self.members = [order[a:b] for a, b in itertools.pairwise(edges)]  # by price, dearest last
        weight = np.array([len(members) for members in self.members], np.float64)
        if counts is not None:
            weight = np.where(weight > 0, np.maximum(counts[: len(weight)], 0), 0) + 1e-9 * (weight > 0)
        self.share = np.cumsum(weight / weight.sum())

    def session(self) -> list[int]:
        """Two or more items."""
        shopper, length = self.shopper, 1 + self.rng.geometric(1 / (self.shopper.mean_length - 1))
        items = [self.near(self.draw_category(), None)]
        while len(items) < length:
            chance = self.rng.random()
            if chance < shopper.again:
                items.append(items[self.rng.integers(len(items))])
                continue
            stays = self.rng.random() < shopper.stay
            place = int(self.category[items[-1]]) if stays else self.draw_category()
            items.append(self.near(place, items[-1] if stays else None))
        return items

    def draw_category(self) -> int:
        """By the counts."""
        at = int(np.searchsorted(self.share, self.rng.random(), side="right"))
        return min(at, len(self.share) - 1)

    def near(self, category: int, item: int | None) -> int:
        """An item of the category, of about the price of `item` if there is one."""
        members = self.members[category]
        if item is None:
            return int(members[self.rng.integers(len(members))])
        wanted = self.log_price[item] + self.rng.normal(0, self.shopper.price_spread)
        if self.log_price[members[0]] == self.log_price[members[-1]]:
            return int(members[self.rng.integers(len(members))])
        first, last = np.searchsorted(self.log_price[members], [wanted - 0.05, wanted + 0.05])
        return int(members[min(self.rng.integers(first, max(last, first + 1)), len(members) - 1)])
