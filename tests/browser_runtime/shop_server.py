"""A hand-made shop for the browser's tests: signed files from contracts and cryptography alone, a bundle, a page, a relay that
only remembers what arrived. Everything is served from one loopback port."""

from __future__ import annotations

import base64
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from onnx import TensorProto, helper, numpy_helper
from playwright.sync_api import Page

import contracts as c

ITEMS = 60
DIM = 8
SHOP = "test-shop"
PAGE_CSP = "default-src 'none'; script-src 'self'; connect-src 'self'; worker-src 'self'; img-src 'self' data:; style-src 'self'"
COLOURS = ("b45309", "0f766e", "1d4ed8", "7c3aed", "be123c")


def public_hex(key: Ed25519PrivateKey | X25519PrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex()


def envelope(kind: str, document: c.Record, key: Ed25519PrivateKey) -> bytes:
    payload = document.to_bytes()
    keyid = c.sha256_hex(bytes.fromhex(public_hex(key)))
    sig = base64.b64encode(key.sign(c.pre_authentication_encoding(kind, payload))).decode()
    return c.Envelope.wrap(kind, payload, (c.Signature(keyid=keyid, sig=sig),)).to_bytes()


KEPT = """async (endings) => {
  const kept = (await (await caches.open('intently-files-1')).keys()).map(({ url }) => url);
  const fetched = performance.getEntriesByType('resource').map(({ name }) => name).filter((name) => name.includes('/files/'));
  return endings.every((ending) => kept.some((url) => url.endsWith(ending)))
    && fetched.filter((url) => !kept.includes(url)).length <= 1; }"""


def wait_until_kept(page: Page, *endings: str) -> None:
    """Files of these endings are in Cache Storage, and all else that was fetched, but for the release (beside)."""
    end = time.monotonic() + 30
    while not page.evaluate(KEPT, list(endings)):  # `wait_for_function` takes a promise for a yes
        assert time.monotonic() < end, f"not kept within 30 s: {endings}"
        page.wait_for_timeout(50)


def tiny_model(items: int = ITEMS, dim: int = DIM) -> bytes:
    """Embedding = mean of the events' vectors; score = its inner product with each candidate's. Row i is catalogue index i."""
    table = np.random.default_rng(7).standard_normal((items + 1, dim)).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Gather", ["table", "item"], ["seen"], axis=0),
            helper.make_node("ReduceMean", ["seen", "axis"], ["session_embedding"], keepdims=0),
            helper.make_node("Gather", ["table", "candidates"], ["vectors"], axis=0),
            helper.make_node("MatMul", ["vectors", "session_embedding"], ["scores"]),
        ],
        "tiny",
        [
            helper.make_tensor_value_info("item", TensorProto.INT32, ["T"]),
            helper.make_tensor_value_info("candidates", TensorProto.INT32, ["C"]),
        ],
        [
            helper.make_tensor_value_info("session_embedding", TensorProto.FLOAT, [dim]),
            helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["C"]),
        ],
        [numpy_helper.from_array(table, "table"), numpy_helper.from_array(np.array([0], dtype=np.int64), "axis")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def picture(colour: str) -> str:
    svg = (
        f"%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 4 4'%3E%3Cpath fill='%23{colour}' d='M0 0h4v4H0z'/%3E%3C/svg%3E"
    )
    return f"data:image/svg+xml,{svg}"


def collection(**changes: Any) -> c.Collection:
    """k-ary over the 5 categories unless changed; 20:1 is below its stated epsilon 3."""
    fields: dict[str, Any] = {
        "id": 1, "name": "category_intent", "kind": "category_intent", "domain_size": 5, "epsilon": 3.0,
        "epsilon_micro": 2_995_733, "mechanism": c.KAryMechanism(w=20, v=1), "share": 1,
    }  # fmt: skip
    return c.Collection(**(fields | changes))


@dataclass
class Shop:
    """Keys and files of one hand-made shop; `publish` signs a manifest and puts it where browsers poll."""

    folder: Path
    release_key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    pool_key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    hpke_key: X25519PrivateKey = field(default_factory=X25519PrivateKey.generate)
    configuration: c.Configuration = field(init=False)
    model: bytes = field(default_factory=tiny_model)
    markets: dict[str, c.Market] = field(default_factory=dict)
    pictures: bool = True
    with_columns: bool = True
    head: bytes | None = None
    rest: bytes | None = None
    version: int = 0
    release_expires: int = field(default_factory=lambda: int(time.time()) + 10_000)

    def __post_init__(self) -> None:
        self.configure()

    def configure(self, **changes: Any) -> None:
        fields: dict[str, Any] = {
            "shop": SHOP, "demo": True, "epoch_s": 3600, "draw_min_ms": 100, "draw_max_ms": 300, "minimum_batch": 1,
            "cap_epsilon": 32.0, "poll_s": 300, "reports_url": "", "collections": (collection(),),
        }  # fmt: skip
        self.configuration = c.Configuration(**(fields | changes))

    def put(self, data: bytes, suffix: str) -> c.FileRef:
        sha256 = c.sha256_hex(data)
        path = self.folder / "files" / f"{sha256}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return c.FileRef(path=f"files/{sha256}{suffix}", sha256=sha256, bytes=len(data))

    def catalogue(self) -> c.Catalogue:
        categories = tuple(c.Category(index=n, name=f"Category {n}") for n in range(1, 6))
        items = tuple(
            c.Item(
                sku=f"sku-{n}", name=f"Item {n} <b>of</b> the shop", category=1 + n % 5, price_minor=990 + n,
                thumbnail=picture(COLOURS[n % 5]) if self.pictures else "",
            )
            for n in range(1, ITEMS + 1)
        )  # fmt: skip
        return c.Catalogue(shop=SHOP, currency="EUR", categories=categories, items=items)

    def columns(self) -> c.FileRef | None:
        packed = c.pack_columns(self.catalogue()) if self.with_columns else None
        return None if packed is None else self.put(packed, ".columns")

    def pool(self, order: list[int] | None = None, epoch: int = 0) -> bytes:
        items = tuple(c.PoolItem(item=item, reason="prior") for item in order or range(1, ITEMS + 1))
        return c.Pool(shop=SHOP, demo=True, epoch=epoch, collection=0, reports=0, confidence=0.95, items=items).to_bytes()

    def publish(
        self,
        pool: bytes | None = None,
        unavailable: tuple[int, ...] = (),
        signer: Ed25519PrivateKey | None = None,
        write: bool = True,
        release_version: int = 1,
        **changes: Any,
    ) -> bytes:
        """Sign and serve a manifest; its version rises by one unless `changes` say another. Returns its bytes."""
        now = int(time.time())
        spec = c.FeatureSpec(length=16, event_types=(c.EventType.VIEW_ITEM,), inputs=(c.ItemInput(items=ITEMS),))
        release = c.Release(
            version=release_version, shop=SHOP, demo=True, issued=1, expires=self.release_expires,
            roles=c.Roles(release=public_hex(self.release_key), pool=public_hex(self.pool_key), ledger="00" * 32),
            hpke_keys=(c.HpkeKey(key_id=3, public_key=public_hex(self.hpke_key), state="active"),),
            configuration=self.put(self.configuration.to_bytes(), ".json"), feature_spec=self.put(spec.to_bytes(), ".json"),
            model=self.put(self.model, ".onnx"), head=self.head and self.put(self.head, ".head"),
            rest=self.rest and self.put(self.rest, ".rest"), catalogue=self.put(self.catalogue().to_bytes(), ".json"),
            columns=self.columns(),
            base_pool=self.put(self.pool(), ".json"),
            markets=tuple(c.MarketRef(name=name, file=self.put(one.to_bytes(), ".json")) for name, one in self.markets.items()),
        )  # fmt: skip
        self.version += 1
        fields: dict[str, Any] = {
            "version": self.version, "shop": SHOP, "demo": True, "issued": now, "expires": now + 5_000,
            "release": self.put(envelope(c.RELEASE_TYPE, release, self.release_key), ".json"),
            "pool": self.put(pool or self.pool(), ".json"), "availability": c.Availability(issued=now, unavailable=unavailable),
        }  # fmt: skip
        data = envelope(c.MANIFEST_TYPE, c.Manifest(**(fields | changes)), signer or self.pool_key)
        if write:
            self.serve(data)
        return data

    def serve(self, manifest: bytes) -> None:
        (self.folder / "manifest.json").write_bytes(manifest)


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Server:
    """Serves `folder` under /intently/ and one page under every other path; reports are kept, and answered by `relay_status`."""

    def __init__(self, folder: Path, page: str, scripts: dict[str, str], page_csp: str = PAGE_CSP) -> None:
        self.requests: list[Request] = []
        self.scripts = scripts
        self.relay_status = 202
        self.pages: dict[str, tuple[str, dict[str, str]]] = {}
        self.worker_headers: dict[str, str] = {}
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self, folder, page, scripts, page_csp))
        self.origin = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def reports(self) -> list[Request]:
        return [request for request in self.requests if request.method == "POST"]

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()


