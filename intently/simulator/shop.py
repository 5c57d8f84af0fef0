"""A simulated shop: an invented catalogue and invented shoppers, seeded. Nothing here was seen in a real shop.

Each shopper has an intent (a category, a price band, a taste) that drifts: what interests them pulls the taste, what does not
pushes it away, and an item put into the cart turns them to what goes with it. Dwell and cart events are drawn from the interest
itself, so both say something about the next item that the sequence of items alone does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from contracts import Catalogue, EventType
from edge_model.features import EVENT_TYPES
from edge_model.session_log import VIEW_ITEM_CODE, LogReport, RawSessions, SessionLog
from intently.simulator.products import CATEGORIES, GOES_WITH, STYLES, Products, make_products

NAME = "simulated shop"
CART_CODE = EVENT_TYPES.index(EventType.ADD_TO_CART)
TEST_SHARE = 0.1
MOST_VIEWS = 24
"""Views of the longest session."""
USUAL_FIT = 2.0
"""Fit of a chosen item that leaves a shopper cold: what is chosen suits better than what is not."""


@dataclass(frozen=True)
class Shop:
    """A simulated shop: its catalogue and the sessions of its shoppers."""

    catalogue: Catalogue
    log: SessionLog


def simulate_shop(sessions: int = 20_000, seed: int = 7) -> Shop:
    """The shop with about 600 items in 12 categories, and `sessions` sessions of which the newest 10 % are the test set."""
    rng = np.random.default_rng(seed)
    products = make_products(rng)
    raw = _sessions(products, sessions, rng)
    cleaned, short = raw.restrict(np.ones(len(raw.items), dtype=np.bool_))
    report = LogReport(
        source=NAME,
        rows_read=len(raw.items),
        split=f"the newest {TEST_SHARE:.0%} of sessions are the test set",
        dropped=(("sessions of a single event", short),),
        notes=(f"All of it is simulated (seed {seed}): catalogue, prices, shoppers, dwell and carts.",),
    )
    log = SessionLog(
        name=NAME,
        items=cleaned.items,
        event_types=cleaned.event_types,
        dwell_ms=cleaned.dwell_ms,
        offsets=cleaned.offsets,
        train_count=cleaned.train_count,
        skus=tuple(item.sku for item in products.catalogue.items),
        report=report,
        simulated=True,
        item_category=np.concatenate([[0], products.category + 1]).astype(np.int32),
        category_names=tuple(category.name for category in products.catalogue.categories),
        price_minor=np.concatenate([[0], [item.price_minor for item in products.catalogue.items]]).astype(np.int64),
    ).check()
    return Shop(products.catalogue, log)


class _Shoppers:
    """State of all shoppers at once; arrays have one entry a shopper."""

    def __init__(self, products: Products, count: int, rng: np.random.Generator) -> None:
        self.products, self.rng = products, rng
        self.category = rng.choice(len(CATEGORIES), count, p=products.category_share)
        self.band = rng.uniform(0, 1, count)  # wanted place among the category's prices
        self.taste = rng.normal(0, 1, (count, STYLES)) * 0.9
        self.patience = np.clip(rng.geometric(0.18, count) + 1, 2, MOST_VIEWS)
        self.last = np.full(count, -1)

    def choose(self, who: NDArray[np.int64]) -> NDArray[np.int64]:
        """Next item (from 0) of each shopper in `who`: the best of the category by fit and chance (Gumbel)."""
        shelf = self.products.by_category[self.category[who]]  # [W, S]
        fit = self.fit(who[:, None], shelf) + self.products.pull[shelf]
        fit = np.where(shelf == self.last[who][:, None], -np.inf, fit + self.rng.gumbel(0, 1, shelf.shape))
        return np.asarray(shelf[np.arange(len(who)), np.argmax(fit, axis=1)], dtype=np.int64)

    def fit(self, who: NDArray[np.int64], item: NDArray[np.int64]) -> NDArray[np.float64]:
        """How well an item suits a shopper now; 0 is indifferent."""
        distance = np.abs(self.products.band[item] - self.band[who])
        style = np.sum(self.products.style[item] * self.taste[who], axis=-1)
        return np.asarray(1.6 * style - 5.0 * distance, dtype=np.float64)

    def drift(self, who: NDArray[np.int64], item: NDArray[np.int64], interest: NDArray[np.float64]) -> None:
        """Liked items pull taste and price band towards them, disliked ones push away; now and then the category changes."""
        pull = np.tanh(interest)[:, None]
        self.taste[who] = 0.8 * self.taste[who] + 0.55 * pull * self.products.style[item]
        self.band[who] = np.clip(self.band[who] + 0.35 * pull[:, 0] * (self.products.band[item] - self.band[who]), 0, 1)
        bored = self.rng.random(len(who)) < np.where(interest < -0.8, 0.16, 0.04)
        self.category[who[bored]] = self.rng.choice(len(CATEGORIES), int(bored.sum()), p=self.products.category_share)

    def after_cart(self, who: NDArray[np.int64]) -> None:
        """Who has put something into the cart mostly turns to a category that goes with it."""
        turns = who[self.rng.random(len(who)) < 0.75]
        self.category[turns] = GOES_WITH[self.category[turns], self.rng.integers(0, GOES_WITH.shape[1], len(turns))]


def _sessions(products: Products, count: int, rng: np.random.Generator) -> RawSessions:
    """All sessions, one view of every shopper at a time; a cart event follows its view."""
    shoppers = _Shoppers(products, count, rng)
    columns: list[tuple[NDArray[np.int64], ...]] = []
    for step in range(MOST_VIEWS):
        who = np.flatnonzero(shoppers.patience > step)
        item = shoppers.choose(who)
        interest = 0.5 * (shoppers.fit(who, item) - USUAL_FIT) + rng.normal(0, 0.7, len(who))
        dwell = np.exp(np.clip(9.0 + 0.8 * interest + rng.normal(0, 0.3, len(who)), 6.2, 12.6)).astype(np.int64)
        carted = rng.random(len(who)) < 1 / (1 + np.exp(3.4 - 1.2 * interest))
        shoppers.last[who] = item
        shoppers.drift(who, item, interest)
        shoppers.after_cart(who[carted])
        columns.append((who, np.full(len(who), 2 * step), item, np.full(len(who), VIEW_ITEM_CODE), dwell))
        stay = rng.integers(400, 2_500, int(carted.sum()))
        columns.append((who[carted], np.full(len(stay), 2 * step + 1), item[carted], np.full(len(stay), CART_CODE), stay))
    session, order, items, kinds, dwell = (np.concatenate(parts) for parts in zip(*columns, strict=True))
    sorting = np.lexsort((order, session))
    return RawSessions(
        items=(items[sorting] + 1).astype(np.int32),
        event_types=kinds[sorting].astype(np.uint8),
        dwell_ms=dwell[sorting].astype(np.int32),
        offsets=np.searchsorted(session[sorting], np.arange(count + 1)).astype(np.int64),
        train_count=count - max(1, round(count * TEST_SHARE)),
    )
