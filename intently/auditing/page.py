"""A Chromium page that holds a shipped bundle and the auditor's harness, served from loopback and from nowhere else."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from contracts import IntentlyError

HARNESS = Path(__file__).with_name("harness.js")
RUN_LIMIT_MS = 900_000
_TYPES = {".js": "text/javascript", ".wasm": "application/wasm", ".html": "text/html", ".json": "application/json"}


class AuditPage:
    """The page, with what it posted."""

    def __init__(self, page: Any, posted: dict[str, bytes]) -> None:
        self._page, self._posted = page, posted

    def call(self, name: str, *words: Any) -> Any:
        """Result of a function of the harness; raises `IntentlyError` with the browser's own words."""
        code = "async ([name, words]) => (await import('/harness.js'))[name](...words)"
        try:
            return self._page.evaluate(code, [name, list(words)])
        except Exception as error:
            raise IntentlyError(f"the bundle's {name} failed in Chromium: {str(error).splitlines()[0]}") from None

    def posted(self, path: str) -> bytes:
        """What the page posted there; forgotten then."""
        return self._posted.pop(path)


@contextlib.contextmanager
def audit_page(bundle: Path, browser: Any | None = None) -> Iterator[AuditPage]:
    """Serve `bundle` and open it; `browser`: a running one of Playwright's, by default a new Chromium.

    Raises `IntentlyError` where the folder holds no bundle or Playwright is missing.
    """
    if not (bundle / "intently-reports.js").is_file():
        raise IntentlyError(f"{bundle}: no intently-reports.js; give the folder that `intently bundle` wrote")
    posted: dict[str, bytes] = {}
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(bundle, posted))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with opened(browser) as chromium, chromium.new_context() as context:
            page = context.new_page()
            page.set_default_timeout(RUN_LIMIT_MS)
            page.goto(f"http://127.0.0.1:{server.server_address[1]}/")
            yield AuditPage(page, posted)
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def opened(browser: Any | None) -> Iterator[Any]:
    """A running browser, or a new Chromium; raises `IntentlyError` where Playwright is missing."""
    if browser is not None:
        yield browser
        return
    from intently.chromium import FLAGS, find_chromium

    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise IntentlyError("this audit drives a browser; install Playwright: pip install 'intently[browser]'") from None
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
        yield launched
        launched.close()


def _handler(bundle: Path, posted: dict[str, bytes]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.removeprefix("/bundle/")
            file = HARNESS if self.path == "/harness.js" else bundle / name
            if self.path == "/":
                self._answer(b"<!doctype html><title>audit</title><link rel=icon href=data:,>", ".html")
            elif "/" in name.removeprefix("/") or not file.is_file():
                self.send_error(404)
            else:
                self._answer(file.read_bytes(), file.suffix)

        def do_POST(self) -> None:
            posted[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(b"", ".html")

        def _answer(self, body: bytes, suffix: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", _TYPES.get(suffix, "application/octet-stream"))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: Any) -> None:
            pass

    return Handler
