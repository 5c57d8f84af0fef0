"""What a shop has without sessions: counts of items, over all time, of late, in a category, in the session itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_model.baselines.ranker import seen_items
from edge_model.instances import Instances
from edge_model.session_log import SessionLog
from edge_model.weights import Float32

RECENT_SHARE = 0.05
"""Share of the train sessions, the newest, that `recent_popularity` counts: days on a log of months."""


def train_counts(log: SessionLog, share: float = 1.0) -> Float32:
    """float32[items]: how often each item occurs in the newest `share` of the train sessions."""
    first = log.train_count - max(1, round(log.train_count * share))
    counts = np.bincount(log.items[log.offsets[first] : log.train_events()], minlength=log.item_count + 1)
    seen: Float32 = counts[1:].astype(np.float32)
    return seen


def below_one(counts: Float32) -> Float32:
    """`counts` scaled into [0, 1), to decide between equals and to fill the rest of a list."""
    scaled: Float32 = (counts / (counts.max() + 1)).astype(np.float32)
    return scaled


@dataclass(frozen=True)
class Popularity:
    """How often an item occurs in the newest `share` of the train sessions, whatever the prefix."""

    log: SessionLog
    share: float = 1.0

    def score(self, wanted: Instances) -> Float32:
        """The same scores for each instance."""
        return np.broadcast_to(train_counts(self.log, self.share), (len(wanted), self.log.item_count))


def recent_popularity(log: SessionLog) -> Popularity:
    """Popularity of late."""
    return Popularity(log, RECENT_SHARE)


class CategoryPopularity:
    """Popularity among the items of the last item's category; then all others, by popularity."""

    def __init__(self, log: SessionLog) -> None:
        assert log.item_category is not None, "only logs with categories have this baseline"
        self.log, self.category = log, log.item_category
        self.counts = train_counts(log)

    def score(self, wanted: Instances) -> Float32:
        """Count + 1 inside the category, a share of one outside; an unknown category is none."""
        last = self.log.items[self.log.offsets[wanted.session] + wanted.prefix - 1]
        own = self.category[last]
        same = (self.category[1:] == own[:, None]) & (own > 0)[:, None]  # [n, items]
        scores: Float32 = np.where(same, self.counts + 1, below_one(self.counts)).astype(np.float32)
        return scores


@dataclass(frozen=True)
class SessionPopularity:
    """How often an item occurs in the prefix; popularity decides between equals and fills the rest."""

    log: SessionLog

    def score(self, wanted: Instances) -> Float32:
        """Counts in the prefix, plus popularity scaled below 1."""
        scores = np.tile(below_one(train_counts(self.log)), (len(wanted), 1))
        seen = seen_items(self.log, wanted)
        scores[seen.row, seen.item - 1] += seen.times
        return scores
