"""The four modes of consent, all traffic and storage captured: no behavioural byte leaves; the strip adapts in all but strict."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from shop_pages import Visitor

pytestmark = pytest.mark.browser
VIEWED = (31, 34, 37)
"""All of one category, none of them first in the pool."""


def wire(visitor: Visitor) -> list[tuple[str, str, bytes]]:
    return sorted((r.method, r.url, r.post_data_buffer or b"") for r in visitor.requests if r.url.startswith("http"))


@pytest.mark.parametrize("mode", ["strict", "memory", "local", "full"])
def test_what_leaves_does_not_depend_on_what_was_done(chromium: Browser, shop_url: str, mode: str) -> None:
    """Two worlds: one shopper looks at three items and clicks, the other at others. The network sees the same."""
    seen, orders = [], []
    for items in (VIEWED, (32, 35, 38)):
        visitor = Visitor(chromium, shop_url)
        visitor.open(f"/?consent={mode}")
        if mode != "strict":
            visitor.until_model()
        visitor.view(*items)
        visitor.page.click(f'[data-intently-item="{1 + items[0] % 3}"] a')
        visitor.page.wait_for_timeout(1500)
        orders.append(visitor.rank())
        seen.append(wire(visitor))
        held = visitor.events()
        assert (held == []) == (mode == "strict")
        visitor.context.close()
    assert seen[0] == seen[1]
    assert not [body for _, _, body in seen[0] if body], "no collection is on: no report, and nothing else with a body"
    (first, tier), (second, _) = orders
    if mode == "strict":
        assert (first, tier) == (second, "pool")
    else:
        assert tier != "pool"
        assert first[:5] != second[:5], "the strip adapts"


def test_strict_touches_no_storage_until_granted(chromium: Browser, shop_url: str) -> None:
    visitor = Visitor(chromium, shop_url).open("/?consent=strict")
    visitor.view(*VIEWED)
    visitor.page.wait_for_timeout(800)
    assert visitor.page.evaluate("touched") == []
    assert visitor.events() == []
    visitor.page.evaluate("intently.setConsent({ personalize: true, reports: false })")
    visitor.view(5)
    assert visitor.events() == [5], "nothing from before consent"
    touched = visitor.page.evaluate("touched")
    assert any("intently-session" in touch for touch in touched), "the spy sees storage"
    visitor.context.close()


def test_memory_mode_writes_and_reads_nothing(chromium: Browser, shop_url: str) -> None:
    visitor = Visitor(chromium, shop_url).open("/?consent=memory")
    visitor.until_model()
    visitor.view(*VIEWED)
    visitor.page.evaluate("intently.setCart([7]); intently.setConsent({ personalize: true, reports: true }); intently.forget()")
    visitor.view(3)
    visitor.page.wait_for_timeout(800)
    assert [touch for touch in visitor.page.evaluate("touched") if "removeItem" not in touch] == []
    assert visitor.page.evaluate("[sessionStorage.length, localStorage.length]") == [0, 0]
    assert visitor.page.evaluate("indexedDB.databases().then((all) => all.length)") == 0
    assert visitor.events() == [3]
    visitor.page.reload()
    visitor.page.wait_for_function("() => window.intently && intently.held !== null")
    assert visitor.events() == []
    visitor.context.close()


def test_google_consent_mode_and_gpc(chromium: Browser, shop_url: str) -> None:
    gtag = "window.dataLayer = []; window.gtag = function () { dataLayer.push(arguments); };"
    visitor = Visitor(chromium, shop_url)
    denied = "gtag('consent', 'default', { personalization_storage: 'denied', analytics_storage: 'denied' });"
    visitor.context.add_init_script(gtag + denied)
    visitor.context.add_init_script("Object.defineProperty(navigator, 'globalPrivacyControl', { value: true });")
    visitor.open("/")
    visitor.view(4)
    assert visitor.events() == []
    assert visitor.page.evaluate("touched") == [], "a default that denies is a question still open"
    visitor.page.evaluate("gtag('consent', 'update', { personalization_storage: 'granted', analytics_storage: 'granted' })")
    visitor.view(5)
    assert visitor.events() == [5]
    visitor.page.wait_for_timeout(300)
    assert visitor.page.evaluate("intently.snapshot().status.reports") == "off", "Global Privacy Control"
    visitor.page.evaluate("gtag('consent', 'update', { personalization_storage: 'denied' })")
    assert visitor.events() == []
    assert visitor.page.evaluate("Object.keys(sessionStorage)") == []
    visitor.context.close()


def test_forget_me_empties_every_store_and_the_export_holds_everything(chromium: Browser, shop_url: str) -> None:
    visitor = Visitor(chromium, shop_url).open("/")
    visitor.view(*VIEWED)
    visitor.page.evaluate("intently.setConsent({ personalize: true, reports: true })")
    page = visitor.page
    lens = page.locator("intently-privacy")
    with page.expect_download() as download:
        lens.get_by_role("button", name="Save a copy of everything").click()
    saved = json.loads(Path(download.value.path()).read_text())
    assert [event["item"] for event in saved["session"]["events"] if event["type"] == "view_item"] == list(VIEWED)
    assert saved["session"]["events"][0]["sku"]
    assert saved["consent"] == {"personalize": True, "reports": True}
    stores = "Promise.all([indexedDB.databases(), caches.keys()]).then(([all, names]) => [all.length, names.length, sessionStorage.length, localStorage.length])"  # noqa: E501
    before = page.evaluate(stores)
    assert all(count > 0 for count in before), before
    lens.get_by_role("button", name="Delete everything").click()
    lens.get_by_role("button", name="Really delete").click()
    lens.get_by_text("Deleted. Nothing is kept").wait_for()
    assert page.evaluate(stores) == [0, 0, 0, 0]
    visitor.view(9)
    page.wait_for_timeout(600)
    assert page.evaluate(stores) == [0, 0, 0, 0], "and nothing comes back on this page"
    visitor.context.close()
