"""The session model in a worker of a page with a strict content security policy, against onnxruntime in Python."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from playwright.sync_api import Page
from shop_server import ITEMS, Server, Shop, wait_until_kept

pytestmark = pytest.mark.browser

READY = "() => window.intently?.snapshot().status.tier === 'onnx'"
VIEW = """async (item) => { intently.record({ type: 'view_item', item });
  const ranked = await intently.rank(null, { placement: 'test' }); const { scoring } = intently.snapshot();
  return { ranked, scoring, events: intently.snapshot().events
    .filter((event) => event.type === 'view_item').map((event) => event.item) }; }"""


def test_scores_equal_onnxruntime_and_the_list_is_filtered(shop: Shop, server: Server, page: Page) -> None:
    shop.publish(unavailable=(5, 6))
    page.goto(f"{server.origin}/?eager&noreports")
    page.wait_for_function(READY)
    page.evaluate("intently.setCart([9])")
    reference = onnxruntime.InferenceSession(shop.model)
    for prefix in ([3], [3, 11], [3, 11, 40]):
        seen = page.evaluate(VIEW, prefix[-1])
        assert seen["events"] == prefix
        candidates = seen["scoring"]["candidates"]
        assert candidates == list(range(1, ITEMS + 1))
        feeds = {"item": np.array(prefix, dtype=np.int32), "candidates": np.array(candidates, dtype=np.int32)}
        want = reference.run(["scores"], feeds)[0]
        np.testing.assert_allclose(seen["scoring"]["scores"], want, rtol=1e-5, atol=1e-6)
        hidden = {5, 6, 9, prefix[-1]}
        order = [item for item in np.lexsort((candidates, -want)) + 1 if item not in hidden]
        assert seen["ranked"]["items"] == order
        assert seen["ranked"]["tier"] == "onnx"


def test_pool_order_stands_at_once_and_the_strip_re_ranks_in_place(shop: Shop, server: Server, page: Page) -> None:
    shop.publish(pool=shop.pool(order=[7, 3, 1, 2, 9, 10, 11, 12, 13]))
    page.add_init_script(
        "window.shifts = 0; new PerformanceObserver((list) => list.getEntries().forEach(({ value }) => { shifts += value; }))"
        ".observe({ type: 'layout-shift', buffered: true });"
    )
    page.goto(f"{server.origin}/?noreports")
    page.wait_for_function("() => document.querySelector('intently-recs').items.length === 8")
    assert page.evaluate("document.querySelector('intently-recs').items") == [7, 3, 1, 2, 9, 10, 11, 12]
    page.wait_for_function(READY)
    before = page.evaluate("document.querySelector('intently-recs').getBoundingClientRect().height")
    page.evaluate(VIEW, 3)
    page.wait_for_function("() => !document.querySelector('intently-recs').items.includes(3)")
    after = page.evaluate("[document.querySelector('intently-recs').items, intently.snapshot().lastRanked.items.slice(0, 8)]")
    assert after[0] == after[1]
    assert page.evaluate("document.querySelector('intently-recs').getBoundingClientRect().height") == before
    page.wait_for_timeout(100)
    assert page.evaluate("shifts") == 0, "nothing on the page moved"


def test_a_model_that_does_not_come_holds_no_list_back(shop: Shop, server: Server, page: Page) -> None:
    shop.publish(pool=shop.pool(order=[7, 3, 1, 2, 9, 10, 11, 12, 13]))
    page.route("**/*.onnx", lambda route: None)  # never answered
    page.goto(f"{server.origin}/?noreports")
    page.wait_for_function("() => document.querySelector('intently-recs').items.length === 8")
    assert page.evaluate("document.querySelector('intently-recs').items") == [7, 3, 1, 2, 9, 10, 11, 12]
    page.wait_for_function("() => intently.snapshot().status.model === 'loading'")
    page.evaluate("document.querySelector('intently-recs').setAttribute('count', '4')")
    page.wait_for_function("() => document.querySelector('intently-recs').items.join() === '7,3,1,2'")


def test_catalogue_strings_are_text(shop: Shop, server: Server, page: Page) -> None:
    shop.publish()
    page.goto(f"{server.origin}/?noreports")
    page.wait_for_function("() => document.querySelector('intently-recs').items.length === 8")
    root = "document.querySelector('intently-recs').shadowRoot"
    assert page.evaluate(f"{root}.querySelector('[part=name]').textContent") == "Item 1 <b>of</b> the shop"
    assert page.evaluate(f"{root}.querySelector('b')") is None
    assert page.evaluate(f"{root}.querySelector('a').getAttribute('href')") == "/product/1"


def test_a_worker_that_is_refused_leaves_pool_order_and_says_why(shop: Shop, server: Server, page: Page) -> None:
    shop.publish()
    (shop.folder / "intently-onnx-worker.js").unlink()
    page.goto(f"{server.origin}/?eager&noreports")
    page.wait_for_function("() => intently.snapshot().status.model === 'failed'")
    seen = page.evaluate(
        "intently.rank().then((ranked) => [ranked.tier, ranked.items[0], intently.snapshot().status.notes.at(-1)])"
    )
    assert seen[:2] == ["pool", 1]
    assert "worker" in seen[2]


def test_a_model_of_another_hash_is_not_run(shop: Shop, server: Server, page: Page) -> None:
    shop.publish()
    file = next((shop.folder / "files").glob("*.onnx"))
    data = bytearray(file.read_bytes())
    data[-20] ^= 1
    file.write_bytes(bytes(data))
    page.goto(f"{server.origin}/?eager&noreports")
    page.wait_for_function("() => intently.snapshot().status.model === 'failed'")
    assert "hash" in page.evaluate("intently.snapshot().status.notes.at(-1)")


def test_session_and_model_survive_a_navigation_without_the_server(shop: Shop, server: Server, page: Page) -> None:
    shop.publish()
    page.goto(f"{server.origin}/?eager&noreports")
    page.wait_for_function(READY)
    page.evaluate(VIEW, 3)
    wait_until_kept(page, ".onnx", ".wasm")
    before = len(server.requests)
    page.goto(f"{server.origin}/second?eager&noreports")
    page.wait_for_function(READY)
    assert 3 in page.evaluate(
        "intently.snapshot().events.filter((event) => event.type === 'view_item').map((event) => event.item)"
    )
    asked = [request.path for request in server.requests[before:]]
    assert not any(path.endswith((".onnx", ".wasm")) or "/files/" in path for path in asked), asked
    shop.folder.joinpath("manifest.json").unlink()  # as good as offline
    page.evaluate("intently.poll()")
    assert page.evaluate(VIEW, 11)["ranked"]["tier"] == "onnx"
