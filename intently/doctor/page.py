"""The shop's page: secure, and its policy lets Intently run."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from ipaddress import ip_address
from urllib.parse import urljoin, urlsplit

from intently.doctor.fetching import Fetched
from intently.doctor.finding import Finding, broken, ok
from intently.doctor.policy import Policy, parse_all

HEADER = "content-security-policy"


class MetaPolicies(HTMLParser):
    """Policies that a page carries in `<meta http-equiv>`."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a policy."""
        held = dict(attrs)
        if tag == "meta" and (held.get("http-equiv") or "").lower() == HEADER:
            self.found.append(held.get("content") or "")


def policies_of(page: Fetched) -> list[Policy]:
    """All policies that a page must keep."""
    reader = MetaPolicies()
    reader.feed(page.body.decode("utf-8", "replace"))
    return parse_all([*page.headers.get_list(HEADER), *reader.found])


def check_page(page: Fetched, base: str, reports_url: str) -> Iterator[Finding]:
    """Findings on the page; `base` is where the bundle is, `reports_url` the relay's origin, '' for the shop's own."""
    yield secure(page.url)
    if page.media_type != "text/html":
        do = "serve the page as text/html; charset=utf-8"
        yield broken("page-type", page.url, page.media_type or "no Content-Type", "text/html", do)
    policies = policies_of(page)
    if not policies:
        yield ok("page-policy", page.url, "no content security policy")
    else:
        yield from check_policies(policies, page.url, base, reports_url)
    if "require-trusted-types-for" in {name for policy in policies for name in policy.directives}:
        do = "leave this directive out, or allow the policy `default` for the worker's address"
        yield broken("trusted-types", page.url, "require-trusted-types-for 'script'", "workers may be started by address", do)


def secure(url: str) -> Finding:
    """Browsers give WebCrypto and Cache Storage to secure pages alone."""
    parts = urlsplit(url)
    if parts.scheme == "https" or is_loopback(parts.hostname or ""):
        return ok("secure-context", url, parts.scheme)
    return broken("secure-context", url, "http", "https", "serve the shop over https: without it no signature can be checked")


def is_loopback(host: str) -> bool:
    """Whether browsers treat the host as secure without https."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def check_policies(policies: list[Policy], page: str, base: str, reports_url: str) -> Iterator[Finding]:
    """One finding for each thing that Intently does."""
    wanted = [
        ("policy-script", "script-src", urljoin(base, "intently.js"), "nothing runs; server-rendered lists stay as they are"),
        ("policy-worker", "worker-src", urljoin(base, "intently-worker.js"), "no model: lists stand in the order of the pool"),
        ("policy-connect", "connect-src", urljoin(base, "manifest.json"), "no pool, no model; server-rendered lists stay"),
        ("policy-img", "img-src", "data:image/svg+xml,", 'cards of the catalogue (cards="local") have no pictures'),
    ]
    if reports_url:
        wanted.append(("policy-relay", "connect-src", reports_url, "no report reaches the relay"))
    for name, directive, url, loss in wanted:
        yield allowed(policies, name, directive, url, page, loss)


def allowed(policies: list[Policy], name: str, directive: str, url: str, page: str, loss: str) -> Finding:
    """Whether every policy lets `url` be used."""
    refusing = next((policy for policy in policies if not policy.allows(directive, url, page)), None)
    if refusing is None:
        return ok(name, page, f"{directive} allows {short(url)}")
    got = f"{directive} {' '.join(refusing.sources(directive) or ())}"
    return broken(name, page, got, f"{directive} with {source_for(url, page)}", f"add it: without it {loss}")


def source_for(url: str, page: str) -> str:
    """The source expression that would allow `url`."""
    parts, own = urlsplit(url), urlsplit(page)
    if parts.scheme == "data":
        return "data:"
    return "'self'" if (parts.scheme, parts.netloc) == (own.scheme, own.netloc) else f"{parts.scheme}://{parts.netloc}"


def short(url: str) -> str:
    """A URL in a sentence."""
    return "data: pictures" if url.startswith("data:") else url
