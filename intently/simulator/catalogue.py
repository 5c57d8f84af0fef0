"""A catalogue for a log from outside: what the log lacks is generated and labelled so. Thumbnails are drawn elsewhere."""

from __future__ import annotations

import hashlib
from typing import Literal

from contracts import Catalogue, Category, Item
from edge_model import SessionLog
from intently.simulator.products import ADJECTIVES, CATEGORIES, Kind, price_between

Field = Literal["name", "category", "price", "thumbnail"]


def catalogue_for(log: SessionLog, shop: str | None = None, currency: str = "EUR") -> Catalogue:
    """Catalogue of the log's items in the order of its indices.

    Session logs hold no names, so names are always generated; category and price only where the log has none. The same SKU
    always gets the same name and price. `generated` says which fields are made up.
    """
    generated: list[Field] = ["name"]
    if log.item_category is None:
        generated.append("category")
    if log.price_minor is None:
        generated.append("price")
    codes, categories = _categories(log)
    return Catalogue(
        shop=shop or f"Demo shop on {log.name}",
        currency=currency,
        generated=tuple(generated),
        categories=categories,
        items=tuple(_item(log, index, codes[index - 1]) for index in range(1, log.item_count + 1)),
    )


def _categories(log: SessionLog) -> tuple[list[int], tuple[Category, ...]]:
    """Category of each item, and the list of categories; by the log, else one of the simulated shop's by the SKU's hash."""
    if log.item_category is None:
        names = [kind.name for kind in CATEGORIES]
        return [_hash(sku, "category") % len(names) + 1 for sku in log.skus], _numbered(names)
    codes = [int(code) for code in log.item_category[1:]]
    names = list(log.category_names)
    names += [str(number) for number in range(len(names) + 1, max(codes, default=0) + 1)]
    return codes, _numbered([f"Category {name}" if name.isdigit() else name for name in names])


def _numbered(names: list[str]) -> tuple[Category, ...]:
    return tuple(Category(index=n, name=name) for n, name in enumerate(names, start=1))


def _item(log: SessionLog, index: int, category: int) -> Item:
    sku = log.skus[index - 1]
    kind = CATEGORIES[(category - 1) % len(CATEGORIES)]
    return Item(
        sku=sku,
        name=_name(sku, kind, plain=log.item_category is not None),
        category=category,
        price_minor=_price(log, index, kind),
    )


def _name(sku: str, kind: Kind, plain: bool) -> str:
    """An invented name; `plain` where the log's own category does not say what kind of thing it is."""
    word = ADJECTIVES[_hash(sku, "name") % len(ADJECTIVES)]
    noun = "Item" if plain else kind.noun[_hash(sku, "noun") % len(kind.noun)]
    return f"{word} {noun} {sku[:12]}"


def _price(log: SessionLog, index: int, kind: Kind) -> int:
    if log.price_minor is not None:
        return int(log.price_minor[index])
    return price_between(kind.cheapest_minor, kind.dearest_minor, _hash(log.skus[index - 1], "price") % 1000 / 1000)


def _hash(sku: str, purpose: str) -> int:
    """A number that depends on the SKU alone, so that a name does not change with the log."""
    return int.from_bytes(hashlib.sha256(f"{purpose}\0{sku}".encode()).digest()[:8], "big")
