"""A shop of 60 items served by the real delivery, and a real Chromium on its pages."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from page_server import served
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from shop_folder import Seen, publish

from intently.chromium import FLAGS, find_chromium
from intently.demo.shop.build import build_shop

WATCH_VIOLATIONS = """
    window.violations = [];
    document.addEventListener('securitypolicyviolation', (event) => window.violations.push(event.violatedDirective));
"""


@pytest.fixture(scope="module")
def shop_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the shop, served without a bundle."""
    folder = tmp_path_factory.mktemp("demo-shop")
    publish(folder / "public")
    build_shop(folder / "shop")
    info = {"title": "Test & Sons", "source_words": "events.parquet", "simulated": False, "generated": ["name"], "epoch_s": 20}
    (folder / "shop" / "demo.json").write_text(json.dumps(info))
    with served(public=folder / "public", shop=folder / "shop") as url:
        yield url


@pytest.fixture(scope="session")
def shop_browser() -> Iterator[Browser]:
    """One Chromium for all."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def context(shop_browser: Browser, shop_url: str) -> Iterator[BrowserContext]:
    """A visitor who was never here before."""
    context = shop_browser.new_context(base_url=shop_url, viewport={"width": 1280, "height": 800})
    context.set_default_timeout(15_000)
    context.add_init_script(WATCH_VIOLATIONS)
    yield context
    context.close()


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def page(context: BrowserContext, seen: Seen) -> Page:
    """A tab that takes notes."""
    page = context.new_page()
    page.on("request", lambda request: seen.requests.append(request.url))
    page.on("pageerror", lambda error: seen.errors.append(str(error)))
    return page
