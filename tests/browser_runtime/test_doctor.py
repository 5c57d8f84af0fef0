"""`intently doctor` against a real server, with one misconfiguration planted at a time: each is named, and nothing else."""

from __future__ import annotations

import functools
import gzip
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from shop_server import PAGE_CSP, TYPES, Shop

from intently.doctor import NotAPage, examine
from intently.doctor.policy import parse, parse_all

IMMUTABLE = "public, max-age=31536000, immutable"
PAGE = '<!doctype html><html lang="en"><title>Shop</title><script type="module" src="/shop.js"></script></html>'
YEAR = "public, max-age=31536000"


@dataclass
class Web:
    """A well-kept server of a shop, and what is planted in it: headers by a path's end (None removes), bodies, states."""

    shop: Shop
    headers: dict[str, dict[str, str | None]] = field(default_factory=dict)
    bodies: dict[str, bytes] = field(default_factory=dict)
    states: dict[str, int] = field(default_factory=dict)
    plain: bool = False
    origin: str = ""

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        page = not path.startswith("/intently/")
        file = self.shop.folder / path.removeprefix("/intently/")
        if not page and not file.is_file():
            return 404, {}, b""
        body = self.bodies.get(path, PAGE.encode() if page else file.read_bytes())
        headers = self.usual(path, page, file.suffix)
        if not page and not self.plain and len(body) > 1000:
            headers["Content-Encoding"], body = "gzip", compressed(body)
        for end, planted in self.headers.items():
            if path.endswith(end):
                headers = {name: value for name, value in (headers | planted).items() if value is not None}
        status = next((status for end, status in self.states.items() if path.endswith(end)), 200)
        return status, headers, body

    def usual(self, path: str, page: bool, suffix: str) -> dict[str, Any]:
        if page:
            return {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": PAGE_CSP}
        kept = IMMUTABLE if "/files/" in path else "no-cache"
        return {"Content-Type": TYPES.get(suffix, "application/octet-stream"), "Cache-Control": kept, "Vary": "Accept-Encoding"}


@functools.lru_cache(maxsize=32)
def compressed(body: bytes) -> bytes:
    return gzip.compress(body, 1)


@pytest.fixture
def web(shop: Shop) -> Iterator[Web]:
    shop.publish()
    kept = Web(shop)

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None: ...

        def do_GET(self) -> None:
            status, headers, body = kept.answer(self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True).start()
    kept.origin = f"http://127.0.0.1:{http.server_port}"
    yield kept
    http.shutdown()
    http.server_close()


def named(web: Web, **more: Any) -> dict[str, str]:
    """Name -> level of all that is not well."""
    return {finding.name: finding.level for finding in examine(f"{web.origin}/product/1", **more) if finding.level != "ok"}


def test_a_well_kept_shop_has_nothing(web: Web) -> None:
    found = examine(f"{web.origin}/product/1")
    assert len(found) > 10
    assert {finding.level for finding in found} == {"ok"}


def csp(text: str) -> dict[str, dict[str, str | None]]:
    return {"/product/1": {"Content-Security-Policy": text}}


STRICT = "default-src 'self'; img-src 'self' data:"
PLANTED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "scripts of a CDN alone": ("policy-script", "broken", {"headers": csp("script-src https://cdn.example; worker-src 'self'")}),
    "no worker": ("policy-worker", "broken", {"headers": csp("worker-src 'none'")}),
    "workers fall back to child-src": ("policy-worker", "broken", {"headers": csp(f"{STRICT}; child-src https://frames.example")}),
    "connections closed": ("policy-connect", "broken", {"headers": csp("connect-src 'none'")}),
    "pictures of data refused": ("policy-img", "broken", {"headers": csp("img-src 'self'")}),
    "a second policy in the page": ("policy-connect", "broken", {"bodies": {"/product/1": (
        PAGE + "<meta http-equiv=Content-Security-Policy content=\"connect-src https://api.example\">").encode()}}),
    "trusted types": ("trusted-types", "broken", {"headers": csp("require-trusted-types-for 'script'")}),
    "a page of no type": ("page-type", "broken", {"headers": {"/product/1": {"Content-Type": "text/plain"}}}),
    "a worker that may not compile": ("worker-policy", "broken", {"headers": {"intently-worker.js": {
        "Content-Security-Policy": "script-src 'self'"}}}),
    "an isolated page": ("embedder-policy", "broken", {"headers": {
        "/product/1": {"Cross-Origin-Embedder-Policy": "require-corp"}}}),
    "scripts as text": ("file-type", "broken", {"headers": {"intently-core.js": {"Content-Type": "text/plain"}}}),
    "a script rewritten on the way": ("file-changed", "broken", {"bodies": {"/intently/intently.js": b"/* minified */"}}),
    "a file left behind": ("file-missing", "broken", {"states": {"intently-core.js": 404}}),
    "files elsewhere": ("file-missing", "broken", {"states": {"intently-reports.js": 302}}),
    "nothing compressed": ("compression", "slow", {"plain": True}),
    "scripts cached for a year": ("cache-bundle", "broken", {"headers": {"intently.js": {"Cache-Control": YEAR}}}),
    "a manifest cached by a CDN": ("cache-manifest", "broken", {"headers": {
        "manifest.json": {"Cache-Control": "s-maxage=86400"}}}),
    "a manifest without a word": ("cache-manifest", "broken", {"headers": {"manifest.json": {"Cache-Control": None}}}),
    "signed files asked for on each page": ("cache-files", "slow", {"headers": {".json": {"Cache-Control": "no-cache"}}}),
    "a cookie": ("cookie", "broken", {"headers": {"manifest.json": {"Set-Cookie": "visitor=7"}}}),
    "an answer for each browser": ("vary", "slow", {"headers": {"intently-core.js": {"Vary": "User-Agent"}}}),
    "no manifest": ("manifest-missing", "broken", {"states": {"manifest.json": 500}}),
    "a manifest that is none": ("manifest-refused", "broken", {"bodies": {"/intently/manifest.json": b"{}"}}),
    "no bundle": ("bundle-missing", "broken", {"states": {"bundle.json": 404}}),
}  # fmt: skip