PIXEL = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==")
TYPES = {".js": "text/javascript", ".json": "application/json", ".wasm": "application/wasm"}


def _handler(server: Server, folder: Path, page: str, scripts: dict[str, str], page_csp: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None: ...

        def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def remember(self, body: bytes = b"") -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            server.requests.append(Request(self.command, self.path, headers, body))

        def do_POST(self) -> None:
            self.remember(self.rfile.read(int(self.headers["Content-Length"])))
            self.answer(server.relay_status)

        def do_GET(self) -> None:
            self.remember()
            if not self.path.startswith("/intently/"):
                script = scripts.get(self.path)
                if script is not None:
                    return self.answer(200, script.encode(), Content_Type="text/javascript")
                if self.path.startswith("/img/"):
                    return self.answer(200, PIXEL, Content_Type="image/png", Cache_Control="no-store")
                html, headers = server.pages.get(self.path.partition("?")[0], (page, {"Content-Security-Policy": page_csp}))
                return self.answer(200, html.encode(), Content_Type="text/html", **headers)
            path = folder / self.path.removeprefix("/intently/")
            if not path.is_file():
                return self.answer(404)
            data = path.read_bytes()
            etag = f'"{c.sha256_hex(data)}"'
            if self.headers.get("If-None-Match") == etag:
                return self.answer(304, ETag=etag)
            more = server.worker_headers if path.name.endswith("worker.js") else {}
            return self.answer(200, data, Content_Type=TYPES.get(path.suffix, "application/octet-stream"), ETag=etag, **more)

    return Handler
