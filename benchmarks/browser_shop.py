"""Three shops of one model on loopback: the kernel's release, the same without kernel files, and a strip that the server renders.

Files are served as delivery serves them: brotli where it helps, immutable below files/. Pages hold one strip of eight places.
"""

from __future__ import annotations

import base64
import json
import sys
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import brotli
import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import contracts as c
from browser_runtime import Packed, build_bundle
from edge_model import OnnxScorer

SHOP, SHOWN = "bench-shop", 8
TYPES = {".js": "text/javascript", ".json": "application/json", ".wasm": "application/wasm", ".html": "text/html"}
STYLE = "<style>ol{margin:0;padding:0;min-height:40px}li{height:20px}</style>"
PAGE = f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Bench</title><link rel="icon" href="data:,">{STYLE}
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


@dataclass(frozen=True)
class Model:
    """What all three shops run."""

    onnx: bytes
    spec: bytes
    packed: Packed
    pool: tuple[int, ...]
    scorer: OnnxScorer
    categories: tuple[int, ...]
    """Of item i; entry 0 is not used."""


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


class Server:
    """Serves one shop's folder, or strips of `scorer`, on a port of its own. `isolated`: clocks of 5 us (COOP and COEP)."""

    def __init__(self, folder: Path | None, scorer: OnnxScorer | None = None, isolated: bool = False) -> None:
        self.folder, self.scorer, self.isolated = folder, scorer, isolated
        self.packed: dict[str, bytes] = {}
        self.lock = threading.Lock()
        self.score_ms: list[float] = []
        self.http = _Quiet(("127.0.0.1", 0), _handler(self))
        self.origin = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def brotli(self, name: str, data: bytes) -> bytes:
        """Compressed once; the best quality where it takes no seconds."""
        with self.lock:
            if name not in self.packed:
                self.packed[name] = brotli.compress(data, quality=11 if len(data) < 1_000_000 else 9)
            return self.packed[name]

    def strip(self, items: list[int]) -> bytes:
        """The list as the server renders it, the model under native onnxruntime."""
        assert self.scorer is not None
        began = time.perf_counter()
        inputs = {str(part.name): np.zeros(len(items), np.int32) for part in self.scorer.spec.inputs}
        inputs["item"] = np.array(items, np.int32)
        with self.lock:
            scores = self.scorer.run(inputs, np.arange(1, self.scorer.spec.items + 1, dtype=np.int32))[1]
        self.score_ms.append((time.perf_counter() - began) * 1000)
        best = np.argpartition(-scores, SHOWN)[:SHOWN]
        best = best[np.argsort(-scores[best], kind="stable")] + 1
        return ("<ol>" + "".join(f'<li><a href="/product/{item}">Item {item}</a></li>' for item in best) + "</ol>").encode()

    def page(self, path: str) -> bytes:
        """HTML of a product page."""
        if self.scorer is None:
            return PAGE.encode()
        item = int(path.split("?")[0].rpartition("/")[2] or 1)
        head = '<!doctype html><html lang="en"><meta charset="utf-8"><title>Bench</title><link rel="icon" href="data:,">'
        return head.encode() + STYLE.encode() + self.strip([item]) + b'<script src="/page.js"></script></html>'

    def close(self) -> None:
        """Stop."""
        self.http.shutdown()
        self.http.server_close()


class _Quiet(ThreadingHTTPServer):
    """Browsers that leave in the middle of an answer are no fault of the server."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        """As servers for the public do; without it each answer waits some 40 ms for the acknowledgement of its own headers."""

        def log_message(self, format: str, *args: Any) -> None: ...

        def answer(self, name: str, data: bytes, kind: str, cache: str = "no-cache") -> None:
            small = server.brotli(name, data) if len(data) > 512 and cache else data
            self.send_response(200)
            headers = {"Content-Type": kind, "Content-Length": str(len(small)), "Cache-Control": cache or "no-store"}
            if small is not data:
                headers["Content-Encoding"] = "br"
            if server.isolated:
                headers |= {"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp"}
            for key, value in headers.items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(small)

        def do_POST(self) -> None:
            items = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.answer("", server.strip(items[-20:]), "text/html", "")

        def do_GET(self) -> None:
            path = self.path.split("?")[0]
            if path == "/page.js":
                return self.answer(path, (STRIP_JS if server.scorer else PAGE_JS).encode(), TYPES[".js"])
            file = server.folder / path.removeprefix("/intently/") if server.folder and path.startswith("/intently/") else None
            if file is None:
                return self.answer("", server.page(self.path), TYPES[".html"], "")
            if not file.is_file():
                self.send_error(404)
                return None
            cache = "public, max-age=31536000, immutable" if "/files/" in path else "no-cache"
            kind = TYPES.get(file.suffix, "application/octet-stream")
            return self.answer(path, file.read_bytes(), kind, "" if path.endswith("manifest.json") else cache)

    return Handler
