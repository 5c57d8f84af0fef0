"""Reports of a real browser: what arrives, what opens, and what never leaves."""

from __future__ import annotations

import re

import pytest
from cryptography.hazmat.primitives import hpke
from playwright.sync_api import Page
from shop_server import Server, Shop, collection

import contracts as c

pytestmark = pytest.mark.browser

SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_128_GCM)
READY = "() => window.intently?.snapshot().status.tier === 'onnx'"
SENT = "() => window.intently?.snapshot().reports.some((report) => report.state === 'sent')"


def test_a_report_is_56_bytes_that_python_opens_and_the_lens_shows_them(shop: Shop, server: Server, page: Page) -> None:
    shop.publish()
    page.context.add_cookies([{"name": "who", "value": "me", "url": server.origin}])
    page.goto(f"{server.origin}/?eager&lens")
    page.wait_for_function(READY)
    page.evaluate("intently.record({ type: 'view_item', item: 3 })")
    page.wait_for_function(SENT)
    [report] = server.reports()
    view = page.evaluate("intently.snapshot().reports.at(-1)")
    assert len(report.body) == c.BODY_BYTES
    assert report.body.hex() == view["bodyHex"]
    assert server.origin + report.path == view["url"]
    assert report.headers["content-type"] == "text/plain"
    assert not {"cookie", "referer", "authorization"} & set(report.headers)
    bucket = c.Bucket.from_path(report.path)
    assert (bucket.release, bucket.collection, bucket.key_id) == (c.sha256_hex(shop.configuration.to_bytes()), 1, 3)
    opened = SUITE.decrypt(report.body, shop.hpke_key, info=bucket.info())
    assert c.unpack_plaintext(opened) == (1, view["message"])
    text = page.evaluate("document.querySelector('intently-privacy').shadowRoot.textContent")
    assert report.body.hex() in re.sub(r"\s", "", text)
    assert page.evaluate("intently.snapshot().budget.spent_epsilon") == 2.995733


def test_two_tabs_and_a_reload_send_one_report(shop: Shop, server: Server, page: Page) -> None:
    shop.publish()
    second = page.context.new_page()
    for tab in (page, second):
        tab.goto(f"{server.origin}/")
    page.wait_for_function(SENT)
    second.wait_for_timeout(500)
    page.reload()
    page.wait_for_function(SENT)
    page.wait_for_timeout(500)
    assert len(server.reports()) == 1
    assert page.evaluate("intently.snapshot().budget.spent_epsilon") == 2.995733


@pytest.mark.parametrize("how", ["consent", "gpc", "refused configuration"])
def test_nothing_is_drawn_or_sent(shop: Shop, server: Server, page: Page, how: str) -> None:
    if how == "refused configuration":  # the contract refuses it too, so it is changed behind its back
        beyond = collection(epsilon=8.0).model_copy(
            update={"mechanism": c.KAryMechanism(w=3000, v=1), "epsilon_micro": 8_006_368}
        )
        shop.configuration = shop.configuration.model_copy(update={"collections": (beyond,)})
    if how == "gpc":
        page.add_init_script("Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true })")
    shop.publish()
    page.goto(f"{server.origin}/?eager&{'noreports' if how == 'consent' else ''}")
    page.wait_for_function(READY)
    page.evaluate("intently.record({ type: 'view_item', item: 3 })")
    page.wait_for_timeout(700)
    assert server.reports() == []
    assert page.evaluate("intently.snapshot().reports") == []
    assert page.evaluate("intently.snapshot().status.reports") == ("refused" if how == "refused configuration" else "off")
    assert page.evaluate("intently.rank().then((ranked) => ranked.tier)") == "onnx", "recommendations still adapt"


def test_a_relay_that_refuses_changes_nothing_for_the_shopper(shop: Shop, server: Server, page: Page) -> None:
    server.relay_status = 503
    shop.publish()
    page.goto(f"{server.origin}/?eager")
    page.wait_for_function("() => window.intently?.snapshot().reports.some((report) => report.state === 'failed')")
    page.wait_for_function(READY)
    page.evaluate("intently.record({ type: 'view_item', item: 3 })")
    assert page.evaluate("intently.rank().then((ranked) => ranked.tier)") == "onnx"


def test_dwell_and_skips_reach_the_reservoir(shop: Shop, server: Server, page: Page) -> None:
    dwelled = collection(id=2, name="item_dwelled", kind="item_dwelled", domain_size=60, dwell_ms=600)
    shop.configure(draw_min_ms=60_000, draw_max_ms=60_000, collections=(dwelled,))
    shop.publish()
    page.goto(f"{server.origin}/")
    page.wait_for_function("() => window.intently?.snapshot().reports.length === 1")
    page.evaluate("intently.record({ type: 'view_item', item: 17 })")
    value = """() => new Promise((resolve) => { const open = indexedDB.open('intently-reports-test-shop');
        open.onsuccess = () => { const all = open.result.transaction('slots').objectStore('slots').getAll();
        all.onsuccess = () => { open.result.close(); resolve(all.result[0].value); }; }; })"""
    assert page.evaluate(value) == 0
    page.wait_for_timeout(1500)
    assert page.evaluate(value) == 17


def test_impressions_need_a_second_in_view_and_a_click_is_a_selection(shop: Shop, server: Server, page: Page) -> None:
    shop.publish()
    page.goto(f"{server.origin}/?noreports")
    page.wait_for_function("() => document.querySelector('intently-recs').items.length === 8")
    page.wait_for_timeout(500)
    assert page.evaluate("intently.snapshot().impressions") == 0
    page.wait_for_function("() => intently.snapshot().impressions === 8")
    page.evaluate(
        "document.addEventListener('intently-select', (event) => { window.chosen = event.detail; event.preventDefault(); })"
    )
    page.locator("intently-recs").locator("a").nth(2).click()
    assert page.evaluate("window.chosen") == {"item": 3, "sku": "sku-3", "position": 2}
    assert page.evaluate("intently.snapshot().events.at(-1).type") == "select_item"
    assert page.evaluate("intently.snapshot().skips") == 7


def test_storage_refused_leaves_recommendations_and_no_report(shop: Shop, server: Server, page: Page) -> None:
    page.add_init_script(
        "for (const name of ['indexedDB', 'caches', 'sessionStorage'])"
        " Object.defineProperty(window, name, { get() { throw new DOMException('denied', 'SecurityError'); } });"
    )
    shop.publish()
    page.goto(f"{server.origin}/?eager")
    page.wait_for_function(READY)
    page.evaluate("intently.record({ type: 'view_item', item: 3 })")
    assert page.evaluate("intently.rank().then((ranked) => ranked.tier)") == "onnx"
    page.wait_for_timeout(600)
    assert server.reports() == []
    assert page.evaluate("intently.snapshot().status.reports") == "unavailable"
