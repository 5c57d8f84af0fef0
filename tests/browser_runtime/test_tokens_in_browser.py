"""Anonymous tokens end to end: a real browser, the issuer's application, the relay's application, each on a port of its own."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import uvicorn
from cryptography.hazmat.primitives import serialization
from playwright.sync_api import Browser, Page
from playwright.sync_api import Request as PageRequest
from shop_server import PAGE_CSP, Server, Shop
from starlette.types import ASGIApp

import contracts as c
from aggregator.issuer.app import issuer_app
from aggregator.relay.app import create_app
from aggregator.relay.settings import RelaySettings
from intently.auditing.capture import capture_worlds
from intently.ports import free_port
from privacy.token_issuer import Issuer, generate_issuer_key
from privacy.tokens import challenge, verify_token
from privacy.traffic import check_capture, compare

pytestmark = pytest.mark.browser

PRIVATE = generate_issuer_key()
EPOCH_S = 10**9
"""One that does not end while a test runs."""
HTML = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Signed-in shop</title><link rel="icon" href="data:,">
<script type="module" src="/signed_in.js"></script><p style="height: 4000px">goods</p></html>"""
SCRIPT = """import { createIntently } from '/intently/intently.js';
window.intently = createIntently({ pollMs: 0, modelMostBytes: 0, consent: { personalize: true, reports: true } });"""
"""No model: when that is fetched hangs on the tab being in front, which tests/loop/test_two_worlds.py looks at."""
STATE = "intently.snapshot().reports.at(-1)"
SENT = "() => window.intently?.snapshot().reports.at(-1)?.state === 'sent'"
NO_TOKEN = "() => window.intently?.snapshot().status.notes.some((note) => note.includes('token issuer answered 401'))"


@contextlib.contextmanager
def serving(app: ASGIApp, port: int) -> Iterator[None]:
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(20)


@dataclass(frozen=True)
class Places:
    """Where the parties are."""

    shop: str
    issuer: str
    relay: str


@pytest.fixture
def places(shop: Shop, server: Server, tmp_path: Path) -> Iterator[Places]:
    """A shop whose configuration asks for tokens, its issuer, and a relay that wants them."""
    found = Places(server.origin, *(f"http://127.0.0.1:{free_port()}" for _ in range(2)))
    terms = c.TokenTerms(issuer="issuer.example", key=f"{Issuer(PRIVATE).key.n:x}", url=found.issuer)
    shop.configure(tokens=terms, reports_url=found.relay, epoch_s=EPOCH_S)
    shop.publish()
    server.scripts["/signed_in.js"] = SCRIPT
    policy = PAGE_CSP.replace("connect-src 'self'", f"connect-src 'self' {found.issuer} {found.relay}")
    server.pages["/"] = (HTML, {"Content-Security-Policy": policy + " 'unsafe-inline'"})
    (tmp_path / "configuration.json").write_bytes(shop.configuration.to_bytes())
    pem = PRIVATE.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "issuer.pem").write_bytes(pem)
    settings = RelaySettings.model_validate({
        "store": str(tmp_path / "relay.sqlite"), "outbox": str(tmp_path / "outbox.sqlite"), "token_issuer": "issuer.example",
        "token_keys": [str(tmp_path / "issuer.pem")],
        "configurations": [{"file": str(tmp_path / "configuration.json"), "key_ids": [3]}],
    })  # fmt: skip
    issuer = issuer_app(Issuer(PRIVATE), EPOCH_S, lambda request: request.cookies.get("account", ""), (found.shop,))
    with (
        serving(issuer, int(found.issuer.rpartition(":")[2])),
        serving(create_app(settings), int(found.relay.rpartition(":")[2])),
    ):
        yield found


def sign_in(page: Page, places: Places, account: str = "shopper-1") -> None:
    page.context.add_cookies([{"name": "account", "value": account, "url": places.issuer}])


def test_a_signed_in_page_gets_a_token_and_the_relay_takes_it_once(places: Places, page: Page) -> None:
    asked: list[PageRequest] = []
    page.on("request", lambda request: asked.append(request) if request.method == "POST" else None)
    sign_in(page, places)
    page.goto(places.shop)
    page.wait_for_function(SENT, timeout=60_000)
    report = page.evaluate(STATE)
    body = bytes.fromhex(report["bodyHex"])
    assert len(body) == 410
    assert [request.url for request in asked] == [f"{places.issuer}/v1/tokens", report["url"]]
    assert "account=shopper-1" in asked[0].all_headers()["cookie"]
    assert not {"cookie", "referer"} & asked[1].all_headers().keys(), "the account is known to the issuer alone"
    bucket = c.Bucket.from_path(report["url"].removeprefix(places.relay))
    verify_token(body[56:], Issuer(PRIVATE).key, challenge("issuer.example", bucket.release, bucket.epoch))
    headers = {"Content-Type": "text/plain"}
    assert httpx.post(report["url"], content=body, headers=headers).status_code == 202, "the identical bytes are a resend"
    again = httpx.post(report["url"], content=bytes(56) + body[56:], headers=headers)
    assert (again.status_code, "spent" in again.text) == (403, True)
    assert httpx.post(report["url"], content=body[:56], headers=headers).status_code == 400, "no token, no report"


def test_who_is_not_signed_in_sends_nothing_and_spends_nothing_until_then(places: Places, page: Page) -> None:
    page.goto(places.shop)
    page.wait_for_function(NO_TOKEN, timeout=60_000)
    waits = page.evaluate(STATE)
    assert (waits["state"], waits["bodyHex"], "waits for a token" in waits["words"]) == ("waiting", "", True)
    assert page.evaluate("intently.snapshot().budget.spent_epsilon") == 0
    assert page.evaluate("intently.rankNow().items.length") > 0, "lists need no token"
    sign_in(page, places)
    page.reload()
    page.wait_for_function(SENT, timeout=60_000)
    assert page.evaluate("intently.snapshot().budget.spent_epsilon") == 2.995733


LEAK = """addEventListener('scroll', () => fetch('{issuer}/v1/tokens', {{method: 'POST', credentials: 'include',
  headers: {{'Content-Type': 'application/private-token-request'}}, referrerPolicy: 'no-referrer', body: new Uint8Array(259)}}),
  {{once: true}});"""
"""What a careless shop does: fetch a token once the shopper is seen to be there."""


def odd_between(chromium: Browser, places: Places, init: str = "") -> set[str]:
    account = {"name": "account", "value": "shopper-2", "url": places.shop}  # there before the first request
    busy, idle = capture_worlds(chromium, places.shop, ["/"], 2.0, init, reports=1, cookies=[account])
    assert all(sum(request.asks_for_token for request in each) >= 1 for each in (busy, idle))
    findings = [*check_capture(busy, True), *check_capture(idle, True), *compare(busy, idle, tolerance_ms=60_000)]
    return {finding.name for finding in findings if not finding.ok}


def test_asking_for_tokens_does_not_depend_on_behaviour(places: Places, chromium: Browser) -> None:
    assert odd_between(chromium, places) == set()


def test_a_token_that_is_fetched_on_scrolling_is_named(places: Places, chromium: Browser) -> None:
    assert {"count alike", "time alike"} <= odd_between(chromium, places, LEAK.format(issuer=places.issuer))
