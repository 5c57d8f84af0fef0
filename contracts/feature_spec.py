"""Feature spec: which integers the session model is fed, by one definition for both languages."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from contracts.event import EventType
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


FeatureInput = Annotated[ItemInput | EventTypeInput | DwellBucketInput, Field(discriminator="name")]


class FeatureSpec(Record):
    """Inputs of the session model, each an int32 array of shape [T], 1 <= T <= `length`, oldest event first.

    Events whose type is not in `event_types` are dropped; of the rest the last `length` are kept.
    """

    version: Literal[1] = 1
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
        return self

    @property
    def items(self) -> int:
        """Highest catalogue index that the model knows."""
        first = self.inputs[0]
        assert isinstance(first, ItemInput)
        return first.items
