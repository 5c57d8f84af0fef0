"""Which train session holds which item, and where."""

from __future__ import annotations

import numpy as np

from edge_model.features import Int32
from edge_model.instances import Int64
from edge_model.session_log import SessionLog


class SessionIndex:
    """Pairs (session, item) of the train sessions, each item once a session at its last position, in two orders.

    By session: `item`, `place` at `by_session[s]` .. `by_session[s + 1]`. By item, oldest session first: `item_session`,
    `item_place` at `by_item[i]` .. `by_item[i + 1]`. Places count events from the session's begin.
    """

    def __init__(self, log: SessionLog) -> None:
        lengths = np.diff(log.offsets[: log.train_count + 1])
        session = np.repeat(np.arange(log.train_count), lengths)
        items = log.items[: log.train_events()]
        # The same array backwards, so that `unique` finds the last occurrence first.
        self._pair, first = np.unique((session * (log.item_count + 1) + items)[::-1], return_index=True)
        kept = len(items) - 1 - first
        self.sessions, self.items = log.train_count, log.item_count
        self.session, self.item = session[kept], items[kept]
        self.place = (kept - log.offsets[self.session]).astype(np.int32)
        self.by_session = np.searchsorted(self.session, np.arange(log.train_count + 1))
        order = np.argsort(self.item, kind="stable")
        self.item_session, self.item_place = self.session[order], self.place[order]
        self.by_item = np.searchsorted(self.item[order], np.arange(log.item_count + 2))
        self.size = np.diff(self.by_session)
        """int64[sessions], distinct items of each."""
        self.frequency = np.diff(self.by_item)
        """int64[items + 1], sessions that hold each item."""

    def places(self, session: Int64, item: Int32) -> Int32:
        """Where in session n item n stands last; each session must hold its item."""
        found: Int32 = self.place[np.searchsorted(self._pair, session * (self.items + 1) + item)]
        return found
