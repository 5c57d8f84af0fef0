"""Serve a console on loopback, for an auditor who has no web server at hand."""

from __future__ import annotations

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from intently.console.errors import ConsoleError

POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What index.html states itself, and `frame-ancestors`, which only a header can state. Any server may send it."""


class ConsoleHandler(SimpleHTTPRequestHandler):
    """Static files with the types that browsers insist on."""

    extensions_map = {  # noqa: RUF012  (as the base class has it)
        **SimpleHTTPRequestHandler.extensions_map,
        ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm", ".json": "application/json",
        ".jsonl": "application/jsonl", ".whl": "application/zip", ".svg": "image/svg+xml",
    }  # fmt: skip

    def end_headers(self) -> None:
        """Add the headers that every answer has."""
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: whoever started the server says what matters."""


def console_server(folder: Path, host: str = "127.0.0.1", port: int = 0) -> ThreadingHTTPServer:
    """Server of the console in `folder`, bound and not yet serving (`serve_forever`); port 0 takes a free one."""
    if not (folder / "index.html").is_file():
        raise ConsoleError(f"{folder} holds no console; make one with `intently audit console`")
    try:
        return ThreadingHTTPServer((host, port), partial(ConsoleHandler, directory=str(folder)))
    except OSError as error:
        raise ConsoleError(f"cannot listen on {host}:{port} ({error.strerror}); give another port") from None
