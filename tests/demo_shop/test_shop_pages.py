"""The shop's pages in a real Chromium, and that they work where Intently does not open."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from shop_folder import MARKUP, Seen, until

pytestmark = pytest.mark.browser
PAGES = ["/", "/?category=2", "/product/5", "/cart", "/privacy", "/nowhere"]
UNNAMED = """() => [...document.querySelectorAll('a, button')].filter((element) =>
    element.checkVisibility() && !(element.getAttribute('aria-label') || element.textContent).trim()).map((e) => e.outerHTML)"""


def open_page(page: Page, path: str) -> None:
    page.goto(path)
    expect(page.locator("main h1, main h2").first).to_be_visible()


@pytest.mark.parametrize("path", PAGES)
def test_opens_by_its_address_and_asks_no_other_site(page: Page, seen: Seen, shop_url: str, path: str) -> None:
    open_page(page, path)
    assert [url for url in seen.requests if not url.startswith((shop_url, "data:"))] == []
    assert any(url.endswith("/intently/intently.js") for url in seen.requests)
    assert seen.errors == []
    assert page.evaluate("window.violations") == []
    assert page.evaluate(UNNAMED) == []
    assert page.locator("h1").count() == 1
    assert page.locator("img:not([alt])").count() == 0


def test_a_planted_inline_script_is_refused(page: Page) -> None:
    open_page(page, "/")
    page.evaluate("document.head.append(Object.assign(document.createElement('script'), {textContent: 'window.planted = 1'}))")
    assert page.evaluate("window.planted") is None
    until(page, lambda: page.evaluate("window.violations.length") == 1, "the refusal")


def test_lists_follow_the_pool_and_the_honest_line_stands_above(page: Page) -> None:
    open_page(page, "/")
    cards = page.locator(".grid .card").evaluate_all("cards => cards.map((card) => Number(card.dataset.item))")
    assert cards == list(range(60, 36, -1))
    honest = "Built from events.parquet; names are generated. The other shoppers who report are simulated."
    expect(page.locator("#note")).to_have_text(honest)
    page.get_by_role("link", name="Lamps", exact=True).click()
    expect(page.locator("main h1")).to_have_text("Lamps")
    cards = page.locator(".grid .card").evaluate_all("cards => cards.map((card) => Number(card.dataset.item))")
    assert cards == list(range(59, 0, -3))


def test_moves_without_loading_a_page_and_back_again(page: Page) -> None:
    open_page(page, "/")
    page.evaluate("window.sameDocument = true")
    page.locator('[data-item="58"] a').click()
    page.wait_for_url("**/product/58")
    expect(page.locator("main h1")).to_have_text("Mug 58")
    assert page.evaluate("document.activeElement.id") == "main"
    assert page.title() == "Mug 58 · Test & Sons"
    page.go_back()
    expect(page.locator(".hero")).to_be_visible()
    assert page.evaluate("window.sameDocument") is True


def test_a_name_from_a_log_is_text_and_never_markup(page: Page) -> None:
    open_page(page, "/product/1")
    expect(page.locator("main h1")).to_have_text(MARKUP)
    assert page.locator("main b").count() == 0


def test_cart_fills_outlives_a_reload_and_empties(page: Page) -> None:
    open_page(page, "/")
    page.get_by_role("button", name="Add Shoe 60 to the cart").click()
    page.get_by_role("button", name="Add Lamp 59 to the cart").click()
    expect(page.get_by_role("status")).to_have_text("Lamp 59 is in your cart")
    expect(page.get_by_role("link", name="Cart, 2 in it")).to_be_visible()
    page.reload()
    page.get_by_role("link", name="Cart, 2 in it").click()
    expect(page.locator(".total strong")).to_have_text("€119.00")
    page.get_by_role("button", name="Remove Shoe 60 from the cart").click()
    expect(page.locator(".total strong")).to_have_text("€59.00")
    page.locator("#checkout").click()
    expect(page.get_by_text("Nothing in here yet.")).to_be_visible()
    expect(page.get_by_role("link", name="Cart, empty")).to_be_visible()


def test_keyboard_alone_reaches_the_content_and_the_lens(page: Page) -> None:
    open_page(page, "/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    button = page.get_by_role("button", name="What does this shop know?")
    button.focus()
    page.keyboard.press("Enter")
    expect(button).to_have_attribute("aria-expanded", "true")
    expect(page.locator("#lens-title")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#lens")).to_be_hidden()
    expect(button).to_be_focused()


def test_lens_moves_to_its_own_page_and_back(page: Page) -> None:
    open_page(page, "/")
    page.get_by_role("button", name="What does this shop know?").click()
    expect(page.locator("#lens intently-privacy")).to_have_count(1)
    page.locator(".foot a").click()
    expect(page.locator("main intently-privacy")).to_have_count(1)
    expect(page.locator("#lens")).to_be_hidden()
    page.go_back()
    expect(page.locator("#lens intently-privacy")).to_have_count(1)
    expect(page.locator("#lens")).to_be_visible()


@pytest.mark.parametrize("path", PAGES)
def test_fits_a_telephone(page: Page, path: str) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    open_page(page, path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_without_intently_there_is_a_shop_and_no_empty_frame(page: Page) -> None:
    open_page(page, "/")
    expect(page.locator(".grid .card").first).to_be_visible()
    expect(page.locator(".strip").first).to_be_hidden()
