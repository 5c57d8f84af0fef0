"""The shop and the real Intently in a real Chromium: what a visitor does changes what the strips show, in this tab."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from page_server import served
from playwright.sync_api import Locator, Page, expect
from shop_folder import Seen, until
from signed_shop import UNAVAILABLE, SignedShop, pool

from intently.demo.shop.build import build_shop

pytestmark = pytest.mark.browser
LATE_ITEM = 4
"""In the catalogue, in no pool at the start."""


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> SignedShop:
    return SignedShop(tmp_path_factory.mktemp("signed"))


@pytest.fixture(scope="module")
def shop_url(signed: SignedShop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pages: Path = tmp_path_factory.mktemp("pages")
    build_shop(pages)
    (pages / "demo.json").write_text(json.dumps({"title": "Test & Sons", "simulated": True, "epoch_s": 20}))
    with served(public=signed.public, bundle=signed.bundle, shop=pages) as url:
        yield url


def items_of(strip: Locator) -> list[int]:
    return strip.evaluate("strip => [...strip.items]")


def open_shop(page: Page) -> Locator:
    page.goto("/")
    strip = page.locator("intently-recs[placement=home]")
    expect(strip).to_be_visible()
    until(page, lambda: len(items_of(strip)) == 8, "eight cards")
    return strip


def test_strip_turns_to_what_was_looked_at_and_never_shows_what_is_filtered(page: Page, seen: Seen) -> None:
    strip = open_shop(page)
    assert items_of(strip) == [60, 59, 57, 56, 55, 54, 53, 52], "pool order, without the item that is sold out"
    page.locator('.grid [data-item="56"] a').click()
    mugs = page.locator("intently-recs[placement=product]")
    until(page, lambda: {item % 3 for item in items_of(mugs)} == {56 % 3}, "a strip of the category looked at")
    shown = items_of(mugs)
    assert 56 not in shown, "the item in view"
    assert shown == sorted(shown), "equal scores stand by catalogue index"
    page.get_by_role("button", name="Add to cart").click()
    page.locator(".brand").click()
    until(page, lambda: {item % 3 for item in items_of(strip)} == {56 % 3}, "the front page's strip of that category")
    assert not {56, UNAVAILABLE} & set(items_of(strip)), "what is in the cart, and what is sold out"
    assert seen.errors == []
    assert page.evaluate("window.violations") == []


def test_links_inside_the_strips_stay_in_the_page(page: Page) -> None:
    strip = open_shop(page)
    page.evaluate("window.sameDocument = true")
    strip.locator("a").first.click()
    page.wait_for_url("**/product/60")
    assert page.evaluate("window.sameDocument") is True


def test_quick_add_is_a_cart_event_and_no_choice_of_the_item(page: Page) -> None:
    open_shop(page)
    page.locator('.grid [data-item="60"] button').click()
    page.get_by_role("button", name="What does this shop know?").click()
    lens = page.locator("#lens intently-privacy")
    expect(lens).to_contain_text("put in cart")
    expect(lens).not_to_contain_text("chose")


def test_status_line_names_the_model_and_its_time(page: Page) -> None:
    open_shop(page)
    page.locator('.grid [data-item="57"] a').click()
    page.get_by_role("button", name="What does this shop know?").click()
    status = page.locator(".status")
    expect(status).to_contain_text("model in this tab")
    expect(status).to_contain_text("re-ranked in")
    expect(status).to_contain_text("order of the log")


def test_wanted_now_follows_the_next_pool_with_intervals_and_marks_what_is_new(page: Page, signed: SignedShop) -> None:
    open_shop(page)
    wanted = page.locator(".wanted li")
    expect(wanted.first).to_have_attribute("data-item", "60")
    expect(page.locator(".wanted-range")).to_have_count(0)
    signed.publish_pool(pool(epoch=9, first=LATE_ITEM))
    expect(wanted.first).to_have_attribute("data-item", str(LATE_ITEM))
    expect(wanted.first).to_contain_text("New here")
    expect(wanted.first).to_contain_text("in 31–58 reports")
    expect(wanted.nth(1)).not_to_contain_text("New here")
    expect(page.locator(".strip-pool")).to_contain_text("2,140 randomized reports")


def test_moving_about_asks_the_server_for_nothing_but_the_manifest(seen: Seen, page: Page) -> None:
    def later() -> set[str]:
        return {url.rsplit("/", 1)[1] for url in seen.requests[before:] if not url.startswith("data:")}

    open_shop(page)
    page.locator('.grid [data-item="57"] a').click()
    page.wait_for_timeout(1500)
    before = len(seen.requests)
    page.go_back()
    page.locator('.grid [data-item="59"] a').click()
    page.wait_for_timeout(1500)
    assert later() <= {"manifest.json"}
    # A planted fault: the picture of a chosen item asked of a server.
    page.evaluate("new Image().src = '/thumbnails/59.png'")
    until(page, lambda: "59.png" in later(), "the planted picture")
