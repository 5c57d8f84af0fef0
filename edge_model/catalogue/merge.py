"""Offers into an append-only catalogue: an index belongs to its SKU for ever, a category's to its path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from contracts import NOT_SOLD, Catalogue, Category, Item, Market
from edge_model.catalogue.feed import Offer
from edge_model.errors import FeedRefused


@dataclass(frozen=True)
class Imported:
    """What an import made, and what it changed."""

    catalogue: Catalogue
    prices_minor: tuple[int, ...]
    """Of item 1, 2, ... in this feed; `NOT_SOLD` where it does not offer the item."""
    names: tuple[str, ...]
    unavailable: tuple[int, ...]
    """Indices that the feed does not offer, or offers as out of stock."""
    added: int
    changed: int
    gone: int
    """Items of before that the feed no longer names: they keep their index."""

    def market(self, name: str, locale: str, region: str, currency: str) -> Market:
        """The feed as a market's prices and names."""
        return Market(
            shop=self.catalogue.shop, name=name, locale=locale, region=region, currency=currency,
            prices_minor=self.prices_minor, names=self.names,
        )  # fmt: skip


def merge(
    offers: Sequence[Offer],
    before: Catalogue | None,
    shop: str,
    currency: str,
    first: Sequence[str] = (),
    base: bool = True,
) -> Imported:
    """Offers added to `before` (None: a new catalogue, which begins with the SKUs `first`, those of a model in its order).

    With `base` the feed's names, categories and prices become the catalogue's; without it (another market's feed) only new SKUs
    are added, without a price, since theirs may be in another currency. Raises `FeedRefused` where shop or currency differ from
    those of `before`.
    """
    if before is not None and (before.shop != shop or (base and before.currency != currency)):
        raise FeedRefused(
            f"the catalogue is of shop {before.shop!r} in {before.currency}, this import says {shop!r} in {currency}; "
            "name the same."
        )
    tree = Tree(before.categories if before else ())
    items = {item.sku: item for item in before.items} if before else {sku: unknown(sku) for sku in first}
    known, changed = set(items), 0
    for offer in offers:
        price = offer.price_minor if base else 0
        now = Item(sku=offer.sku, name=offer.name, category=tree.index(offer.category), price_minor=price)
        old = items.get(offer.sku)
        if old is None or base:
            now = now if old is None else now.model_copy(update={"thumbnail": old.thumbnail})
            changed += old is not None and now != old
            items[offer.sku] = now
    catalogue = Catalogue(
        shop=shop,
        currency=before.currency if before else currency,
        generated=before.generated if before else (),
        categories=tuple(tree.categories),
        items=tuple(items.values()),
    )
    offered = {offer.sku: offer for offer in offers}
    listed = [offered.get(item.sku) for item in catalogue.items]
    return Imported(
        catalogue=catalogue,
        prices_minor=tuple(NOT_SOLD if offer is None else offer.price_minor for offer in listed),
        names=tuple("" if offer is None else offer.name for offer in listed),
        unavailable=tuple(at for at, offer in enumerate(listed, start=1) if offer is None or not offer.available),
        added=len(items) - len(known),
        changed=changed,
        gone=len(known - set(offered)),
    )


def unknown(sku: str) -> Item:
    """An item of which only the SKU is known."""
    return Item(sku=sku, name=sku, category=0, price_minor=0)


class Tree:
    """Categories numbered in the order in which their paths were first seen."""

    def __init__(self, categories: Sequence[Category]) -> None:
        self.categories = list(categories)
        self._found = {(category.parent, category.name): category.index for category in categories}

    def index(self, path: tuple[str, ...]) -> int:
        """Index of the path's last category, made with its parents where it is new; 0 for no path."""
        parent = 0
        for name in path:
            if (parent, name) not in self._found:
                self.categories.append(Category(index=len(self.categories) + 1, name=name, parent=parent))
                self._found[(parent, name)] = len(self.categories)
            parent = self._found[(parent, name)]
        return parent


def check_append_only(before: Catalogue, now: Catalogue) -> None:
    """Raise `FeedRefused` unless every item and category of `before` has its index in `now`."""
    for index, old in enumerate(before.items, start=1):
        found = now.items[index - 1].sku if index <= len(now.items) else "nothing"
        if found != old.sku:
            raise FeedRefused(
                f"item {index} was {old.sku!r} and is {found!r}; an index belongs to its SKU for ever, append instead."
            )
    for category in before.categories:
        same = now.categories[category.index - 1 : category.index]
        if not same or (same[0].name, same[0].parent) != (category.name, category.parent):
            raise FeedRefused(f"category {category.index} was {category.name!r} and is another; append new categories instead.")
