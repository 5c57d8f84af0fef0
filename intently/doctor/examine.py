"""Everything, in the order in which a browser would meet it."""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import urljoin, urlsplit

from contracts import IntentlyError
from intently.doctor.fetching import Client
from intently.doctor.finding import Finding
from intently.doctor.page import check_page
from intently.doctor.served import check_bundle_files, check_embedding
from intently.doctor.signed import check_signed

DEFAULT_BASE = "/intently/"


class NotAPage(IntentlyError):
    """The address is none, or nothing answers there."""


def examine(
    url: str, base: str = DEFAULT_BASE, client: Client | None = None, clock: Callable[[], float] = time.time
) -> list[Finding]:
    """Findings on the page at `url` with Intently's files below `base`; raises `NotAPage` where there is no such page."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise NotAPage(f"{url!r} is no address of a page; give one such as https://shop.example/product/1")
    client = client or Client()
    page = client.get(url)
    if page.status == 0:
        raise NotAPage(f"{url}: no answer ({page.fault}); is the address right, and does the shop run?")
    if page.status != 200:
        to = (
            f", it leads to {page.header('location')}: give that address"
            if page.header("location")
            else "; give one that answers 200"
        )
        raise NotAPage(f"{url}: the server answered {page.status}{to}")
    where = urljoin(url, base if base.endswith("/") else f"{base}/")
    about, found = check_bundle_files(client, where)
    configuration = None
    if about is not None:
        configuration, signed = check_signed(client, where, str(about.get("release_key", "")), clock)
        found += signed
        found += check_embedding(page, client.get(urljoin(where, "intently-worker.js")))
    reports_url = configuration.reports_url if configuration else ""
    return [*check_page(page, where, reports_url), *found]


def worst(findings: list[Finding]) -> int:
    """Exit code: 1 where something is broken."""
    return int(any(finding.level == "broken" for finding in findings))
