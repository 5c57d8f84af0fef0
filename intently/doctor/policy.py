"""Content Security Policy, as far as it decides what Intently may do (CSP Level 3, W3C). Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from urllib.parse import SplitResult, urlsplit

FALLBACKS = {
    "script-src": ("script-src", "default-src"),
    "worker-src": ("worker-src", "child-src", "script-src", "default-src"),
    "connect-src": ("connect-src", "default-src"),
    "img-src": ("img-src", "default-src"),
}
"""Directive -> those asked in turn; the first that a policy has decides (section 6.8.3)."""
DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Policy:
    """One policy; a page may carry several, and each must allow."""

    directives: dict[str, tuple[str, ...]]

    def sources(self, directive: str) -> tuple[str, ...] | None:
        """Sources that decide for `directive`; None where the policy says nothing of it."""
        return next((self.directives[name] for name in FALLBACKS[directive] if name in self.directives), None)

    def allows(self, directive: str, url: str, page: str) -> bool:
        """Whether `url` may be used so by a page at `page`."""
        sources = self.sources(directive)
        if sources is None or ("'strict-dynamic'" in sources and directive in ("script-src", "worker-src")):
            return True  # with strict-dynamic a trusted script loads what it names
        return any(matches(source, url, page) for source in sources)

    def allows_wasm(self) -> bool:
        """Whether WebAssembly may be compiled under this policy."""
        sources = self.sources("script-src")
        return sources is None or "'wasm-unsafe-eval'" in sources or "'unsafe-eval'" in sources


def parse(header: str) -> Policy:
    """A serialized policy; a directive that stands twice counts the first time."""
    directives: dict[str, tuple[str, ...]] = {}
    for part in header.split(";"):
        name, *sources = part.split() or [""]
        if name:
            directives.setdefault(name.lower(), tuple(sources))
    return Policy(directives)


def parse_all(headers: Sequence[str]) -> list[Policy]:
    """Each header may hold several policies, divided by commas."""
    return [parse(text) for header in headers for text in header.split(",") if text.strip()]


def matches(source: str, url: str, page: str) -> bool:
    """Whether a source expression covers `url` (section 6.7.2.8)."""
    wanted, own = urlsplit(url), urlsplit(page)
    lower = source.lower()
    if lower == "'self'":
        return (wanted.scheme, wanted.hostname, port_of(wanted)) == (own.scheme, own.hostname, port_of(own))
    if lower.startswith("'"):
        return False
    if lower.endswith(":"):
        return wanted.scheme == lower[:-1] or (lower == "http:" and wanted.scheme == "https")
    if lower == "*":
        return wanted.scheme in DEFAULT_PORTS
    return wanted.scheme in DEFAULT_PORTS and covers(urlsplit(lower if "://" in lower else f"{own.scheme}://{lower}"), wanted)


def covers(source: SplitResult, wanted: SplitResult) -> bool:
    """Host, port and path of a host source."""
    host, _, port = source.netloc.partition(":")
    named = fnmatchcase(wanted.hostname or "", host) and (not host.startswith("*") or wanted.hostname != host[2:])
    on_port = port == "*" or port_of(source) == port_of(wanted) or (not port and port_of(wanted) == 443)
    in_path = source.path in ("", "/") or (
        wanted.path.startswith(source.path) if source.path.endswith("/") else wanted.path == source.path
    )
    schemes = source.scheme == wanted.scheme or (source.scheme == "http" and wanted.scheme == "https")
    return named and on_port and in_path and schemes


def port_of(parts: SplitResult) -> int | None:
    """Port, the scheme's own where none is named."""
    try:
        return parts.port or DEFAULT_PORTS.get(parts.scheme)
    except ValueError:  # `*`
        return None
