"""Item to item: items that share sessions (Sarwar et al., WWW 2001; Linden et al., IEEE Internet Computing 2003)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_model.baselines.ranker import dense, seen_items, spans
from edge_model.baselines.session_index import SessionIndex
from edge_model.instances import Instances, Int64
from edge_model.session_log import SessionLog
from edge_model.weights import Float32

DAMPING = 35.0
"""Added to the cosine's denominator, so that two sessions that happen to be shared say little."""
DECAY = 0.6
"""Weight of an item in the decayed session for each event that followed it."""
LONGEST = 200
"""Distinct items of one session that are paired with each other, its first ones: beyond stand robots, whose pairs are squares."""


class ItemKnn:
    """Sum over the prefix's items of decay^back * cosine of their session sets, damped; `decay` 0 is the last item alone.

    cosine(i, j) = |S_i and S_j| / (sqrt(|S_i| |S_j|) + DAMPING), and 0 for i = j.
    """

    def __init__(self, log: SessionLog, decay: float = 0.0) -> None:
        self.log, self.decay = log, decay
        self.begin, self.other, self.cosine = _cosines(SessionIndex(log))

    def score(self, wanted: Instances) -> Float32:
        """Sums of damped cosines; what shares no session scores 0."""
        seen = seen_items(self.log, wanted)
        weight = np.where(seen.back == 0, 1.0, self.decay**seen.back)
        used = weight > 1e-6
        begin = self.begin[seen.item[used]]
        at, owner = spans(begin, self.begin[seen.item[used] + 1] - begin)
        value = self.cosine[at] * weight[used][owner]
        return dense(len(wanted), self.log.item_count, seen.row[used][owner], self.other[at], value)


def decayed_item_knn(log: SessionLog) -> ItemKnn:
    """Item-kNN on the whole session, newest items first."""
    return ItemKnn(log, DECAY)


def _cosines(index: SessionIndex) -> tuple[Int64, Int64, NDArray[np.float64]]:
    """Row i of the sparse matrix: items `other[begin[i] : begin[i + 1]]` and their cosines with i."""
    size = np.minimum(index.size, LONGEST)
    left, session = spans(index.by_session[:-1], size)
    right, owner = spans(index.by_session[session], size[session])
    pair = index.item[left][owner].astype(np.int64) * (index.items + 1) + index.item[right]
    pairs, together = np.unique(pair, return_counts=True)
    i, j = np.divmod(pairs, index.items + 1)
    cosine = together / (np.sqrt(index.frequency[i].astype(np.float64) * index.frequency[j]) + DAMPING)
    cosine[i == j] = 0
    return np.searchsorted(i, np.arange(index.items + 2)), j, cosine
