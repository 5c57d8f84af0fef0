"""Signals of a feature spec of version 2: windows, decay, ratios and buckets, for one session and for a whole log.

`levels` is the definition (`browser_runtime/src/signals.ts` is its twin); `levels_of_log` gives the same integers for every event
of a log at once, by walking back over the entries of all events together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contracts import Event, EventType, Fact, FeatureSpec, Series, SignalInput

Int32 = NDArray[np.int32]
EVENT_TYPES: tuple[EventType, ...] = tuple(EventType)
"""Codes of `SessionLog.event_types`: positions in this tuple, inside one process only."""


@dataclass(frozen=True)
class Entry:
    """An event or a fact on the session's time line."""

    what: Event | Fact
    step: int
    """Position in the sequence of the first event of the sequence at or after it."""


def time_line(spec: FeatureSpec, events: Sequence[Event], facts: Sequence[Fact]) -> list[Entry]:
    """Events and facts by time, of equal time facts first; both must stand in order of time."""
    entries: list[Entry] = []
    step, waiting = 0, list(facts)
    for event in events:
        while waiting and waiting[0].time_ms <= event.time_ms:
            entries.append(Entry(waiting.pop(0), step))
        entries.append(Entry(event, step))
        step += event.type in spec.event_types
    return entries


def levels(spec: FeatureSpec, part: SignalInput, entries: Sequence[Entry]) -> list[int]:
    """Number of edges reached at each event of the sequence, oldest first."""
    found = []
    for at, entry in enumerate(entries):
        if isinstance(entry.what, Event) and entry.what.type in spec.event_types:
            value = decayed_sum(part, part.of, entries[: at + 1])
            if part.per is not None:
                below = decayed_sum(part, part.per, entries[: at + 1])
                value = value / below if below != 0 else 0.0
            found.append(sum(value >= edge for edge in part.edges))
    return found


def decayed_sum(part: SignalInput, series: Series, entries: Sequence[Entry]) -> float:
    """The sum at the last entry, in binary64, oldest entry first."""
    last, total = entries[-1], 0.0
    for before, entry in zip([None, *entries], entries, strict=False):
        if entry.step <= last.step - part.window:
            continue
        if before is not None and before.step != entry.step:
            total = total * part.decay
        if not series.same_item or entry.what.item == last.what.item:
            total = total + amount(series, entry.what, entry is last)
    return total


def amount(series: Series, what: Event | Fact, is_last: bool) -> int:
    """What one entry adds."""
    if isinstance(what, Fact):
        return 0 if what.kind.value != series.signal else what.percent if series.signal == "scroll" else 1
    if what.type not in series.types:
        return 0
    if series.signal == "event":
        return 1
    return what.dwell_ms if series.signal == "dwell_ms" and not is_last else 0


@dataclass(frozen=True)
class LogEvents:
    """All events of a log, which holds no facts: items, codes of `EVENT_TYPES`, dwell, and offsets of sessions."""

    items: Int32
    event_types: NDArray[np.uint8]
    dwell_ms: Int32
    offsets: NDArray[np.int64]


def levels_of_log(spec: FeatureSpec, part: SignalInput, log: LogEvents) -> Int32:
    """Level at each event of the log whose type is in the spec, int32; `levels` for every session, one after the other."""
    in_sequence = _codes_in(spec.event_types)[log.event_types]
    before = np.concatenate([[0], np.cumsum(in_sequence)])
    at = np.flatnonzero(in_sequence)
    value = _sums(part, part.of, log, before, at)
    if part.per is not None:
        below = _sums(part, part.per, log, before, at)
        value = np.divide(value, below, out=np.zeros_like(value), where=below != 0)
    found: Int32 = np.searchsorted(np.array(part.edges), value, side="right").astype(np.int32)
    return found


def _codes_in(types: tuple[EventType, ...]) -> NDArray[np.bool_]:
    return np.array([kind in types for kind in EVENT_TYPES])


def _sums(
    part: SignalInput, series: Series, log: LogEvents, before: NDArray[np.int64], at: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Sums at the events `at`; the step of entry e is before[e] over the whole log, since sessions only look into themselves."""
    counts = _codes_in(series.types)[log.event_types].astype(np.float64)
    amounts = counts if series.signal == "event" else counts * log.dwell_ms if series.signal == "dwell_ms" else counts * 0
    begin = log.offsets[np.searchsorted(log.offsets, at, side="right") - 1]
    # The first entry of each window: of the session, and of a step later than step(at) - window.
    first = np.maximum(begin, np.searchsorted(before[:-1], before[at] - part.window, side="right"))
    total = np.zeros(len(at))
    for back in range(int((at - first).max(initial=0)), -1, -1):
        active = np.flatnonzero(at - first >= back)
        entry = at[active] - back
        later = (entry > begin[active]) & (before[entry] != before[np.maximum(entry - 1, 0)])
        meant = amounts[entry]
        if series.same_item:
            meant = np.where(log.items[entry] == log.items[at[active]], meant, 0.0)
        if back == 0 and series.signal == "dwell_ms":
            meant = np.zeros_like(meant)
        total[active] = np.where(later, total[active] * part.decay, total[active]) + meant
    return total
