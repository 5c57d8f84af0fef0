"""The live two-world test in a real Chromium: a page that asks by behaviour is named, one that does not passes."""

from __future__ import annotations

import contextlib

import pytest
from playwright.sync_api import Browser
from small_server import serving

from contracts import Bucket, IntentlyError
from intently.auditing.capture import capture_worlds
from privacy.traffic import check_capture, compare

pytestmark = pytest.mark.browser
PATH = Bucket("ab" * 32, 1, 82_000, 1).path()
HONEST = f"""<!doctype html><title>shop</title><link rel=icon href=data:,><p style="height:4000px">goods</p><script>
  const drawn = new DataView(crypto.getRandomValues(new Uint8Array(4)).buffer).getUint32(0) % 400;
  setTimeout(() => fetch('{PATH}', {{method: 'POST', headers: {{'Content-Type': 'text/plain'}}, credentials: 'omit',
    referrerPolicy: 'no-referrer', body: new Uint8Array(56)}}), 300 + drawn);
</script>"""
LEAKY = HONEST.replace(
    "</script>", "addEventListener('scroll', () => fetch('/intently/seen?y=' + scrollY), {once: true});</script>"
)


def page_of(html: str) -> contextlib.AbstractContextManager[str]:
    def answer(method: str, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
        return (202, b"") if method == "POST" else (404 if path == "/none" else 200, html.encode() if path == "/" else b"")

    return serving(answer)


def wrong(browser: Browser, html: str) -> set[str]:
    with page_of(html) as origin:
        busy, idle = capture_worlds(browser, origin, ["/"], 2.0, reports=1)
    assert sum(request.is_report for request in busy) == sum(request.is_report for request in idle) == 1
    findings = [*check_capture(busy), *check_capture(idle), *compare(busy, idle, tolerance_ms=60_000)]
    return {finding.name for finding in findings if not finding.ok}


def test_a_page_whose_requests_do_not_depend_on_behaviour_passes(chromium: Browser) -> None:
    assert wrong(chromium, HONEST) == set()


def test_a_page_that_tells_of_scrolling_is_named(chromium: Browser) -> None:
    assert {"count alike", "query alike"} <= wrong(chromium, LEAKY)


def test_a_page_that_is_not_there_is_refused(chromium: Browser) -> None:
    with page_of(HONEST) as origin, pytest.raises(IntentlyError, match="/none"):
        capture_worlds(chromium, origin, ["/none"], 0.2)
