"""Session-kNN: sessions that share items with this one vote for theirs.

The family of V-SKNN (Ludewig & Jannach, UMUAI 2018), STAN (Garg et al., SIGIR 2019), VSTAN (Ludewig et al., UMUAI 2021) and
VMIS-kNN (Kersbergen et al., SIGMOD 2022), as one formula whose exponents are settings. For a prefix with distinct items i, last
seen b_i events before its end, a train session s of n_s distinct items, and idf_i = ln(1 + sessions / sessions with i) over the
mean of that:

    sim(s)   = exp(-age * a_s) * n_s^-norm * sum over shared i of decay^b_i * idf_i^idf        a_s: 0 newest .. 1 oldest
    neighbours: of each item only the newest `sample` sessions are looked at, and the `neighbours` with the highest sim stay
    vote(j)  = sum over neighbours s with j of sim(s) * late^(b of the newest shared item) * near^(|d| - 1) * (behind if d < 0)
    score(j) = vote(j) * idf_j^idf_vote * (last if j is the prefix's last item, else seen if it occurs in the prefix)

where d is how many events after the newest shared item j stands in s. A session is never its own neighbour, so that prefixes of
train sessions can be scored too (a student learns from these scores).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from contracts.record import Record
from edge_model.baselines.ranker import Seen, dense, seen_items, spans
from edge_model.baselines.session_index import SessionIndex
from edge_model.features import Int32
from edge_model.instances import Instances, Int64
from edge_model.session_log import SessionLog
from edge_model.weights import Float32

FAR = 64
"""Distances beyond it weigh like it."""
ROWS_MOST = 2**16
"""Instances at once: their numbers are sorted as 16 bits."""


class KnnSettings(Record):
    """Exponents of the formula above. The defaults are what two real shops agreed on; `tuned` fits them to a log."""

    length: int = Field(default=20, ge=1, le=FAR, description="newest events of the prefix that are looked at")
    sample: int = Field(default=100, ge=1, description="newest sessions of each item")
    neighbours: int = Field(default=1000, ge=1)
    decay: float = Field(default=0.6, gt=0, le=1)
    idf: float = Field(default=1.0, ge=0)
    norm: float = Field(default=0.25, ge=0)
    age: float = Field(default=0.5, ge=0)
    late: float = Field(default=0.7, gt=0, le=1)
    near: float = Field(default=0.9, gt=0, le=1)
    behind: float = Field(default=0.5, ge=0)
    idf_vote: float = Field(default=1.0, ge=0)
    seen: float = Field(default=4.0, ge=0)
    last: float = Field(default=1.0, ge=0)


class Neighbours:
    """Neighbour n of prefix `row[n]` is train session `session[n]` with `sim[n]`; the newest shared item was `back[n]` events
    before the prefix's end and stands at `place[n]` in the neighbour."""

    def __init__(self, row: Int64, session: Int64, sim: NDArray[np.float64], back: Int64, place: Int32) -> None:
        self.row, self.session, self.sim, self.back, self.place = row, session, sim, back, place

    def __getitem__(self, chosen: NDArray[np.generic]) -> Neighbours:
        return Neighbours(self.row[chosen], self.session[chosen], self.sim[chosen], self.back[chosen], self.place[chosen])


class SessionKnn:
    """The formula, for many prefixes at once."""

    def __init__(self, log: SessionLog, settings: KnnSettings | None = None, index: SessionIndex | None = None) -> None:
        """`index` saves making it again while settings are tried."""
        self.log, self.settings = log, settings or KnnSettings()
        self.index = index or SessionIndex(log)
        idf = np.log1p(self.index.sessions / np.maximum(self.index.frequency, 1))
        self.idf = idf / idf[self.index.frequency > 0].mean()

    def score(self, wanted: Instances) -> Float32:
        """Votes; what no neighbour holds scores 0."""
        if len(wanted) > ROWS_MOST:
            raise ValueError(f"got {len(wanted)} instances at once, want at most {ROWS_MOST}; use chunks()")
        seen = seen_items(self.log, wanted, self.settings.length)
        votes = self._votes(self._nearest(self._candidates(seen, wanted), len(wanted)), len(wanted))
        whole = seen_items(self.log, wanted)
        votes[whole.row, whole.item - 1] *= np.where(whole.back == 0, self.settings.last, self.settings.seen)
        return votes

    def _candidates(self, seen: Seen, wanted: Instances) -> Neighbours:
        """Every session that shares an item with a prefix, with its similarity, sorted by row and session."""
        index, its = self.index, self.settings
        size = np.minimum(index.frequency[seen.item], its.sample)
        at, owner = spans(index.by_item[seen.item + 1] - size, size)
        session, row, back = index.item_session[at], seen.row[owner], seen.back[owner]
        foreign = session != wanted.session[row]
        # Sorting the packed integers is several times faster than sorting by them; (row, back) tells the item again.
        packed = np.sort(((row * index.sessions + session) * FAR + back)[foreign])
        pair, back = np.divmod(packed, FAR)
        row, session = np.divmod(pair, index.sessions)
        item = np.zeros((len(wanted), FAR), np.int32)
        item[seen.row, seen.back] = seen.item
        item_at = item[row, back]
        weight = its.decay**back * (self.idf**its.idf)[item_at]
        first = np.flatnonzero(np.diff(pair, prepend=-1))  # of each pair: its newest shared item
        shared = np.add.reduceat(weight, first) if len(first) else np.zeros(0)
        row, session, back, item_at = row[first], session[first], back[first], item_at[first]
        oldness = (index.sessions - 1 - session) / index.sessions
        sim = shared * index.size[session].astype(np.float64) ** -its.norm * np.exp(-its.age * oldness)
        return Neighbours(row, session, sim, back, index.places(session, item_at))

    def _nearest(self, found: Neighbours, rows: int) -> Neighbours:
        """The `neighbours` best of each row; of equals the newer."""
        newest_first = np.arange(len(found.row))[::-1]
        by_sim = newest_first[np.argsort(-found.sim[newest_first], kind="stable")]
        ordered = found[by_sim[np.argsort(found.row[by_sim].astype(np.uint16), kind="stable")]]
        rank = np.arange(len(ordered.row)) - np.searchsorted(ordered.row, np.arange(rows))[ordered.row]
        return ordered[rank < self.settings.neighbours]

    def _votes(self, found: Neighbours, rows: int) -> Float32:
        index, its = self.index, self.settings
        at, owner = spans(index.by_session[found.session], index.size[found.session])
        distance = index.place[at] - found.place[owner]
        steps = np.maximum(np.abs(np.arange(-FAR, FAR + 1)) - 1, 0)
        by_distance = its.near**steps * np.where(np.arange(-FAR, FAR + 1) < 0, its.behind, 1.0)
        voice = found.sim * its.late**found.back
        item = index.item[at]
        value = voice[owner] * by_distance[np.clip(distance, -FAR, FAR) + FAR] * (self.idf**its.idf_vote)[item]
        return dense(rows, self.log.item_count, found.row[owner], item, value)
