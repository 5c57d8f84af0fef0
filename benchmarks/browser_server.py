"""One shop of the browser benchmark on loopback: uvicorn with httptools in a process of its own, bodies compressed beforehand.

Files are served as delivery serves them: brotli where it helps, immutable below files/. A server that shares its interpreter with
the measuring program, or reads and compresses while it is asked, would be measured too: shops serve from nginx or a CDN.

    python -m benchmarks.browser_server --folder SHOP [--isolated]     a bundle and its signed files below /intently/
    python -m benchmarks.browser_server --strip RUN [--isolated]       pages with a list that this server renders

The first line of its output is its port.
"""

from __future__ import annotations

import argparse
import atexit
import hashlib
import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import brotli
import numpy as np
import uvicorn

from benchmarks.browser_model import Scores, scorer_of
from benchmarks.browser_shop import HEAD, PAGE, PAGE_JS, SHOWN, STRIP_JS

ROOT = Path(__file__).resolve().parent.parent
TYPES = {".js": "text/javascript", ".json": "application/json", ".wasm": "application/wasm"}
HTML = "text/html"
SCORE_MS = "/score_ms"
ISOLATED = {"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp"}
Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]


class Server:
    """The process. `folder`: a shop; `strip`: a model's folder. `isolated`: clocks of 5 us in its pages (COOP and COEP)."""

    def __init__(self, folder: Path | None, strip: Path | None, isolated: bool = False) -> None:
        self.folder = folder
        served = ["--folder", str(folder)] if folder else ["--strip", str(strip)]
        command = [sys.executable, "-m", "benchmarks.browser_server", *served, *(["--isolated"] if isolated else [])]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        atexit.register(self.process.terminate)  # also where a measurement fails
        assert self.process.stdout is not None
        self.origin = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def score_ms(self) -> list[float]:
        """What each rendered list took, ms."""
        with urllib.request.urlopen(self.origin + SCORE_MS, timeout=10) as answer:
            times: list[float] = json.load(answer)
        return times

    def close(self) -> None:
        """Stop."""
        self.process.terminate()
        self.process.wait(10)


class Body:
    """What is answered to one path."""

    def __init__(self, data: bytes, kind: str, cache: str = "no-cache", squeeze: bool = True) -> None:
        quality = 11 if len(data) < 1_000_000 else 9
        small = brotli.compress(data, quality=quality) if squeeze and len(data) > 512 else data
        self.data = small
        self.headers = {"Content-Type": kind, "Content-Length": str(len(small)), "Cache-Control": cache}
        if cache != "no-store":
            self.headers["ETag"] = f'"{hashlib.sha256(small).hexdigest()[:16]}"'
        if small is not data:
            self.headers["Content-Encoding"] = "br"


def bodies_of(folder: Path) -> dict[str, Body]:
    """Of a shop's folder, by path."""
    found = {"/page.js": Body(PAGE_JS.encode(), TYPES[".js"])}
    for file in (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".map"):
        name = file.relative_to(folder).as_posix()
        cache = "public, max-age=31536000, immutable" if name.startswith("files/") else "no-cache"
        manifest = name == "manifest.json"
        kind = TYPES.get(file.suffix, "application/octet-stream")
        found[f"/intently/{name}"] = Body(file.read_bytes(), kind, "no-store" if manifest else cache, not manifest)
    return found


class Shop:
    """ASGI application."""

    def __init__(self, folder: Path | None, scorer: Scores | None, isolated: bool) -> None:
        self.bodies = {"/page.js": Body(STRIP_JS.encode(), TYPES[".js"])} if folder is None else bodies_of(folder)
        self.scorer = scorer
        self.more = ISOLATED if isolated else {}
        self.score_ms: list[float] = []

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        path = scope["path"]
        body = self.bodies.get(path)
        if body is None and path.startswith("/product/"):
            body = Body(self.page(int(path.rpartition("/")[2] or 1)), HTML, "no-store", squeeze=False)
        elif path == "/strip":
            body = Body(self.strip(json.loads(await _read(receive))[-20:]), HTML, "no-store", squeeze=False)
        elif path == SCORE_MS:
            body = Body(json.dumps(self.score_ms).encode(), TYPES[".json"], "no-store", squeeze=False)
        if body is not None and _header(scope, b"if-none-match") == body.headers.get("ETag", "-"):
            await send({"type": "http.response.start", "status": 304, "headers": [(b"ETag", body.headers["ETag"].encode())]})
            await send({"type": "http.response.body"})
            return
        headers = [(key.encode(), value.encode()) for key, value in ((body.headers if body else {}) | self.more).items()]
        await send({"type": "http.response.start", "status": 200 if body else 404, "headers": headers})
        await send({"type": "http.response.body", "body": body.data if body else b""})

    def page(self, item: int) -> bytes:
        """HTML of a product page."""
        return (
            PAGE.encode()
            if self.scorer is None
            else HEAD.encode() + self.strip([item]) + b'<script src="/page.js"></script></html>'
        )

    def strip(self, items: list[int]) -> bytes:
        """The list as the server renders it, the model under native onnxruntime."""
        assert self.scorer is not None
        began = time.perf_counter()
        inputs = {str(part.name): np.zeros(len(items), np.int32) for part in self.scorer.spec.inputs}
        inputs["item"] = np.array(items, np.int32)
        scores = self.scorer.run(inputs, np.arange(1, self.scorer.spec.items + 1, dtype=np.int32))[1]
        self.score_ms.append((time.perf_counter() - began) * 1000)
        best = np.argpartition(-scores, SHOWN)[:SHOWN]
        best = best[np.argsort(-scores[best], kind="stable")] + 1
        return ("<ol>" + "".join(f'<li><a href="/product/{item}">Item {item}</a></li>' for item in best) + "</ol>").encode()


def _header(scope: dict[str, Any], wanted: bytes) -> str:
    return next((value.decode() for name, value in scope["headers"] if name == wanted), "")


async def _read(receive: Receive) -> bytes:
    data, more = b"", True
    while more:
        message = await receive()
        data, more = data + message.get("body", b""), message.get("more_body", False)
    return data


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--strip", type=Path)
    parser.add_argument("--isolated", action="store_true")
    words = parser.parse_args()
    shop = Shop(words.folder, scorer_of(words.strip) if words.strip else None, words.isolated)
    bound = socket.create_server(("127.0.0.1", 0))
    print(bound.getsockname()[1], flush=True)
    uvicorn.Server(uvicorn.Config(shop, log_level="warning", access_log=False, lifespan="off")).run(sockets=[bound])


if __name__ == "__main__":
    main()
