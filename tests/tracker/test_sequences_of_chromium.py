"""Sequences that need a script before the page's own, or the browser's protocol: Chromium alone."""

from __future__ import annotations

import contextlib
import time

import pytest
from drivers import ChromiumTab, Engine
from sequence_parts import EVENTS, act, row, until
from tracker_server import PageServer

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("table")]

SKEW = """(() => {
  const real = Date.now.bind(Date);
  window.skew = Number(localStorage.skew ?? 0);
  Date.now = () => real() + window.skew;
})();"""


def test_clock_set_back_and_forward(chrome: Engine, pages: PageServer) -> None:
    tab = chrome.tab(SKEW)
    tab.goto(f"{pages.origin}/?core")
    happened = [act(tab, "view_item", 1)]
    tab.js("(() => { skew = -3600_000; localStorage.skew = skew; return 0; })()")
    happened.append(act(tab, "view_item", 2))
    tab.reload()
    happened.append(act(tab, "view_item", 3))
    tab.js("(() => { skew = 600_000; localStorage.skew = skew; return 0; })()")
    happened.append(act(tab, "view_item", 4))
    tab.reload()
    row("clock back 1 h, forward 10 min", chrome, happened, tab.js(EVENTS))
    times = tab.js("tracker.session.state.events.map((event) => event.time_ms)")
    assert times == sorted(times)
    tab.js("(() => { skew = 7200_000; localStorage.skew = skew; return 0; })()")
    happened.append(act(tab, "view_item", 5))
    words = "by design: no telling it from two idle hours"
    row("clock forward 2 h", chrome, happened, tab.js(EVENTS), words, lost=4)


def test_storage_full(chrome: Engine, pages: PageServer) -> None:
    tab = chrome.tab()
    tab.goto(f"{pages.origin}/?core")
    fill = "(() => { let n = 0; try { for (;; n++) sessionStorage.setItem('fill' + n, 'x'.repeat(200_000)); } catch {} "
    fill += "try { for (;; n++) sessionStorage.setItem('fill' + n, 'x'); } catch {} return n; })()"
    assert tab.js(fill) > 10
    happened = [act(tab, "view_item", n) for n in range(1, 6)]
    row("storage full", chrome, happened, tab.js(EVENTS), "in memory; faults: 0")
    assert tab.js("faults") == []
    tab.reload()
    row("storage full, then reload", chrome, happened, tab.js(EVENTS), "by design: nothing could be written", lost=5)


def test_storage_denied(chrome: Engine, pages: PageServer) -> None:
    deny = (
        "for (const name of ['sessionStorage', 'localStorage']) "
        "Object.defineProperty(window, name, { get() { throw new DOMException('denied', 'SecurityError'); } });"
    )
    tab = chrome.tab(deny)
    tab.goto(f"{pages.origin}/?core")
    happened = [act(tab, "view_item", n) for n in range(1, 4)]
    row("storage denied", chrome, happened, tab.js(EVENTS), "in memory; faults: 0")
    assert tab.js("faults") == []


def test_renderer_killed(chrome: Engine, pages: PageServer) -> None:
    one, two = chrome.tab(), chrome.tab()
    one.goto(f"{pages.origin}/?core")
    two.goto(f"{pages.origin}/?core")
    happened = [act(one, "view_item", n) for n in (1, 2, 3)]
    assert isinstance(one, ChromiumTab)
    crashed: list[int] = []
    one.page.on("crash", lambda _: crashed.append(1))
    with contextlib.suppress(Exception):  # the answer dies with the page
        one.page.goto("chrome://crash", timeout=3000)
    for _ in range(40):
        if crashed:
            break
        two.js("0")
        time.sleep(0.05)
    assert crashed, "the renderer was not killed"
    happened.append(act(two, "view_item", 4))
    three = chrome.tab()
    three.goto(f"{pages.origin}/?core")
    until(three, f"({EVENTS}).length", (4).__eq__)
    row("renderer killed, others open", chrome, happened, three.js(EVENTS), "each act was told before it was over")


def test_hidden_time_is_no_dwell_and_nothing_is_lost_when_hidden(chrome: Engine, pages: PageServer) -> None:
    tab = chrome.tab()
    tab.goto(f"{pages.origin}/item/3")
    happened = [("view_item", 3)]
    time.sleep(0.5)
    assert isinstance(tab, ChromiumTab)
    hide = "Object.defineProperty(document, 'visibilityState', { configurable: true, value: 'hidden' })"
    turn = "document.dispatchEvent(new Event('visibilitychange'))"
    tab.js(f"(() => {{ {hide}; {turn}; return 0; }})()")
    before = tab.js("tracker.dwellMs()")
    time.sleep(1.0)
    assert tab.js("tracker.dwellMs()") - before < 50
    shown = time.monotonic()
    tab.js("(() => { delete document.visibilityState; document.dispatchEvent(new Event('visibilitychange')); return 0; })()")
    time.sleep(0.3)
    dwell = tab.js("tracker.dwellMs()")
    assert before + 250 < dwell < before + 1000 * (time.monotonic() - shown)
    tab.reload()
    left = time.monotonic()
    until(tab, EVENTS, lambda found: len(found) == 2)
    happened.append(("view_item", 3))
    row("hidden, shown, reloaded", chrome, happened, tab.js(EVENTS), "dwell counts visible time alone")
    kept = tab.js("tracker.session.state.events[0].dwell_ms")
    assert before < kept < before + 1000 * (left - shown)
