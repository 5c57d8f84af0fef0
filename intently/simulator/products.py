"""The simulated shop's products: names, prices, tastes that they suit. Invented and seeded."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contracts import Catalogue, Category, Item

STYLES = 4
"""Dimensions of taste."""
PER_CATEGORY = 50
SHOP = "Simulated shop"
CURRENCY = "EUR"


@dataclass(frozen=True)
class Kind:
    """A category: what its items are called and cost."""

    name: str
    noun: tuple[str, ...]
    cheapest_minor: int
    dearest_minor: int
    goes_with: tuple[str, str, str]


CATEGORIES = (
    Kind("Shirts", ("Shirt", "Overshirt", "Tee", "Polo", "Blouse"), 1990, 11900, ("Shoes", "Bags", "Watches")),
    Kind("Shoes", ("Sneaker", "Loafer", "Boot", "Derby", "Sandal"), 4900, 24900, ("Shirts", "Bags", "Sunglasses")),
    Kind("Bags", ("Tote", "Backpack", "Satchel", "Duffel", "Sling"), 3500, 28900, ("Bottles", "Shoes", "Sunglasses")),
    Kind("Lamps", ("Table lamp", "Floor lamp", "Pendant", "Wall lamp", "Lantern"), 2900, 34900, ("Chairs", "Plants", "Books")),
    Kind("Chairs", ("Chair", "Armchair", "Stool", "Rocker", "Lounger"), 6900, 59900, ("Lamps", "Plants", "Books")),
    Kind("Watches", ("Watch", "Field watch", "Diver", "Chronograph", "Quartz"), 8900, 74900, ("Shirts", "Sunglasses", "Bags")),
    Kind("Mugs", ("Mug", "Cup", "Tumbler", "Espresso cup", "Tea bowl"), 890, 4900, ("Books", "Plants", "Bottles")),
    Kind("Books", ("Notebook", "Cookbook", "Atlas", "Novel", "Photo book"), 990, 6900, ("Mugs", "Lamps", "Headphones")),
    Kind("Headphones", ("Headphones", "Earbuds", "Headset", "On-ears", "Monitors"), 3900, 49900, ("Books", "Bags", "Watches")),
    Kind("Plants", ("Fern", "Monstera", "Cactus", "Olive tree", "Ficus"), 1290, 14900, ("Mugs", "Lamps", "Chairs")),
    Kind(
        "Sunglasses",
        ("Aviators", "Rounds", "Wayfarers", "Ovals", "Shields"),
        2900,
        27900,
        ("Shirts", "Shoes", "Bottles"),
    ),
    Kind("Bottles", ("Bottle", "Flask", "Carafe", "Thermos", "Canteen"), 1490, 7900, ("Bags", "Mugs", "Headphones")),
)
ADJECTIVES = (
    "Aalto", "Alder", "Amber", "Arlo", "Ash", "Birch", "Bruno", "Calla", "Cedar", "Clay", "Cove", "Dune", "Elm", "Ember", "Fjord",
    "Flint", "Freja", "Grove", "Hazel", "Heath", "Indigo", "Iris", "Juniper", "Kelp", "Lark", "Linden", "Luna", "Maple", "Marlow",
    "Mesa", "Moss", "Nord", "Oak", "Ochre", "Olive", "Onyx", "Opal", "Pine", "Quartz", "Reed", "Rowan", "Sable", "Sage", "Sienna",
    "Slate", "Sorrel", "Tarn", "Umber", "Vale", "Willow",
)  # fmt: skip
_INDEX = {kind.name: n for n, kind in enumerate(CATEGORIES)}
GOES_WITH: NDArray[np.int64] = np.array([[_INDEX[name] for name in kind.goes_with] for kind in CATEGORIES])
"""[categories, 3]: where a shopper turns after putting an item into the cart."""


@dataclass(frozen=True)
class Products:
    """Catalogue and the hidden properties that shoppers react to; arrays have one row an item, from 0."""

    catalogue: Catalogue
    category: NDArray[np.int64]
    """Category from 0."""
    band: NDArray[np.float64]
    """Place of the price in its category, 0 cheapest to 1 dearest."""
    style: NDArray[np.float64]
    """[items, STYLES]."""
    pull: NDArray[np.float64]
    """How well known an item is, as a log-weight."""
    category_share: NDArray[np.float64]
    by_category: NDArray[np.int64]
    """[categories, PER_CATEGORY] items."""


def make_products(rng: np.random.Generator) -> Products:
    """Fifty items in each category, prices spread over its range, names that occur once."""
    count = len(CATEGORIES) * PER_CATEGORY
    category = np.repeat(np.arange(len(CATEGORIES)), PER_CATEGORY)
    band = np.concatenate([rng.permutation(np.linspace(0, 1, PER_CATEGORY)) for _ in CATEGORIES])
    share = rng.uniform(0.6, 1.4, len(CATEGORIES))
    return Products(
        catalogue=_catalogue(category, band, rng),
        category=category,
        band=band,
        style=rng.normal(0, 1, (count, STYLES)) * 0.8,
        pull=rng.normal(0, 0.7, count),
        category_share=share / share.sum(),
        by_category=np.arange(count).reshape(len(CATEGORIES), PER_CATEGORY),
    )


def _catalogue(category: NDArray[np.int64], band: NDArray[np.float64], rng: np.random.Generator) -> Catalogue:
    items: list[Item] = []
    for n, kind in enumerate(CATEGORIES):
        names = rng.permutation(ADJECTIVES)
        for row in range(PER_CATEGORY):
            at = n * PER_CATEGORY + row
            noun = kind.noun[int(rng.integers(len(kind.noun)))]
            items.append(
                Item(
                    sku=f"SIM-{kind.name[:3].upper()}-{row + 1:03d}",
                    name=f"{names[row]} {noun}",
                    category=int(category[at]) + 1,
                    price_minor=price_between(kind.cheapest_minor, kind.dearest_minor, float(band[at])),
                )
            )
    return Catalogue(
        shop=SHOP,
        currency=CURRENCY,
        generated=("name", "category", "price"),
        categories=tuple(Category(index=n + 1, name=kind.name) for n, kind in enumerate(CATEGORIES)),
        items=tuple(items),
    )


def price_between(cheapest_minor: int, dearest_minor: int, place: float) -> int:
    """Price at `place` (0 to 1) of a range on a logarithmic scale, ending in 90."""
    price = cheapest_minor * math.pow(dearest_minor / cheapest_minor, place)
    return max(90, round(float(price) / 100 + 0.1) * 100 - 10)
