"""The guest in a page that is watched: globals, hosts, storage, tabs, the history, Save-Data, an end."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page
from shop_server import Server, Shop

pytestmark = pytest.mark.browser

FILLED = "() => document.querySelector('intently-recs').items.length === 8"
READY = "() => ['kernel', 'onnx'].includes(window.intently?.snapshot().status.tier)"

WATCH = """
  window.namesOfNatives = () => [Array.prototype, Promise.prototype, Element.prototype, HTMLSlotElement.prototype, Object, JSON]
    .map((one) => Object.getOwnPropertyNames(one).join()).join();
  window.natives = namesOfNatives();
  window.atFirst = new Set([...Object.getOwnPropertyNames(window), 'atFirst']);
"""
REFUSING = """
  for (const name of ['indexedDB', 'caches', 'sessionStorage', 'localStorage'])
    Object.defineProperty(window, name, { get() { throw new DOMException('refused', 'SecurityError'); } });
"""


def manifests(server: Server) -> int:
    return sum(request.path == "/intently/manifest.json" for request in server.requests)


def test_no_global_is_made_and_no_other_host_is_asked(shop: Shop, server: Server, page: Page) -> None:
    shop.publish()
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    page.add_init_script(WATCH)
    page.goto(f"{server.origin}/?eager&noreports&lens")
    page.wait_for_function(READY)
    page.evaluate("intently.record({ type: 'view_item', item: 3 })")
    page.evaluate("intently.rank()")
    made = page.evaluate("Object.getOwnPropertyNames(window).filter((name) => !atFirst.has(name))")
    assert made == ["intently"], "the test page's own `window.intently`; the guest makes none"
    assert page.evaluate("natives === namesOfNatives()"), "no polyfill"
    assert {host for host in hosts if host} == {urlsplit(server.origin).netloc}
    assert page.context.cookies() == []


def test_tabs_of_one_shop_ask_once_and_another_takes_over(shop: Shop, server: Server, page: Page) -> None:
    shop.publish()
    page.goto(f"{server.origin}/?noreports")
    page.wait_for_function(FILLED)
    assert manifests(server) == 1
    others = [page.context.new_page() for _ in range(3)]
    for other in others:
        other.goto(f"{server.origin}/?noreports")
        other.wait_for_function(FILLED)
        assert other.evaluate("intently.ready") is True
    assert manifests(server) == 1, "the first tab has asked for all"
    shop.publish(pool=shop.pool(order=[50, 51, 52]))
    page.evaluate("intently.poll()")
    for other in others:
        other.wait_for_function("() => document.querySelector('intently-recs').items[0] === 50")
    assert manifests(server) == 2, "what one tab took the others read from storage"
    page.goto("about:blank")
    late = page.context.new_page()
    late.goto(f"{server.origin}/?noreports")
    late.wait_for_function("() => intently.snapshot().status.updates !== 'none'")
    for _ in range(50):
        if manifests(server) == 3:
            break
        late.wait_for_timeout(100)
    assert manifests(server) == 3, "another tab leads: it has not asked for a minute, so it asks for the newcomer"


def test_a_page_that_comes_back_from_the_history_lives(shop: Shop, server: Server, page: Page) -> None:
    shop.publish()
    page.goto(f"{server.origin}/?eager&noreports")
    page.wait_for_function(READY)
    page.evaluate("window.mark = 7")
    page.goto(f"{server.origin}/second?noreports")
    page.go_back()
    page.wait_for_function(READY)
    if page.evaluate("window.mark === 7"):  # it was kept alive, not loaded anew
        before = manifests(server)
        assert page.evaluate("intently.poll().then(() => intently.snapshot().status.updates)") == "current"
        assert manifests(server) == before + 1
    assert page.evaluate("intently.rank(null, { count: 3 }).then((list) => list.items.length)") == 3


def test_storage_refused_costs_only_what_storage_gives(shop: Shop, server: Server, page: Page) -> None:
    shop.publish()
    page.add_init_script(REFUSING)
    page.goto(f"{server.origin}/?eager")
    page.wait_for_function(READY)
    page.evaluate("intently.record({ type: 'view_item', item: 3 }); intently.notInterested(8)")
    shown = page.evaluate("intently.rank(null, { placement: 'product', count: 60 }).then((list) => [list.tier, list.items])")
    assert shown[0] != "pool"
    assert not {3, 8} & set(shown[1])
    assert page.evaluate("intently.snapshot().status.reports") == "unavailable"


def test_with_save_data_no_model_is_fetched(shop: Shop, server: Server, page: Page) -> None:
    shop.publish()
    page.add_init_script("Object.defineProperty(navigator, 'connection', { value: { saveData: true } })")
    page.goto(f"{server.origin}/?noreports")
    page.wait_for_function(FILLED)
    page.wait_for_timeout(2500)
    assert not [request.path for request in server.requests if request.path.endswith((".onnx", ".wasm", "worker.js"))]
    assert "Save-Data" in page.evaluate("intently.snapshot().status.notes.join()")


def test_disposed_of_nothing_runs_and_nothing_is_asked(shop: Shop, server: Server, page: Page) -> None:
    shop.publish()
    page.goto(f"{server.origin}/?eager&noreports")
    page.wait_for_function(READY)
    assert len(page.workers) == 1
    page.evaluate("intently.dispose()")
    page.wait_for_timeout(200)
    assert page.workers == []
    before = len(server.requests)
    page.evaluate("intently.record({ type: 'view_item', item: 3 }); intently.notInterested(4); intently.setCart([1])")
    assert page.evaluate("intently.rank().then(({ tier }) => tier)") == "pool"
    page.evaluate("dispatchEvent(new Event('online'))")
    page.wait_for_timeout(300)
    assert len(server.requests) == before
    assert page.evaluate("navigator.locks.query().then(({ held }) => held.length)") == 0


def test_a_lossy_network_is_asked_again_and_the_files_that_came_are_kept(shop: Shop, server: Server, page: Page) -> None:
    shop.publish()
    failing = {"left": 3}

    def lossy(route: object) -> None:
        if failing["left"] > 0:
            failing["left"] -= 1
            route.abort("connectionreset")  # type: ignore[attr-defined]
        else:
            route.continue_()  # type: ignore[attr-defined]

    page.route("**/intently/manifest.json", lossy)
    page.goto(f"{server.origin}/lossy?noreports")
    assert page.evaluate("intently.ready") is False, "the shop's page is not kept waiting"
    for _ in range(3):
        page.evaluate("dispatchEvent(new Event('online'))")
        page.wait_for_timeout(300)
    page.wait_for_function(FILLED)
    page.wait_for_function("() => intently.snapshot().status.updates === 'current'")


def test_a_prerendered_page_asks_for_nothing(shop: Shop, server: Server, page: Page) -> None:
    shop.publish()
    page.add_init_script("Object.defineProperty(document, 'prerendering', { value: true, writable: true })")
    page.goto(f"{server.origin}/?eager&noreports")
    page.wait_for_timeout(800)
    assert not [request.path for request in server.requests if "core" in request.path or "manifest" in request.path]
    page.evaluate("document.prerendering = false; document.dispatchEvent(new Event('prerenderingchange'))")
    page.wait_for_function(READY)


def test_a_private_window_begins_with_nothing(shop: Shop, server: Server, page: Page, chromium: Browser) -> None:
    shop.publish()
    page.goto(f"{server.origin}/?eager&noreports")
    page.wait_for_function(READY)
    page.evaluate("intently.record({ type: 'view_item', item: 3 }); intently.notInterested(8)")
    assert json.loads(page.evaluate("sessionStorage.getItem('intently-feedback-1')"))["dismissed"][0]["item"] == 8
    with chromium.new_context() as private:
        other = private.new_page()
        other.goto(f"{server.origin}/?eager&noreports")
        other.wait_for_function(READY)
        known = "({ events, feedback }) => [events.filter(({ type }) => type === 'view_item').length, feedback.dismissed.length]"
        assert other.evaluate(f"({known})(intently.snapshot())") == [0, 0]
    page.evaluate("intently.forget()")
    assert page.evaluate("sessionStorage.getItem('intently-feedback-1')") is None
