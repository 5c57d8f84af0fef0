"""Pages under each policy of docs/csp-and-caching.md: each keeps what the page says that it keeps, and says what is missing."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page
from shop_server import PAGE_CSP, Server, Shop

pytestmark = pytest.mark.browser

BODY = """<!doctype html><html lang="en"><title>Shop</title><link rel="icon" href="data:,">
<script type="module" src="/page.js"></script>
<intently-recs id="own" placement="product" count="4"></intently-recs>
<intently-recs id="rendered" placement="page" count="2">
<p data-intently-item="3">3</p><p data-intently-item="5">5</p></intently-recs>
</html>"""
STATE = """async () => {
  await intently.ready;
  await new Promise((done) => setTimeout(done, 300));
  intently.record({ type: 'view_item', item: 3 });
  const { tier } = await intently.rank(null, { placement: 'x', count: 3 });
  const { status } = intently.snapshot();
  return { tier, updates: status.updates, model: status.model, notes: status.notes.join(' | '),
    own: document.querySelector('#own').items.length, rendered: document.querySelector('#rendered').innerText };
}"""
SETTLED = "() => window.intently && ['ready', 'failed', 'none'].includes(intently.snapshot().status.model)"
WASM_TIERS = ("kernel", "onnx")


def visit(shop: Shop, server: Server, page: Page, policy: str, expect: str) -> dict[str, object]:
    """Open the page under a policy, wait until the model came or did not, and read what is left."""
    shop.publish()
    server.pages["/policy"] = (BODY, {"Content-Security-Policy": policy} if policy else {})
    page.goto(f"{server.origin}/policy?eager&noreports")
    page.wait_for_function(f"() => {{ const status = window.intently?.snapshot().status; return status && status.{expect} }}")
    seen: dict[str, object] = page.evaluate(STATE)
    return seen


def without(directive: str, instead: str) -> str:
    parts = [part for part in PAGE_CSP.split("; ") if not part.startswith(directive)]
    return "; ".join([*parts, f"{directive} {instead}"])


@pytest.mark.parametrize(
    "policy", [PAGE_CSP, without("script-src", "'self' 'wasm-unsafe-eval'"), ""], ids=["strict", "wasm", "none"]
)
def test_the_model_runs_under_a_strict_policy_and_under_a_loose_one(shop: Shop, server: Server, page: Page, policy: str) -> None:
    seen = visit(shop, server, page, policy, "model === 'ready'")
    assert seen["tier"] in WASM_TIERS
    assert seen["own"] == 4


def test_a_worker_whose_own_policy_refuses_wasm_leaves_pool_order(shop: Shop, server: Server, page: Page) -> None:
    server.worker_headers = {"Content-Security-Policy": "default-src 'self'; script-src 'self'"}
    seen = visit(shop, server, page, PAGE_CSP, "model === 'failed' && status.updates === 'current'")
    assert (seen["tier"], seen["own"], seen["updates"]) == ("pool", 4, "current")
    assert "pool's order" in str(seen["notes"])


def test_a_refused_worker_leaves_pool_order(shop: Shop, server: Server, page: Page) -> None:
    seen = visit(shop, server, page, without("worker-src", "'none'"), "model === 'failed' && status.updates === 'current'")
    assert (seen["tier"], seen["own"], seen["updates"]) == ("pool", 4, "current")
    assert "worker" in str(seen["notes"])


def test_closed_connections_leave_what_the_server_rendered(shop: Shop, server: Server, page: Page) -> None:
    seen = visit(shop, server, page, without("connect-src", "'none'"), "updates === 'offline'")
    assert (seen["tier"], seen["own"]) == ("pool", 0)
    assert "3" in str(seen["rendered"])
    assert "5" in str(seen["rendered"])
    before = len([request for request in server.requests if "manifest" in request.path])
    assert before == 0, "the browser asked nobody"


def test_refused_scripts_leave_the_page_as_it_is(shop: Shop, server: Server, page: Page) -> None:
    shop.publish()
    server.pages["/policy"] = (BODY, {"Content-Security-Policy": without("script-src", "'none'")})
    page.goto(f"{server.origin}/policy?eager&noreports")
    page.wait_for_timeout(300)
    assert page.locator("#rendered p").all_inner_texts() == ["3", "5"]
    assert page.evaluate("typeof window.intently") == "undefined"


def test_styles_need_no_exception(shop: Shop, server: Server, page: Page) -> None:
    visit(shop, server, page, without("style-src", "'none'"), "model === 'ready'")
    grid = "getComputedStyle(document.querySelector('#own').shadowRoot.querySelector('ol')).display"
    assert page.evaluate(grid) == "grid", "style sheets are constructed, not inline"


def test_in_an_iframe_of_another_site_it_works_in_its_own_storage(shop: Shop, server: Server, page: Page) -> None:
    """127.0.0.1 and localhost are two sites: storage is partitioned, cookies are not used, nothing is asked of the other."""
    shop.publish()
    server.pages["/framed"] = (BODY, {})
    server.pages["/outer"] = (f'<!doctype html><title>Other site</title><iframe src="{server.origin}/framed?eager"></iframe>', {})
    page.goto(f"{server.origin.replace('127.0.0.1', 'localhost')}/outer")
    frame = page.frames[1]
    frame.wait_for_function("() => window.intently?.snapshot().status.model === 'ready'")
    assert frame.evaluate(STATE)["tier"] in WASM_TIERS


def test_in_a_sandbox_without_an_origin_only_what_the_server_rendered_is_left(shop: Shop, server: Server, page: Page) -> None:
    shop.publish()
    server.pages["/framed"] = (BODY, {})
    server.pages["/outer"] = (
        '<!doctype html><title>Outer</title><iframe sandbox="allow-scripts" src="/framed?eager"></iframe>',
        {},
    )
    page.goto(f"{server.origin}/outer")
    frame = page.frames[1]
    frame.wait_for_selector("#rendered p")
    page.wait_for_timeout(500)
    assert frame.locator("#rendered p").all_inner_texts() == ["3", "5"]
