"""Pool: the global candidates of an epoch, in order, with the interval of each private count."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from contracts.record import Record, Sha256Hex

POOL_DECIMALS = 3
"""Counts are rounded to this many decimals, so that a replay gives the same bytes."""


class PoolItem(Record):
    """One candidate."""

    item: int = Field(ge=1, description="catalogue index")
    reason: Literal["wanted", "prior", "new"] = Field(
        description="wanted: its lower bound says so; prior: from the base pool; new: room kept for new items"
    )
    count: float = Field(default=0.0, description="estimated reports, unbiased, may be negative")
    low: float = 0.0
    high: float = 0.0


class EpochTerm(Record):
    """One epoch of a smoothed count."""

    epoch: int = Field(ge=0)
    counts: Sha256Hex = Field(description="SHA-256 of the epoch's published counts")
    factor: float = Field(gt=0, description="what its counts are multiplied by before they are added")


class Pool(Record):
    """Candidates in order of preference."""

    type: Literal["pool"] = "pool"
    shop: str
    demo: bool
    epoch: int = Field(ge=0, description="epoch whose reports it holds; 0 for the base pool")
    collection: int = Field(ge=0, le=255, description="0 for the base pool")
    reports: int = Field(ge=0, description="of the pool's own epoch")
    smoothed: tuple[EpochTerm, ...] = Field(
        default=(), description="epochs whose counts were added, newest first; empty: the pool's own epoch alone"
    )
    confidence: float = Field(gt=0, lt=1, description="one-sided confidence of `low`")
    base: str = Field(default="", description="SHA-256 of the base pool that the counts reorder; '' in a base pool")
    previous: str = Field(default="", description="SHA-256 of the pool from which ranks moved; '' in a base pool")
    left_out: tuple[int, ...] = Field(default=(), description="sold out or banned when the epoch closed")
    items: tuple[PoolItem, ...]


class CategoryList(Record):
    """The items of one category, best first."""

    category: int = Field(ge=1)
    items: tuple[int, ...]


class CategoryPool(Record):
    """A pool for each category of the catalogue: who is on a category's page sees these. The same for everyone."""

    type: Literal["category-pool"] = "category-pool"
    shop: str
    demo: bool
    epoch: int = Field(ge=0)
    lists: tuple[CategoryList, ...]
