"""Pages for the tracker's sequences, from one loopback port: a shelf of cards, products with JSON-LD, frames."""

from __future__ import annotations

import json
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

ROOT = Path(__file__).resolve().parents[2]
HEAD = '<!doctype html><html lang="en"><meta charset="utf-8"><title>Shelf</title><link rel="icon" href="data:,">'
STYLE = "<style>li{height:180px;width:180px;display:inline-block;border:1px solid}ul{margin:0}.tall{height:3000px}</style>"


def build(entry: Path, out: Path, *words: str) -> None:
    """Bundle one page's script with the project's own esbuild."""
    command = [
        str(ROOT / "node_modules/.bin/esbuild"),
        str(entry),
        "--bundle",
        "--format=iife",
        "--target=es2022",
        f"--outfile={out}",
    ]
    subprocess.run([*command, "--log-level=error", *words], check=True, timeout=60, cwd=ROOT)


def cards(first: int, count: int) -> str:
    """List items that stand for catalogue items."""
    return "".join(f'<li data-intently-item="{n}"><a href="/item/{n}">Item {n}</a></li>' for n in range(first, first + count))


def shelf(count: int) -> str:
    return (
        f'{HEAD}{STYLE}<script src="/page.js"></script><form role="search"><input name="q"><button>Find</button></form>'
        f'<ul data-intently-list="shelf">{cards(1, count)}</ul><a id="next" href="/item/7">next</a>'
        "<script>document.querySelector('form').onsubmit = (e) => e.preventDefault();</script></html>"
    )


def product(item: int) -> str:
    markup = json.dumps({"@context": "https://schema.org", "@graph": [{"@type": "Product", "sku": f"sku-{item}", "name": "x"}]})
    return (
        f'{HEAD}{STYLE}<script type="application/ld+json">{markup}</script><script src="/page.js"></script>'
        f'<h1>Item {item}</h1><button data-intently-act="add_to_cart">Add</button><a id="home" href="/">home</a>'
        '<div data-intently-body class="tall"></div></html>'
    )


def framing(src: str) -> str:
    return f'{HEAD}<script src="/page.js"></script><iframe src="{src}" width="800" height="600"></iframe></html>'


class PageServer:
    """`/` a shelf, `/item/N` a product, `/frame?src=` a page around another, anything else from `more`."""

    def __init__(self, folder: Path) -> None:
        build(Path(__file__).with_name("page.ts"), folder / "page.js")
        self.script = (folder / "page.js").read_bytes()
        self.more: dict[str, str] = {}
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.port = self.http.server_port
        self.origin = f"http://127.0.0.1:{self.port}"
        self.other_origin = f"http://localhost:{self.port}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()


def _handler(server: PageServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None: ...

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = parse_qs(parts.query)
            if parts.path == "/page.js":
                return self.answer(server.script, "text/javascript")
            if parts.path.startswith("/item/"):
                return self.answer(product(int(parts.path[6:])).encode(), "text/html")
            if parts.path == "/frame":
                return self.answer(framing(query["src"][0]).encode(), "text/html")
            page = server.more.get(parts.path) or shelf(int(query.get("count", ["40"])[0]))
            self.answer(page.encode(), "text/html")

        def answer(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler
