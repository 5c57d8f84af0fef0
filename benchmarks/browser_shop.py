"""Shops of one model for the browser benchmark: the kernel's release, and one without kernel files; one strip of eight a page."""

from __future__ import annotations

import base64
import time
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import contracts as c
from benchmarks.browser_model import Model
from browser_runtime import build_bundle

SHOP, SHOWN = "bench-shop", 8
STYLE = "<style>ol{margin:0;padding:0;min-height:40px}li{height:20px}</style>"
HEAD = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Bench</title><link rel="icon" href="data:,">{STYLE}'
PAGE = f"""{HEAD}
<link rel="modulepreload" href="/intently/intently.js"><link rel="modulepreload" href="/intently/intently-core.js">
<script type="module" src="/page.js"></script>
<intently-recs placement="product" count="{SHOWN}" href-template="/product/{{item}}"></intently-recs></html>"""
PAGE_JS = """import { createIntently } from '/intently/intently.js';
const item = Number(location.pathname.split('/').pop()) || 1;
const query = new URLSearchParams(location.search);
const refused = () => { throw new Error('no worker in this run'); };
const intently = window.intently = createIntently({ pollMs: 0, consent: { personalize: true, reports: false },
  ...(query.has('main') ? { platform: { startWorker: refused } } : {}) });
window.firstList = new Promise((done) => intently.on('ranked', (list) => {
  if (list.placement === 'product' && list.tier !== 'pool') done(performance.now()); }));
intently.setViewing(item);
intently.record({ type: 'view_item', item });
"""
STRIP_JS = """window.firstList = new Promise((done) => requestAnimationFrame(() => done(performance.now())));
window.strip = async (items) => { const answer = await fetch('/strip', { method: 'POST', body: JSON.stringify(items) });
  document.querySelector('ol').outerHTML = await answer.text(); };
"""
ECHO_JS = "onmessage = (event) => postMessage(event.data);"


class Keys:
    """One release key for all bundles."""

    def __init__(self) -> None:
        self.release, self.pool = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()

    @staticmethod
    def hex(key: Ed25519PrivateKey) -> str:
        """Public part."""
        return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


def build_shop(folder: Path, model: Model, keys: Keys, kernel: bool) -> None:
    """A folder with bundle, signed files and manifest; without `kernel` the release names the ONNX file alone."""
    build_bundle(folder, Keys.hex(keys.release), SHOP, demo=True)
    count = len(model.categories) - 1
    named = tuple(c.Category(index=n, name=f"Category {n}") for n in range(1, max(model.categories) + 1))
    items = tuple(
        c.Item(sku=f"{100_000 + n}", name=f"Item {n}", category=model.categories[n], price_minor=990 + n % 90_000)
        for n in range(1, count + 1)
    )
    pool = c.Pool(shop=SHOP, demo=True, epoch=0, collection=0, reports=0, confidence=0.95,
                  items=tuple(c.PoolItem(item=item, reason="prior") for item in model.pool))  # fmt: skip
    configuration = c.Configuration(shop=SHOP, demo=True, epoch_s=3600, draw_min_ms=20_000, draw_max_ms=60_000, minimum_batch=1,
                                    cap_epsilon=32.0, poll_s=300, reports_url="", collections=())  # fmt: skip
    now = int(time.time())
    catalogue = c.Catalogue(shop=SHOP, currency="EUR", categories=named, items=items)
    release = c.Release(
        version=1, shop=SHOP, demo=True, issued=now, expires=now + 100_000, hpke_keys=(),
        roles=c.Roles(release=Keys.hex(keys.release), pool=Keys.hex(keys.pool), ledger="00" * 32),
        configuration=_put(folder, configuration.to_bytes(), ".json"), feature_spec=_put(folder, model.spec, ".json"),
        model=_put(folder, model.onnx, ".onnx"), catalogue=_put(folder, catalogue.to_bytes(), ".json"),
        columns=_put(folder, c.pack_columns(catalogue) or b"", ".columns"),
        base_pool=_put(folder, pool.to_bytes(), ".json"),
        head=_put(folder, model.packed.head, ".head") if kernel else None,
        rest=_put(folder, model.packed.rest, ".rest") if kernel else None,
    )  # fmt: skip
    manifest = c.Manifest(
        version=1, shop=SHOP, demo=True, issued=now, expires=now + 100_000, pool=release.base_pool,
        release=_put(folder, _sealed(c.RELEASE_TYPE, release, keys.release), ".json"), availability=c.Availability(issued=now),
    )  # fmt: skip
    (folder / "manifest.json").write_bytes(_sealed(c.MANIFEST_TYPE, manifest, keys.pool))
    (folder / "echo.js").write_text(ECHO_JS)


def _put(folder: Path, data: bytes, suffix: str) -> c.FileRef:
    sha256 = c.sha256_hex(data)
    path = folder / "files" / f"{sha256}{suffix}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return c.FileRef(path=f"files/{sha256}{suffix}", sha256=sha256, bytes=len(data))


def _sealed(kind: str, document: c.Record, key: Ed25519PrivateKey) -> bytes:
    payload, keyid = document.to_bytes(), c.sha256_hex(bytes.fromhex(Keys.hex(key)))
    sig = base64.b64encode(key.sign(c.pre_authentication_encoding(kind, payload))).decode()
    return c.Envelope.wrap(kind, payload, (c.Signature(keyid=keyid, sig=sig),)).to_bytes()
