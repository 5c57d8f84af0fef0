"""A tab that polls: what it takes up, and what it refuses."""

from __future__ import annotations

import base64
import time

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.sync_api import Page
from shop_server import Server, Shop, envelope

import contracts as c

pytestmark = pytest.mark.browser

POLL = """intently.poll().then(() => { const { status, versions } = intently.snapshot();
    return [status.updates, versions.manifest]; })"""


def test_a_new_pool_is_shown_and_bad_manifests_are_refused(shop: Shop, server: Server, page: Page) -> None:
    shop.publish()
    page.goto(f"{server.origin}/?noreports")
    page.wait_for_function("() => document.querySelector('intently-recs').items.length === 8")
    page.evaluate("intently.poll()")  # joins the poll of the page's start, which may still be storing what it already shows
    older = (shop.folder / "manifest.json").read_bytes()
    newest = shop.publish(pool=shop.pool(order=[50, 51, 52], epoch=9), unavailable=(51,))
    assert page.evaluate(POLL) == ["current", 2]
    page.wait_for_function("() => String(document.querySelector('intently-recs').items) === '50,52,1,2,3,4,5,6'")
    bad = {
        "forged": shop.publish(signer=Ed25519PrivateKey.generate(), write=False, version=7),
        "older": older,
        "expired": shop.publish(write=False, version=8, expires=int(time.time()) - 1),
        "made for shop": shop.publish(write=False, version=9, shop="another"),
        "signature": flipped(newest),
    }
    for words, manifest in bad.items():
        shop.serve(manifest)
        assert page.evaluate(POLL) == ["refused", 2], words
        expected = "forged" if words == "signature" else words
        assert expected in page.evaluate("intently.snapshot().status.notes.at(-1)"), words
    assert page.evaluate("document.querySelector('intently-recs').items") == [50, 52, 1, 2, 3, 4, 5, 6]


def flipped(manifest: bytes) -> bytes:
    """The manifest with one bit of its payload changed."""
    parsed = c.Envelope.from_bytes(manifest)
    payload = bytearray(parsed.payload_bytes())
    payload[payload.index(b'"version":') + 10] ^= 1
    return parsed.model_copy(update={"payload": base64.b64encode(bytes(payload)).decode()}).to_bytes()


def test_an_unpinned_key_cannot_delegate(shop: Shop, server: Server, page: Page) -> None:
    thief = Shop(shop.folder, Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate(), shop.hpke_key)
    thief.publish()
    page.goto(f"{server.origin}/?noreports")
    assert page.evaluate("intently.ready") is False
    assert "release: forged" in page.evaluate("intently.snapshot().status.notes.at(-1)")
    assert page.evaluate("intently.rank().then((ranked) => ranked.items)") == []


def test_asking_for_the_manifest_carries_no_validator(shop: Shop, server: Server, page: Page) -> None:
    shop.publish()
    page.goto(f"{server.origin}/?noreports")
    page.evaluate("intently.ready.then(() => intently.poll())")
    before = len(server.requests)
    assert page.evaluate(POLL) == ["current", 1]
    [asked] = [request for request in server.requests[before:] if request.path == "/intently/manifest.json"]
    assert not {"if-none-match", "if-modified-since", "cookie", "referer"} & set(asked.headers)


def test_a_payload_of_another_type_is_no_manifest(shop: Shop, server: Server, page: Page) -> None:
    parsed = c.Manifest.from_bytes(c.Envelope.from_bytes(shop.publish()).payload_bytes())
    shop.serve(envelope(c.RECEIPT_TYPE, parsed, shop.pool_key))
    page.goto(f"{server.origin}/?noreports")
    assert page.evaluate("intently.ready") is False
    assert "type" in page.evaluate("intently.snapshot().status.notes.at(-1)")
