"""How a pool is made: every default is named here, once."""

from __future__ import annotations

from pydantic import Field

from contracts import Record


class PoolRules(Record):
    """How a pool is made."""

    size: int = Field(default=500, ge=1, description="most items of a pool")
    base_room: int = Field(default=4, ge=1, description="the base pool holds so many times `size`: who may rise, and from where")
    threshold_reports: float = Field(default=0.0, ge=0, description="the lower bound must be above it")
    false_entries: float = Field(default=0.5, gt=0, description="f: items expected to enter though nobody wanted them")
    rank_change_most: int = Field(
        default=100, ge=1, description="places that an item may move in an epoch: bounds what fakes can do"
    )
    new_room: int = Field(default=10, ge=0, description="last places, kept for items that the model has never seen, in turn")
    smoothing_epochs: int = Field(default=7, ge=1, le=64, description="newest epochs whose counts are averaged; 1: none")
    smoothing_decay: float = Field(default=0.8, gt=0, le=1, description="weight of an epoch's reports against the next one's")
    category_share_most: float = Field(
        default=1.0, gt=0, le=1, description="share of the pool that one category may take; 1: no bound"
    )
    category_size: int = Field(default=100, ge=1, le=1000, description="most items of each category's own list")
    banned: tuple[int, ...] = Field(default=(), description="catalogue indices that no pool may name (compliance)")