@pytest.mark.parametrize("plant", PLANTED)
def test_each_planted_fault_is_named_and_no_other(web: Web, plant: str) -> None:
    name, level, changes = PLANTED[plant]
    for part, value in changes.items():
        setattr(web, part, value)
    faults = [finding for finding in examine(f"{web.origin}/product/1") if finding.level != "ok"]
    assert {finding.name: finding.level for finding in faults} == {name: level}
    assert all(finding.got and finding.want and finding.do for finding in faults), "what, got, want, what to do"


def test_files_that_do_not_belong_together_are_named(web: Web) -> None:
    for file in (web.shop.folder / "files").glob("*.json"):
        if b"collections" in file.read_bytes():
            web.bodies[f"/intently/files/{file.name}"] = b"{}"
    assert named(web) == {"signed-file": "broken"}


def test_an_expired_manifest_and_a_plain_http_shop_are_named(web: Web) -> None:
    assert named(web, clock=lambda: time.time() + 6_000) == {"manifest-expiry": "broken"}
    from intently.doctor.page import secure

    assert secure("http://shop.example/").level == "broken"
    assert secure("https://shop.example/").level == "ok"
    assert secure("http://shop.localhost/").level == "ok"


def test_a_relay_that_the_policy_refuses_is_named(web: Web) -> None:
    web.shop.configure(reports_url="https://relay.example")
    web.shop.publish()
    assert named(web) == {"policy-relay": "broken"}
    web.headers = csp(f"{PAGE_CSP}; connect-src 'self' https://relay.example".replace("connect-src 'self';", ""))
    assert named(web) == {}


@pytest.mark.parametrize(
    ("source", "url", "allowed"),
    [
        ("'self'", "https://shop.example/intently/a.js", True),
        ("'self'", "https://cdn.example/a.js", False),
        ("https:", "https://cdn.example/a.js", True),
        ("*.shop.example", "https://www.shop.example/a.js", True),
        ("*.shop.example", "https://shop.example/a.js", False),
        ("https://shop.example/intently/", "https://shop.example/intently/a.js", True),
        ("https://shop.example/intently", "https://shop.example/intently/a.js", False),
        ("https://shop.example:8443", "https://shop.example/a.js", False),
        ("'nonce-abc' 'strict-dynamic'", "https://shop.example/a.js", True),
        ("'nonce-abc'", "https://shop.example/a.js", False),
        ("'none'", "https://shop.example/a.js", False),
        ("*", "data:image/png,x", False),
    ],
)
def test_source_expressions_cover_what_browsers_say_they_cover(source: str, url: str, allowed: bool) -> None:
    assert parse(f"script-src {source}").allows("script-src", url, "https://shop.example/") is allowed


def test_policies_fall_back_and_add_up() -> None:
    page = "https://shop.example/"
    assert not parse("default-src 'none'").allows("connect-src", page, page)
    assert parse("img-src 'none'").allows("connect-src", page, page)
    assert len(parse_all(["default-src 'self', script-src 'none'", "img-src *"])) == 3
    assert not parse("script-src 'self'").allows_wasm()
    assert parse("script-src 'self' 'wasm-unsafe-eval'").allows_wasm()


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "intently", "doctor", *words], capture_output=True, text=True, timeout=60)


def test_exit_codes_are_0_1_and_2(web: Web) -> None:
    well = run(f"{web.origin}/product/1", "--json")
    assert (well.returncode, well.stderr) == (0, "")
    assert {finding["level"] for finding in json.loads(well.stdout)["findings"]} == {"ok"}
    web.headers = csp("worker-src 'none'")
    ill = run(f"{web.origin}/product/1")
    assert ill.returncode == 1
    assert "policy-worker" in ill.stdout
    for address in ("shop", "ftp://shop.example/", "http://127.0.0.1:1/", f"{web.origin}/intently/missing"):
        bad = run(address)
        assert bad.returncode == 2, address
        assert bad.stderr.startswith("intently: ")
        assert bad.stderr.count("\n") == 1


def test_a_redirected_page_says_where_it_leads(web: Web) -> None:
    web.states, web.headers = {"/product/1": 301}, {"/product/1": {"Location": "https://www.shop.example/"}}
    with pytest.raises(NotAPage, match=r"it leads to https://www\.shop\.example/: give that address"):
        examine(f"{web.origin}/product/1")
