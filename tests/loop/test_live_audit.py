"""`intently audit traffic` and `audit served` against the running demo shop: the real pages, the real bundle, a live loop."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser

from browser_runtime import build_bundle, read_bundle
from contracts import Envelope, Manifest, Pool
from intently.auditing.capture import capture_worlds
from intently.auditing.served import PROFILES, audit_served
from intently.configuration import DEMO
from intently.demo.run import Running
from privacy.report_audit import Finding
from privacy.traffic import Request, check_capture, compare

pytestmark = pytest.mark.browser

PAGES = ("/", "/product/9")
TRIES = 12
VISIT_S = 16
"""Two pages, the latest T, and some quiet."""


def newest_pool(origin: str) -> int:
    """Epoch of the pool that the manifest names; -1 for the first."""
    manifest = Manifest.from_bytes(Envelope.from_bytes(httpx.get(f"{origin}/intently/manifest.json").content).payload_bytes())
    return Pool.from_bytes(httpx.get(f"{origin}/intently/{manifest.pool.path}").content).epoch


def until(truth: Callable[[], bool], within_s: float) -> None:
    ends = time.monotonic() + within_s
    while not truth():
        assert time.monotonic() < ends, "waited too long"
        time.sleep(0.2)


def quiet_visit(browser: Browser, running: Running) -> tuple[tuple[Request, ...], tuple[Request, ...]]:
    """A capture that began after an epoch's pool came and ended before the next: what changes for everyone is no difference."""
    origin = running.addresses.delivery
    for _ in range(TRIES):
        ends = (time.time() // DEMO.epoch_s + 1) * DEMO.epoch_s
        if ends - time.time() < VISIT_S:
            until(lambda ends=ends: time.time() > ends, 2 * DEMO.epoch_s)  # type: ignore[misc]
            ends += DEMO.epoch_s
        epoch = int(ends // DEMO.epoch_s) - 1
        until(lambda epoch=epoch: newest_pool(origin) >= epoch - 1, 60)  # type: ignore[misc]
        found = capture_worlds(browser, origin, PAGES, 2.0, reports=1)
        if time.time() < ends:
            return found
    pytest.fail(f"no visit fitted into an epoch of {DEMO.epoch_s} s, {TRIES} times")


def wrong(findings: list[Finding]) -> dict[str, str]:
    return {finding.name: finding.what for finding in findings if not finding.ok}


def judged(busy: tuple[Request, ...], idle: tuple[Request, ...]) -> dict[str, str]:
    assert [sum(request.is_report for request in each) for each in (busy, idle)] == [1, 1]
    return wrong([*check_capture(busy), *check_capture(idle), *compare(busy, idle, tolerance_ms=60_000)])


def test_two_visitors_of_the_demo_shop_ask_for_the_same(running: Running, chromium: Browser) -> None:
    assert judged(*quiet_visit(chromium, running)) == {}


def test_the_demo_shop_serves_the_reproducible_build_to_everyone(running: Running, tmp_path: Path) -> None:
    origin, served = running.addresses.delivery, read_bundle(running.space.bundle)
    rebuilt, other = tmp_path / "rebuilt", tmp_path / "other"
    build_bundle(rebuilt, served.release_key, served.shop, served.demo)
    findings = audit_served(origin, rebuilt)
    assert wrong(findings) == {}
    assert sum(finding.name.startswith("code, ") for finding in findings) == len(PROFILES)
    build_bundle(other, "ab" * 32, served.shop, served.demo)
    named = wrong(audit_served(origin, other))
    assert {f"code, {name}" for name in PROFILES} | {"release signature"} == named.keys()
