"""Feature spec: which integers the session model is fed, by one definition for both languages.

Version 1 has items, event types and dwell buckets. Version 2 adds signals: what happened in a window of the newest events,
decayed, as a sum or a ratio, in buckets. It is data, signed with the release: a new one needs no new bundle.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from contracts.event import EventType, FactKind
from contracts.record import Record


class ItemInput(Record):
    """Catalogue index of each event's item; 0 where the index is above `items`."""

    name: Literal["item"] = "item"
    items: int = Field(ge=1, description="highest catalogue index that the model knows")


class EventTypeInput(Record):
    """Position of the event's type in `values`, from 0."""

    name: Literal["event_type"] = "event_type"
    values: tuple[EventType, ...] = Field(min_length=1)


class DwellBucketInput(Record):
    """Number of `edges_ms` that dwell_ms reaches; 0 for the last event, whose dwell is not known yet."""

    name: Literal["dwell_bucket"] = "dwell_bucket"
    edges_ms: tuple[int, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _ascending(self) -> DwellBucketInput:
        if any(a >= b for a, b in zip(self.edges_ms, self.edges_ms[1:], strict=False)) or self.edges_ms[0] <= 0:
            raise ValueError("edges_ms must be positive and ascending")
        return self


class Series(Record):
    """Numbers along the session, one for each event or fact that is meant, 0 for all others.

    event: 1 · dwell_ms: the event's dwell, not known for the event that is being encoded · scroll: percent · impression, skip: 1
    """

    signal: Literal["event", "dwell_ms", "scroll", "impression", "skip"]
    types: tuple[EventType, ...] = Field(default=(), description="of events that are meant; of facts none")
    same_item: bool = Field(default=False, description="only what concerns the item of the event that is being encoded")

    @model_validator(mode="after")
    def _types_where_they_mean_something(self) -> Series:
        if (self.signal in ("event", "dwell_ms")) != bool(self.types):
            raise ValueError("types must name event types for the signals event and dwell_ms, and be empty for others")
        return self


class SignalInput(Record):
    """Number of `edges` that a decayed sum or a ratio of two such sums reaches, at each event.

    Entries (events of any type, and facts) stand in order of time, of equal time facts first. An entry belongs to the step of
    the first event of the sequence (`event_types`) at or after it. The sum at an event takes the entries of the newest `window`
    steps up to it, oldest first, in binary64: before an entry of a later step than the one before it, sum = sum * decay; then
    sum = sum + x. A ratio is sum / sum, 0 where the lower is 0. With +, * and / alone both languages get the same bits.
    """

    name: str = Field(pattern=r"^signal_[a-z0-9_]{1,40}$", description="of the model's input; no other input begins so")
    of: Series
    per: Series | None = Field(default=None, description="divide by the sum of this")
    window: int = Field(default=20, ge=1, le=256, description="steps, the encoded event's own included")
    decay: float = Field(default=1.0, gt=0, le=1, description="weight of each step in the next one")
    edges: tuple[float, ...] = Field(min_length=1, max_length=63)

    @model_validator(mode="after")
    def _ascending(self) -> SignalInput:
        if any(a >= b for a, b in zip(self.edges, self.edges[1:], strict=False)) or self.edges[0] <= 0:
            raise ValueError("edges must be positive and ascending")
        return self


VERSION_1 = ("item", "event_type", "dwell_bucket")


def _kind(value: Any) -> str:
    name = value.get("name") if isinstance(value, dict) else value.name
    return name if name in VERSION_1 else "signal"


FeatureInput = Annotated[
    Annotated[ItemInput, Tag("item")]
    | Annotated[EventTypeInput, Tag("event_type")]
    | Annotated[DwellBucketInput, Tag("dwell_bucket")]
    | Annotated[SignalInput, Tag("signal")],
    Discriminator(_kind),
]


class FeatureSpec(Record):
    """Inputs of the session model, each an int32 array of shape [T], 1 <= T <= `length`, oldest event first.

    Events whose type is not in `event_types` are dropped; of the rest the last `length` are kept.
    """

    version: Literal[1, 2] = 1
    length: int = Field(ge=1, le=256, description="L, the most events that the model reads")
    event_types: tuple[EventType, ...] = Field(min_length=1, description="types that count as events of the sequence")
    inputs: tuple[FeatureInput, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _item_first_and_names_unique(self) -> FeatureSpec:
        names = [part.name for part in self.inputs]
        if names[0] != "item" or len(set(names)) != len(names):
            raise ValueError("inputs must begin with 'item' and name each input once")
        for part in self.inputs:
            if isinstance(part, EventTypeInput) and part.values != self.event_types:
                raise ValueError("event_type.values must equal event_types")
            if isinstance(part, SignalInput) and self.version == 1:
                raise ValueError(f"input {part.name!r} needs version 2")
        return self

    @property
    def items(self) -> int:
        """Highest catalogue index that the model knows."""
        first = self.inputs[0]
        assert isinstance(first, ItemInput)
        return first.items

    @property
    def signals(self) -> tuple[SignalInput, ...]:
        """The inputs of version 2."""
        return tuple(part for part in self.inputs if isinstance(part, SignalInput))

    def collects(self) -> Collected:
        """What a browser has to notice for this spec; all else is not collected."""
        series = [each for part in self.signals for each in (part.of, part.per) if each is not None]
        types = {*self.event_types, *(kind for each in series for kind in each.types)}
        dwell = any(isinstance(part, DwellBucketInput) for part in self.inputs) or any(x.signal == "dwell_ms" for x in series)
        facts = {each.signal for each in series}
        return Collected(
            event_types=tuple(kind for kind in EventType if kind in types),
            dwell=dwell,
            facts=tuple(kind for kind in FactKind if kind.value in facts),
        )


class Collected(Record):
    """Signals that some input reads."""

    event_types: tuple[EventType, ...]
    dwell: bool
    facts: tuple[FactKind, ...]
