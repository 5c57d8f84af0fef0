"""A session log as numpy columns: what loaders return, training reads and simulators produce."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from contracts import Event, EventType
from edge_model.errors import LogRefused
from edge_model.features import EVENT_TYPES

INT32_MOST = 2**31 - 1
VIEW_ITEM_CODE = EVENT_TYPES.index(EventType.VIEW_ITEM)


@dataclass(frozen=True)
class LogReport:
    """What a loader did with the file, in words that a person reads."""

    source: str
    """File name, or the name of the simulation."""
    rows_read: int
    """Events in the source."""
    split: str
    """How train and test were divided."""
    dropped: tuple[tuple[str, int], ...] = ()
    """(why, how many), each with its unit in the text."""
    notes: tuple[str, ...] = ()
    """What was assumed or changed besides."""

    def lines(self) -> list[str]:
        """One sentence a line."""
        dropped = [f"Dropped {count:,} {why}." for why, count in self.dropped if count]
        return [f"{self.source}: {self.rows_read:,} events read; split: {self.split}.", *dropped, *self.notes]


@dataclass(frozen=True)
class SessionLog:
    """Sessions in time order; the first `train_count` are for training, the rest for testing.

    Session i is events [offsets[i], offsets[i + 1]). Items are catalogue indices from 1.
    """

    name: str
    items: NDArray[np.int32]
    event_types: NDArray[np.uint8]
    """Codes: positions in `features.EVENT_TYPES`."""
    dwell_ms: NDArray[np.int32]
    """Visible time until the next event; all 0 where the source does not say."""
    offsets: NDArray[np.int64]
    train_count: int
    skus: tuple[str, ...]
    """SKU of item i at position i - 1."""
    report: LogReport
    min_prefix: int = 1
    """Shortest prefix that is a test instance."""
    simulated: bool = False
    item_category: NDArray[np.int32] | None = None
    """int32[items + 1], 0 = unknown; None where the source has no categories."""
    category_names: tuple[str, ...] = ()
    """Name of category i at position i - 1; empty where the source has numbers only."""
    price_minor: NDArray[np.int64] | None = field(default=None)
    """int64[items + 1], price in the currency's minor unit; None where the source has none."""

    @property
    def item_count(self) -> int:
        """Highest catalogue index."""
        return len(self.skus)

    @property
    def session_count(self) -> int:
        """Train and test sessions."""
        return len(self.offsets) - 1

    @property
    def test_count(self) -> int:
        """Test sessions."""
        return self.session_count - self.train_count

    @property
    def has_dwell(self) -> bool:
        """Whether dwell carries anything."""
        return bool(np.any(self.dwell_ms > 0))

    @property
    def kinds(self) -> tuple[EventType, ...]:
        """Event types that occur, in the order of `EVENT_TYPES`."""
        return tuple(EVENT_TYPES[code] for code in np.unique(self.event_types))

    def train_events(self) -> int:
        """Number of events in train sessions."""
        return int(self.offsets[self.train_count])

    def session(self, index: int) -> tuple[Event, ...]:
        """One session as contract events; times are sums of dwell, since logs keep order only."""
        begin, end = self.offsets[index], self.offsets[index + 1]
        dwell = self.dwell_ms[begin:end].astype(np.int64)
        times = np.cumsum(dwell) - dwell
        return tuple(
            Event(type=EVENT_TYPES[code], item=int(item), time_ms=int(time), dwell_ms=int(stay))
            for code, item, time, stay in zip(self.event_types[begin:end], self.items[begin:end], times, dwell, strict=True)
        )

    def check(self) -> SessionLog:
        """Itself, or `LogRefused` where nothing can be learnt from it."""
        if self.session_count == 0 or len(self.items) == 0:
            raise LogRefused(f"{self.name}: no session with at least two events is left; give a log with longer sessions.")
        if len(np.unique(self.items)) < 2:
            raise LogRefused(
                f"{self.name}: all events are of one item, so there is nothing to rank; give a log with two or more."
            )
        if self.train_count < 1 or self.test_count < 1:
            raise LogRefused(
                f"{self.name}: {self.train_count} train and {self.test_count} test sessions; each part needs at least one "
                "session of two events or more."
            )
        return self


@dataclass(frozen=True)
class RawSessions:
    """Columns before cleaning; `restrict` brings them to the invariants of `SessionLog`."""

    items: NDArray[np.int32]
    event_types: NDArray[np.uint8]
    dwell_ms: NDArray[np.int32]
    offsets: NDArray[np.int64]
    train_count: int

    def restrict(self, keep: NDArray[np.bool_], least: int = 2) -> tuple[RawSessions, int]:
        """Only the events that `keep` marks, and of the sessions those with `least` events left; with the number dropped."""
        before = np.concatenate([[0], np.cumsum(keep)])
        lengths = np.diff(before[self.offsets])
        long_enough = lengths >= least
        event_session = np.repeat(np.arange(len(lengths)), np.diff(self.offsets))
        mask = keep & long_enough[event_session]
        cleaned = RawSessions(
            items=self.items[mask],
            event_types=self.event_types[mask],
            dwell_ms=self.dwell_ms[mask],
            offsets=np.concatenate([[0], np.cumsum(lengths[long_enough])]).astype(np.int64),
            train_count=int(long_enough[: self.train_count].sum()),
        )
        return cleaned, int((~long_enough).sum())
