"""Take the screenshots of the docs from a running demo: `python docs/screenshots/take.py http://127.0.0.1:PORT`.

Each picture is of a tab that really looked at three products, so that its strips are ranked and its lens has something to show.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from intently.chromium import FLAGS, find_chromium

DESKTOP: ViewportSize = {"width": 1280, "height": 800}
MOBILE: ViewportSize = {"width": 390, "height": 844}
LOOK_MS = 1800
"""How long each product is looked at: long enough for dwell and for a ranking."""
LENS_MS = 22_000
"""One epoch of the demo, so that the lens shows a report that left."""


def browse(page: Page, url: str, looks: int = 3) -> None:
    """Open the shop and look at `looks` products of one category."""
    page.goto(url)
    page.locator(".grid .card").first.wait_for()
    page.locator("#categories a").first.click()
    for look in range(looks):
        page.locator(".grid .card-link").nth(look).click()
        page.locator("h1").wait_for()
        page.wait_for_timeout(LOOK_MS)
        if look < looks - 1:
            page.go_back()
            page.locator(".grid .card").first.wait_for()


def take(page: Page, folder: Path, name: str) -> None:
    """One picture, with the pointer and the focus out of the way."""
    page.mouse.move(0, 0)
    page.locator(".toast.shown").wait_for(state="detached")
    page.wait_for_timeout(700)
    page.screenshot(path=folder / f"{name}.png")
    print(folder / f"{name}.png")


def desktop(browser: Browser, url: str, folder: Path) -> None:
    """Product, list, cart and an opened report in the lens, at the size of a laptop."""
    page = browser.new_page(viewport=DESKTOP, color_scheme="light")
    browse(page, url)
    take(page, folder, "product")
    page.get_by_role("button", name="Add to cart").click()
    page.locator(".brand").click()
    page.locator(".hero").wait_for()
    take(page, folder, "list")
    page.locator("#cart-link").click()
    take(page, folder, "cart")
    page.locator(".brand").click()
    page.locator("#lens-button").click()
    page.wait_for_timeout(LENS_MS)
    report = page.locator("intently-privacy details", has_text="sent").first
    report.locator("summary").click()
    report.evaluate("report => report.scrollIntoView({ block: 'center' })")
    take(page, folder, "lens")
    page.close()


def dark(browser: Browser, url: str, folder: Path) -> None:
    """Front page for those who like it dark."""
    page = browser.new_page(viewport=DESKTOP, color_scheme="dark")
    browse(page, url)
    page.locator(".brand").click()
    take(page, folder, "list-dark")
    page.close()


def mobile(browser: Browser, url: str, folder: Path) -> None:
    """Lens at the size of a telephone."""
    page = browser.new_page(viewport=MOBILE, color_scheme="light")
    browse(page, url)
    page.locator(".brand").click()
    page.locator("#lens-button").click()
    take(page, folder, "mobile-lens")
    page.close()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Take the screenshots of the docs from a running demo.")
    parser.add_argument("url", help="address that the demo printed")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder for the pictures")
    words = parser.parse_args()
    words.out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
        for pictures in (desktop, dark, mobile):
            pictures(browser, words.url, words.out)
        browser.close()


if __name__ == "__main__":
    main()
