"""Headers of what is delivered."""

from __future__ import annotations

IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATE = "no-cache"
LONE_PAGE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""Content-Security-Policy of a page that comes with the bundle: it loads nothing but its own script, whatever is put into it."""
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".f64": "application/octet-stream",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".map": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".onnx": "application/octet-stream",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}


def content_type(suffix: str) -> str:
    """Media type; octet-stream for what is not listed, which no browser runs."""
    return TYPES.get(suffix, "application/octet-stream")


def page_policy(relay_origin: str) -> str:
    """Content-Security-Policy of a shop's page: scripts, connections and workers of its own origin, and the relay's reports.

    The worker's script has no such header: it would inherit nothing and could not compile WebAssembly under this one.
    """
    connect = " ".join(["'self'", relay_origin]).strip()
    rules = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": connect,
        "worker-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def accepted_encoding(header: str) -> str:
    """`br`, `gzip` or `''`: the best that the header accepts (weights other than 0 count as acceptance)."""
    accepted = {}
    for part in header.lower().split(","):
        name, _, weight = part.partition(";")
        accepted[name.strip()] = weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    for encoding in ("br", "gzip"):
        if accepted.get(encoding, accepted.get("*", False)):
            return encoding
    return ""
