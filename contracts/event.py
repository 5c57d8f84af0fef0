"""Events of a session, under the names of Google Analytics 4's e-commerce events."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from contracts.record import Record


class EventType(StrEnum):
    """What happened to an item; what concerns no item is no event of the sequence. The position in this list is part of no
    format: feature specs name what they use."""

    VIEW_ITEM = "view_item"
    SELECT_ITEM = "select_item"
    VIEW_ITEM_LIST = "view_item_list"
    ADD_TO_CART = "add_to_cart"
    REMOVE_FROM_CART = "remove_from_cart"
    PURCHASE = "purchase"
    BEGIN_CHECKOUT = "begin_checkout"


class Event(Record):
    """One event of a session. It exists in the tab where it happened and nowhere else."""

    type: EventType
    item: int = Field(ge=1, description="catalogue index")
    time_ms: int = Field(ge=0, description="milliseconds since the session began")
    dwell_ms: int = Field(default=0, ge=0, description="visible time on the item until the next event")


class FactKind(StrEnum):
    """What is noticed between events; kept only where a feature spec of version 2 reads it."""

    SCROLL = "scroll"
    IMPRESSION = "impression"
    SKIP = "skip"


class Fact(Record):
    """Something about an item that is no event of the sequence. It exists in the tab where it happened and nowhere else."""

    kind: FactKind
    item: int = Field(ge=1, description="catalogue index")
    time_ms: int = Field(ge=0, description="milliseconds since the session began")
    percent: int = Field(default=0, ge=0, le=100, description="scroll: deepest part of the item's page that was seen")
