"""The Python half of the feature spec: events (and facts, in version 2) in, the integers of the session model out.

`encode` is the definition; `browser_runtime` holds its twin in TypeScript, and both replay `contracts/vectors/v1/features.json`.
`encode_many` is the same for many prefixes at once, and a test compares the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contracts import DwellBucketInput, Event, EventTypeInput, Fact, FeatureSpec, ItemInput, SignalInput
from edge_model.errors import FeatureError
from edge_model.signals import EVENT_TYPES, Int32, LogEvents, levels, levels_of_log, time_line


def encode(spec: FeatureSpec, events: Sequence[Event], facts: Sequence[Fact] = ()) -> dict[str, Int32]:
    """Inputs of the model by name, each int32[T], oldest event first, 0 <= T <= `spec.length`.

    Events whose type the spec does not list are dropped, of the rest the last `length` are kept. T is 0 where none is left;
    the model needs T >= 1, so callers then show the pool's order. Events and facts stand in order of time.
    """
    kept = [event for event in events if event.type in spec.event_types][-spec.length :]
    entries = time_line(spec, events, facts) if spec.signals else []
    encoded: dict[str, Int32] = {}
    for part in spec.inputs:
        match part:
            case ItemInput():
                values = [event.item if event.item <= part.items else 0 for event in kept]
            case EventTypeInput():
                values = [part.values.index(event.type) for event in kept]
            case DwellBucketInput():
                values = [sum(event.dwell_ms >= edge for edge in part.edges_ms) for event in kept]
                values[-1:] = [0] * bool(kept)  # the last event's dwell is not known yet
            case SignalInput():
                values = levels(spec, part, entries)[-spec.length :]
        encoded[part.name] = np.array(values, dtype=np.int32)
    return encoded


@dataclass(frozen=True)
class Columns:
    """Events of many sessions side by side, already restricted to the spec's event types."""

    inputs: dict[str, Int32]
    """By input name, int32[E]; signals know what each event knew, `dwell_bucket` is of every event, as if none were the last."""
    offsets: NDArray[np.int64]
    """int64[S + 1]: session i is [offsets[i], offsets[i + 1])."""


def columns(
    spec: FeatureSpec, items: Int32, event_types: NDArray[np.uint8], dwell_ms: Int32, offsets: NDArray[np.int64]
) -> Columns:
    """Encode every event of a log once; prefixes are then cut out by position. `event_types` holds codes of `EVENT_TYPES`."""
    wanted = np.array([kind in spec.event_types for kind in EVENT_TYPES])[event_types]
    before = np.concatenate([[0], np.cumsum(wanted)])
    whole = LogEvents(items, event_types, dwell_ms, offsets)
    items, event_types, dwell_ms = items[wanted], event_types[wanted], dwell_ms[wanted]
    inputs: dict[str, Int32] = {}
    for part in spec.inputs:
        match part:
            case ItemInput():
                inputs["item"] = np.where(items <= part.items, items, 0).astype(np.int32)
            case EventTypeInput():
                position = [part.values.index(kind) if kind in part.values else 0 for kind in EVENT_TYPES]
                inputs["event_type"] = np.array(position, dtype=np.int32)[event_types]
            case DwellBucketInput():
                inputs["dwell_bucket"] = np.searchsorted(np.array(part.edges_ms), dwell_ms, side="right").astype(np.int32)
            case SignalInput():
                inputs[part.name] = levels_of_log(spec, part, whole)
    return Columns(inputs=inputs, offsets=before[offsets].astype(np.int64))


def encode_many(
    spec: FeatureSpec, encoded: Columns, sessions: NDArray[np.int64], prefixes: NDArray[np.int64]
) -> tuple[dict[str, Int32], NDArray[np.int64]]:
    """Prefix `prefixes[n]` (in events of the spec's types, >= 1) of session `sessions[n]`, for every n.

    Returns inputs of shape [N, length], right of the events filled with 0, and the lengths int64[N].
    """
    ends = encoded.offsets[sessions] + prefixes
    if np.any(prefixes < 1) or np.any(ends > encoded.offsets[sessions + 1]):
        raise FeatureError("a prefix is empty or longer than its session; prefixes count events of the spec's types, from 1")
    lengths = np.minimum(prefixes, spec.length)
    steps = np.arange(spec.length)
    inside = steps < lengths[:, None]  # [N, L]
    positions = np.where(inside, (ends - lengths)[:, None] + steps, 0)
    batch = {name: np.where(inside, column[positions], 0).astype(np.int32) for name, column in encoded.inputs.items()}
    if "dwell_bucket" in batch:
        batch["dwell_bucket"][np.arange(len(lengths)), lengths - 1] = 0
    return batch, lengths


__all__ = ["EVENT_TYPES", "Columns", "Int32", "columns", "encode", "encode_many"]
