"""Catalogue: SKU -> append-only index from 1. Index 0 is reserved: padding for the model, NONE for a report."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from contracts.record import Record


class Category(Record):
    """A public part of the catalogue; index from 1, 0 is unknown."""

    index: int = Field(ge=1)
    name: str
    parent: int = Field(default=0, ge=0)


class Item(Record):
    """One item; its index is its position in `Catalogue.items`, counted from 1, and is never reused."""

    sku: str = Field(min_length=1)
    name: str
    category: int = Field(ge=0)
    price_minor: int = Field(ge=0, description="price in the currency's minor unit (cents)")
    thumbnail: str = Field(default="", description="data: URI, so that showing a card fetches nothing")


class Catalogue(Record):
    """Everything a card shows (`cards="local"`)."""

    version: Literal[1] = 1
    shop: str
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    generated: tuple[Literal["name", "category", "price", "thumbnail"], ...] = Field(
        default=(), description="fields that the log lacked and Intently made up"
    )
    categories: tuple[Category, ...]
    items: tuple[Item, ...]

    @model_validator(mode="after")
    def _consistent(self) -> Catalogue:
        if [category.index for category in self.categories] != list(range(1, len(self.categories) + 1)):
            raise ValueError("categories must be numbered 1, 2, 3, ... in order")
        skus = set()
        for item in self.items:
            if item.sku in skus:
                raise ValueError(f"sku {item.sku!r} stands twice; give each item one line")
            skus.add(item.sku)
            if item.category > len(self.categories):
                raise ValueError(f"sku {item.sku!r} has category {item.category}, but there are {len(self.categories)}")
        return self
