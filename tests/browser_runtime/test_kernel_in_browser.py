"""The kernel tier in a real page: its worker under a strict policy, head before rest, refusals that keep the model before."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
import onnxruntime
import pytest
from conftest import PAGE, PAGE_JS
from playwright.sync_api import Page
from shop_server import ITEMS, PAGE_CSP, Server, Shop, wait_until_kept

from browser_runtime import pack_model
from browser_runtime.kernel.sample import Sizes, sample_model

pytestmark = pytest.mark.browser

SIZES = Sizes(items=ITEMS, dim=16, hidden=8, attention=8, length=16, heads=False, inputs=())
POOL = range(1, 31)
KERNEL = "() => window.intently?.snapshot().status.tier === 'kernel'"
RANK = """async (items) => { for (const item of items) intently.record({ type: 'view_item', item });
  const ranked = await intently.rank(null, { placement: 'test' });
  return { tier: ranked.tier, items: ranked.items, scoring: intently.snapshot().scoring }; }"""
NOTES = "intently.snapshot().status.notes.join(' | ')"


def give_kernel_model(shop: Shop, seed: int = 0) -> None:
    shop.model = sample_model(SIZES, seed)
    categories = [0, *(item.category for item in shop.catalogue().items)]
    packed = pack_model(shop.model, POOL, categories)
    shop.head, shop.rest = packed.head, packed.rest


def check_scores(shop: Shop, seen: dict, session: list[int]) -> None:
    candidates = np.array(seen["scoring"]["candidates"], np.int32)
    feeds = {"item": np.array(session, np.int32), "candidates": candidates}
    want = onnxruntime.InferenceSession(shop.model).run(["scores"], feeds)[0]
    np.testing.assert_allclose(seen["scoring"]["scores"], want, rtol=1e-4, atol=1e-4)
    assert seen["tier"] == "kernel"


def wait_for_rest(page: Page, server: Server) -> None:
    page.wait_for_function("() => performance.getEntriesByType('resource').some(({ name }) => name.endsWith('.rest'))")
    page.wait_for_timeout(150)


def asked(server: Server) -> list[str]:
    return [request.path.rpartition("/")[2] for request in server.requests]


def test_scores_equal_onnxruntime_which_is_never_fetched(shop: Shop, server: Server, page: Page) -> None:
    give_kernel_model(shop)
    shop.publish()
    page.goto(f"{server.origin}/?noreports")
    page.wait_for_function(KERNEL)
    wait_for_rest(page, server)
    check_scores(shop, page.evaluate(RANK, [3, 40, 3]), [3, 40, 3])
    names = asked(server)
    assert not any(
        name.startswith(("intently-onnx", "ort-wasm", "intently-kernel.js")) or name.endswith(".onnx") for name in names
    )
    head, rest = (next(at for at, name in enumerate(names) if name.endswith(end)) for end in (".head", ".rest"))
    assert max(head, names.index("intently-kernel.wasm"), names.index("intently-worker.js")) < rest, "rest comes last"


def test_a_second_page_runs_from_the_cache(shop: Shop, server: Server, page: Page) -> None:
    give_kernel_model(shop)
    shop.publish()
    page.goto(f"{server.origin}/?eager&noreports")
    page.wait_for_function(KERNEL)
    wait_until_kept(page, ".head", ".rest", ".wasm")
    before = len(server.requests)
    page.goto(f"{server.origin}/second?eager&noreports")
    page.wait_for_function(KERNEL)
    page.wait_for_timeout(300)  # a request that must not come would have
    assert not [name for name in asked(server)[before:] if name.endswith((".head", ".rest", ".wasm"))]


def test_a_refused_rest_leaves_the_head_scoring(shop: Shop, server: Server, page: Page) -> None:
    give_kernel_model(shop)
    assert shop.rest is not None
    shop.rest = shop.rest[:-1]
    shop.publish()
    page.goto(f"{server.origin}/?eager&noreports")
    page.wait_for_function(f"() => window.intently && {NOTES}.includes('the file ends too early')")
    seen = page.evaluate(RANK, [3, 12])
    assert seen["tier"] == "kernel"
    seen["scoring"]["candidates"] = [item for item in seen["scoring"]["candidates"] if item in POOL]
    seen["scoring"]["scores"] = seen["scoring"]["scores"][: len(POOL)]
    check_scores(shop, seen, [3, 12])


@pytest.mark.parametrize("damage", ["cut", "flipped", "longer", "another model's rest"])
def test_a_refused_newer_model_leaves_the_one_before(damage: str, shop: Shop, server: Server, page: Page) -> None:
    give_kernel_model(shop)
    shop.publish()
    page.goto(f"{server.origin}/?eager&noreports")
    page.wait_for_function(KERNEL)
    wait_for_rest(page, server)
    before = shop.model
    give_kernel_model(shop, seed=1)
    assert shop.head is not None
    at = 76  # a constant's header
    shop.head = {
        "cut": shop.head[:-5], "flipped": shop.head[:at] + bytes([255, 255]) + shop.head[at + 2 :], "longer": shop.head + b"more",
        "another model's rest": shop.head,
    }[damage]  # fmt: skip
    if damage == "another model's rest":
        shop.rest = b"INTR" + (shop.rest or b"")[4:8] + hashlib.sha256(b"other").digest() + (shop.rest or b"")[40:]
    shop.publish(release_version=2)
    page.evaluate("intently.poll()")
    sentence = "head and rest are of different models" if damage == "another model's rest" else "a newer model was refused"
    page.wait_for_function(f"() => {NOTES}.includes({sentence!r})")
    seen = page.evaluate(RANK, [3, 12])
    if damage == "another model's rest":
        assert seen["tier"] == "kernel"
        return
    shop.model = before
    check_scores(shop, seen, [3, 12])


@pytest.fixture
def wasm_server(shop: Shop) -> Iterator[Server]:
    started = Server(shop.folder, PAGE, {"/page.js": PAGE_JS}, PAGE_CSP.replace("'self';", "'self' 'wasm-unsafe-eval';", 1))
    yield started
    started.close()


def test_where_workers_are_refused_the_kernel_runs_on_the_main_thread(shop: Shop, wasm_server: Server, page: Page) -> None:
    give_kernel_model(shop)
    shop.publish()
    (shop.folder / "intently-worker.js").unlink()
    page.goto(f"{wasm_server.origin}/?eager&noreports")
    page.wait_for_function(KERNEL)
    wait_for_rest(page, wasm_server)
    check_scores(shop, page.evaluate(RANK, [3, 40]), [3, 40])


def test_without_a_worker_and_without_wasm_the_pool_order_stays(shop: Shop, server: Server, page: Page) -> None:
    give_kernel_model(shop)
    shop.publish()
    (shop.folder / "intently-worker.js").unlink()
    page.goto(f"{server.origin}/?eager&noreports")
    page.wait_for_function("() => window.intently?.snapshot().status.model === 'failed'")
    assert page.evaluate(RANK, [3])["tier"] == "pool"


def test_without_simd_the_pool_order_stays_and_nothing_is_fetched(shop: Shop, server: Server, page: Page) -> None:
    give_kernel_model(shop)
    shop.publish()
    page.add_init_script("WebAssembly.validate = () => false;")
    page.goto(f"{server.origin}/?eager&noreports")
    page.wait_for_function("() => window.intently?.snapshot().status.model === 'failed'")
    assert "SIMD" in page.evaluate(NOTES)
    assert page.evaluate(RANK, [3])["tier"] == "pool"
    assert not [name for name in asked(server) if name.endswith((".wasm", ".head", ".onnx")) or "worker" in name]
