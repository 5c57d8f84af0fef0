"""A shop of 60 items served by the real delivery, and a real Chromium on its pages."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from page_server import served
from playwright.sync_api import Browser, BrowserContext, Page
from shop_folder import Seen, publish

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


@pytest.fixture
def context(chromium: Browser, shop_url: str) -> Iterator[BrowserContext]:
    """A visitor who was never here before."""
    context = chromium.new_context(base_url=shop_url, viewport={"width": 1280, "height": 800})
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
