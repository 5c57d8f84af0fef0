"""Two visits with the same navigation and other behaviour ask the network for the same things.

Both run at once, so that both see the same epoch and the same manifests, and both draw the same random bytes: what still
differs would depend on behaviour. A planted picture of the model's first choice must be caught.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Request

from contracts import BODY_BYTES
from intently.auditing.capture import SAME_CHANCE
from intently.configuration import DEMO
from intently.demo.run import Running
from intently.demo.tab import Tab

pytestmark = pytest.mark.browser

LEAK = """
  document.addEventListener('DOMContentLoaded', () => {
    let last = '';
    setInterval(async () => {
      const intently = (await import('/intently/intently.js')).currentIntently();
      const chosen = intently?.snapshot().scoring && (await intently.rank(null, { count: 40 })).items.join();
      if (!chosen || chosen === last) return;
      last = chosen;
      chosen.split(',').forEach((item, place) => { new Image().src = `/picture/${item}.png?place=${place}`; });
    }, 400);
  });
"""
"""What a careless shop does: ask an image host for the pictures of the items that the model chose."""

HEADERS_OF_NO_CONTENT = {"content-length"}


def note(request: Request) -> tuple[str, str, tuple[tuple[str, str], ...], int]:
    """Method, URL, headers and body size of a request."""
    headers = tuple(sorted((k, v) for k, v in request.all_headers().items() if k not in HEADERS_OF_NO_CONTENT))
    return request.method, request.url, headers, len(request.post_data_buffer or b"")


class TimedTab(Tab):
    """Knows when each request was made."""

    def __init__(self, context: BrowserContext, origin: str) -> None:
        self.at: dict[Request, float] = {}
        super().__init__(context, origin)

    def _note(self, request: Request) -> None:
        self.at[request] = time.time()
        super()._note(request)

    def forget_after(self, moment: float) -> None:
        """Drop what was asked for later."""
        self.requests = [request for request in self.requests if self.at[request] < moment]


def start(profile: Callable[..., BrowserContext], origin: str, init: str) -> TimedTab:
    context = profile(viewport={"width": 1200, "height": 800})
    context.add_init_script(SAME_CHANCE + init)
    return TimedTab(context, origin)


def seen(tab: Tab) -> Counter[tuple[str, str, tuple[tuple[str, str], ...], int]]:
    return Counter(note(request) for request in tab.requests)


def visit_both(eager: TimedTab, idle: TimedTab) -> None:
    """The same pages at the same times; one shopper lingers, scrolls and looks at things, the other does not.

    Judged is the epoch that both began in: on a loaded machine a visit outlasts it, and then everyone reports and fetches anew,
    each tab as far as its own clock got before it was closed.
    """
    tabs = (eager, idle)
    epoch_s = DEMO.epoch_s
    time.sleep(epoch_s - time.time() % epoch_s + 0.5)
    ends = (time.time() // epoch_s + 1) * epoch_s
    for tab in tabs:
        tab.open()
    for tab in tabs:
        tab.until_model()
    for item in (9, 71):
        for tab in tabs:
            tab.view(item)
        for _ in range(8):
            eager.page.mouse.wheel(0, 500)
            eager.page.wait_for_timeout(200)
        eager.page.mouse.wheel(0, -9000)
        idle.page.evaluate("() => Object.defineProperty(document, 'visibilityState', {value: 'hidden', configurable: true})")
        idle.page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
        eager.page.wait_for_timeout(2500)
        idle.page.evaluate("() => Object.defineProperty(document, 'visibilityState', {value: 'visible', configurable: true})")
        idle.page.evaluate("() => document.dispatchEvent(new Event('visibilitychange'))")
    for tab in tabs:
        tab.until("a report", tab.reports, 60)
    for tab in tabs:
        tab.ask("intently.dispose()")
        tab.forget_after(ends)


def differences(running: Running, profile: Callable[..., BrowserContext], leak: str = "") -> tuple[set[str], Tab, Tab]:
    eager = start(profile, running.addresses.delivery, leak)
    idle = start(profile, running.addresses.delivery, leak)
    try:
        visit_both(eager, idle)
        behaviour = [tab.ask("intently.snapshot()") for tab in (eager, idle)]
        dwell = [[event["dwell_ms"] for event in snapshot["events"] if event["type"] == "view_item"] for snapshot in behaviour]
        assert dwell[0] != dwell[1], "the two visits did not differ, so nothing was tested"
        one, other = seen(eager), seen(idle)
        # How many polls fit into a visit depends on the clock of each tab alone, which no behaviour moves: compared as a set.
        polls = {key for key in one | other if key[1].endswith("/intently/manifest.json")}
        odd = ((one - other) + (other - one)).keys() - polls
        return {f"{method} {url}" for method, url, _, _ in odd}, eager, idle
    finally:
        eager.context.close()
        idle.context.close()


def test_other_behaviour_asks_for_the_same_things(running: Running, profile: Callable[..., BrowserContext]) -> None:
    odd, eager, idle = differences(running, profile)
    assert odd == set()
    for tab in (eager, idle):
        assert len(tab.reports()) == 1
        assert tab.bodies() == tab.reports(), "a request that is no report had a body"
        assert all(len(request.post_data_buffer or b"") == BODY_BYTES for request in tab.reports())


def test_a_planted_picture_of_the_chosen_item_is_caught(running: Running, profile: Callable[..., BrowserContext]) -> None:
    odd, _, _ = differences(running, profile, LEAK)
    assert any("/picture/" in request for request in odd), odd
