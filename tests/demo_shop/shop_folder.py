"""A served folder of 60 items with unsigned envelopes, for the shop without Intently."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Page

from contracts import (
    MANIFEST_TYPE,
    RELEASE_TYPE,
    Availability,
    Catalogue,
    Category,
    Envelope,
    FileRef,
    Item,
    Manifest,
    Pool,
    PoolItem,
    Record,
    Release,
    Roles,
    Signature,
    sha256_hex,
)  # fmt: skip
from intently.demo.pictures import with_pictures

ITEMS = 60
MARKUP = "<b onclick='x()'>Mug</b> & saucer"
KINDS = ("Mugs", "Lamps", "Shoes")
ZERO = "0" * 64


def catalogue() -> Catalogue:
    """Three categories; item 1 has a name that would be markup if it were not text."""
    items = tuple(
        Item(
            sku=f"S-{n}",
            name=MARKUP if n == 1 else f"{KINDS[(n - 1) % 3][:-1]} {n}",
            category=(n - 1) % 3 + 1,
            price_minor=n * 100,
        )
        for n in range(1, ITEMS + 1)
    )
    categories = tuple(Category(index=n + 1, name=name) for n, name in enumerate(KINDS))
    return with_pictures(Catalogue(shop="test", currency="EUR", categories=categories, items=items))


def put(public: Path, data: bytes) -> FileRef:
    """Store by content."""
    digest = sha256_hex(data)
    (public / "files").mkdir(parents=True, exist_ok=True)
    (public / "files" / f"{digest}.json").write_bytes(data)
    return FileRef(path=f"files/{digest}.json", sha256=digest, bytes=len(data))


def envelope(kind: str, document: Record) -> bytes:
    """An envelope with no valid signature: these tests are of the shop without Intently, which checks none."""
    return Envelope.wrap(kind, document.to_bytes(), (Signature(keyid=ZERO, sig=""),)).to_bytes()


def publish(public: Path) -> None:
    """Manifest, release, catalogue and pool; the pool orders the items backwards."""
    backwards = tuple(PoolItem(item=n, reason="prior") for n in range(ITEMS, 0, -1))
    pool = put(
        public, Pool(shop="test", demo=True, epoch=0, collection=0, reports=0, confidence=0.95, items=backwards).to_bytes()
    )
    none = put(public, b"{}")
    release = Release(
        version=1, shop="test", demo=True, issued=0, expires=1, roles=Roles(release=ZERO, pool=ZERO, ledger=ZERO), hpke_keys=(),
        configuration=none, feature_spec=none, model=none, catalogue=put(public, catalogue().to_bytes()), base_pool=pool,
    )  # fmt: skip
    manifest = Manifest(
        version=1, shop="test", demo=True, issued=0, expires=1, release=put(public, envelope(RELEASE_TYPE, release)), pool=pool,
        availability=Availability(issued=0),
    )  # fmt: skip
    (public / "manifest.json").write_bytes(envelope(MANIFEST_TYPE, manifest))


@dataclass
class Seen:
    """What the browser asked for and complained of."""

    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


UNTIL_S = 15.0


def until(page: Page, condition: Callable[[], bool], words: str) -> None:
    """Wait for `condition`; Playwright's own `wait_for_function` needs the `eval` that the shop's policy refuses."""
    end = time.monotonic() + UNTIL_S
    while not condition():
        assert time.monotonic() < end, f"after {UNTIL_S} s not seen: {words}"
        page.wait_for_timeout(50)
