"""The simulated shop: seeded, labelled, and its dwell and carts say something."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from contracts import EventType
from edge_model import SessionLog
from edge_model.features import EVENT_TYPES
from intently.simulator import Shop, catalogue_for, simulate_shop

CART = EVENT_TYPES.index(EventType.ADD_TO_CART)


@pytest.fixture(scope="module")
def shop() -> Shop:
    return simulate_shop(sessions=3_000, seed=3)


def test_it_is_seeded(shop: Shop) -> None:
    again, other = simulate_shop(sessions=3_000, seed=3), simulate_shop(sessions=3_000, seed=4)
    assert again.catalogue == shop.catalogue
    for name in ("items", "event_types", "dwell_ms", "offsets"):
        assert np.array_equal(getattr(again.log, name), getattr(shop.log, name))
    assert not np.array_equal(other.log.items[:500], shop.log.items[:500])


def test_it_is_called_simulated(shop: Shop) -> None:
    assert shop.log.simulated
    assert "simulated" in shop.log.name
    assert "simulated" in shop.log.report.notes[0]
    assert "Simulated" in shop.catalogue.shop
    assert shop.catalogue.generated == ("name", "category", "price")


def test_its_catalogue_fits_its_log(shop: Shop) -> None:
    items = shop.catalogue.items
    assert (len(items), len(shop.catalogue.categories)) == (600, 12)
    assert tuple(item.sku for item in items) == shop.log.skus
    assert len({(item.name, item.category) for item in items}) == 600
    assert shop.log.item_category is not None
    assert shop.log.item_category[1:].tolist() == [item.category for item in items]
    assert all(item.price_minor % 100 == 90 for item in items)


def test_a_cart_event_follows_a_view_of_its_item(shop: Shop) -> None:
    log = shop.log
    carts = np.flatnonzero(log.event_types == CART)
    assert 0.05 < len(carts) / len(log.items) < 0.3
    assert not set(carts) & set(log.offsets[:-1])
    assert np.array_equal(log.items[carts], log.items[carts - 1])


def similarity_of_next(log: SessionLog, mask: np.ndarray) -> float:
    """Share of views in `mask` whose next view is in the same category."""
    assert log.item_category is not None
    category = log.item_category[log.items]
    return float((category[:-1] == category[1:])[mask[:-1]].mean())


def test_dwell_and_carts_tell_about_the_next_item(shop: Shop) -> None:
    log = shop.log
    last = np.zeros(len(log.items), dtype=bool)
    last[log.offsets[1:] - 1] = True
    views = (log.event_types != CART) & ~last
    after_view = views & ~np.roll(log.event_types == CART, -1)
    long, short = after_view & (log.dwell_ms > 8_000), after_view & (log.dwell_ms < 2_000)
    assert similarity_of_next(log, long) > similarity_of_next(log, short) + 0.03
    assert similarity_of_next(log, (log.event_types == CART) & ~last) < 0.5 < similarity_of_next(log, after_view)


def test_what_a_log_lacks_is_generated_and_labelled(shop: Shop) -> None:
    bare = dataclasses.replace(shop.log, item_category=None, category_names=(), price_minor=None)
    made = catalogue_for(bare)
    assert made.generated == ("name", "category", "price")
    assert tuple(item.sku for item in made.items) == bare.skus
    assert all(item.name and item.price_minor > 0 and item.category > 0 for item in made.items)
    kept = catalogue_for(shop.log)
    assert kept.generated == ("name",)
    assert [item.price_minor for item in kept.items] == [item.price_minor for item in shop.catalogue.items]
    assert [category.name for category in kept.categories] == [category.name for category in shop.catalogue.categories]


def test_a_sku_keeps_its_generated_name_in_another_log(shop: Shop) -> None:
    bare = dataclasses.replace(shop.log, item_category=None, category_names=(), price_minor=None)
    fewer = dataclasses.replace(bare, skus=bare.skus[100:])
    assert catalogue_for(fewer).items == catalogue_for(bare).items[100:]


def test_numbers_as_categories_get_a_name(shop: Shop) -> None:
    numbered = dataclasses.replace(shop.log, category_names=())
    assert [category.name for category in catalogue_for(numbered).categories][:2] == ["Category 1", "Category 2"]
