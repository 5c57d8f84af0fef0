"""Simple methods that a model has to beat, in the same harness: fit on the train sessions, score all items for a prefix."""

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


def chunks(wanted: Instances, size: int = CHUNK) -> Iterator[Instances]:
    """The instances in order, `size` at a time."""
    for at in range(0, len(wanted), size):
        yield Instances(wanted.session[at : at + size], wanted.prefix[at : at + size], wanted.target[at : at + size])


@dataclass(frozen=True)
class Popularity:
    """How often an item occurs in the train sessions, whatever the prefix."""

    log: SessionLog

    def counts(self) -> Float32:
        """float32[items]."""
        return np.bincount(self.log.items[: self.log.train_events()], minlength=self.log.item_count + 1)[1:].astype(np.float32)

    def score(self, wanted: Instances) -> Float32:
        """The same scores for each instance."""
        return np.broadcast_to(self.counts(), (len(wanted), self.log.item_count))


@dataclass(frozen=True)
class SessionPopularity:
    """How often an item occurs in the prefix; popularity decides between equals and fills the rest."""

    log: SessionLog

    def score(self, wanted: Instances) -> Float32:
        """Counts in the prefix, plus popularity scaled below 1."""
        popular = Popularity(self.log).counts()
        scores = np.tile(popular / (popular.max() + 1), (len(wanted), 1)).astype(np.float32)
        for n, items in enumerate(prefixes(self.log, wanted)):
            np.add.at(scores[n], items - 1, 1)
        return scores


class SessionIndex:
    """Which train sessions hold which item, each item once a session, newest session last."""

    def __init__(self, log: SessionLog) -> None:
        lengths = np.diff(log.offsets[: log.train_count + 1])
        session = np.repeat(np.arange(log.train_count), lengths)
        pairs = np.unique(session * (log.item_count + 1) + log.items[: log.train_events()])
        self.items = log.item_count
        self.session, self.item = pairs // (log.item_count + 1), (pairs % (log.item_count + 1)).astype(np.int32)
        self.by_session = np.searchsorted(self.session, np.arange(log.train_count + 1))
        order = np.argsort(self.item, kind="stable")
        self.sessions_by_item = self.session[order]
        self.by_item = np.searchsorted(self.item[order], np.arange(log.item_count + 2))

    def sessions_of(self, item: int) -> Int64:
        """Train sessions with this item, oldest first."""
        return self.sessions_by_item[self.by_item[item] : self.by_item[item + 1]]

    def items_of(self, sessions: Int64) -> tuple[Int32, Int64]:
        """Distinct items of these sessions, one after the other, and for each the position of its session in `sessions`."""
        begin, size = self.by_session[sessions], np.diff(self.by_session)[sessions]
        owner = np.repeat(np.arange(len(sessions)), size)
        within = np.arange(int(size.sum())) - np.repeat(np.cumsum(size) - size, size)
        return self.item[begin[owner] + within], owner

    def frequency(self) -> Int64:
        """int64[items + 1], sessions that hold each item."""
        return np.diff(np.concatenate([self.by_item, [len(self.sessions_by_item)]]))[: self.items + 1].astype(np.int64)


class ItemKnn:
    """Items that share sessions with the last item of the prefix, by cosine of their session sets, damped for rare items."""

    DAMPING = 20.0

    def __init__(self, log: SessionLog) -> None:
        self.log, self.index = log, SessionIndex(log)

    def score(self, wanted: Instances) -> Float32:
        """Cosine of the last item with every other; the last item itself 0."""
        scores = np.zeros((len(wanted), self.log.item_count), np.float32)
        frequency = self.index.frequency().astype(np.float64)
        for n, items in enumerate(prefixes(self.log, wanted)):
            last = int(items[-1])
            found, _ = self.index.items_of(self.index.sessions_of(last))
            together = np.bincount(found, minlength=self.log.item_count + 1)
            scores[n] = (together / (np.sqrt(frequency * frequency[last]) + self.DAMPING))[1:]
            scores[n, last - 1] = 0
        return scores


class SessionKnn:
    """Vector-multiplication session-kNN (VMIS-kNN; Kersbergen et al., SIGMOD 2022, section 2), with fixed, untuned settings.

    The newest `SAMPLE` sessions of each item of the prefix are candidates; a session weighs the sum of the decayed positions of
    the items that it shares; the `NEIGHBOURS` heaviest vote for their items, by idf and how late the last shared item came.
    """

    SAMPLE, NEIGHBOURS, LENGTH = 500, 100, 9

    def __init__(self, log: SessionLog) -> None:
        self.log, self.index = log, SessionIndex(log)
        self.idf = np.log(log.train_count / np.maximum(self.index.frequency(), 1))

    def score(self, wanted: Instances) -> Float32:
        """Votes of the neighbours."""
        scores = np.zeros((len(wanted), self.log.item_count), np.float32)
        for n, items in enumerate(prefixes(self.log, wanted)):
            scores[n] = self._one(items[-self.LENGTH :])[1:]
        return scores

    def _one(self, items: Int32) -> NDArray[np.float64]:
        newest_first = list(dict.fromkeys(items[::-1].tolist()))
        decay = [(len(items) - at) / len(items) for at in range(len(newest_first))]
        lists = [self.index.sessions_of(item)[-self.SAMPLE :] for item in newest_first]
        sessions, where = np.unique(np.concatenate(lists), return_inverse=True)
        weight = np.bincount(where, np.repeat(decay, [len(found) for found in lists]), minlength=len(sessions))
        latest = np.zeros(len(sessions))
        np.maximum.at(latest, where, np.repeat(decay, [len(found) for found in lists]))
        best = np.lexsort((-sessions, -weight))[: self.NEIGHBOURS]
        found, owner = self.index.items_of(sessions[best])
        votes = np.bincount(found, (weight * latest)[best][owner], minlength=self.log.item_count + 1)
        return np.asarray(votes * self.idf, dtype=np.float64)


def prefixes(log: SessionLog, wanted: Instances) -> Iterator[Int32]:
    """Items of each prefix, oldest first."""
    for session, prefix in zip(wanted.session, wanted.prefix, strict=True):
        begin = log.offsets[session]
        yield log.items[begin : begin + prefix]


BASELINES: dict[str, Callable[[SessionLog], Ranker]] = {
    "popularity": Popularity,
    "session_popularity": SessionPopularity,
    "item_knn": ItemKnn,
    "session_knn": SessionKnn,
}
"""Name in records -> class, each made from the log."""
