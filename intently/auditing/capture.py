"""Two visitors of a live site in Chromium at once: the same pages, the same chance, other behaviour."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from contracts import IntentlyError
from privacy.traffic import POLLED, REPORT_PATH, Request

SAME_CHANCE = """
  let state = 20261125;
  crypto.getRandomValues = (array) => {
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    for (let at = 0; at < bytes.length; at++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      bytes[at] = state >>> 24;
    }
    return array;
  };
"""
"""Both draw the same coin and the same time; what still differs depends on behaviour. Sealing has the browser's own chance."""
HIDDEN = """(hidden) => {
  Object.defineProperty(document, 'visibilityState', { value: hidden ? 'hidden' : 'visible', configurable: true });
  document.dispatchEvent(new Event('visibilitychange'));
}"""
STEP_MS = 250
QUIET_MS = 4000
"""Longer than the runtime waits for an idle moment of the page (2 s) before it asks for the next part of a model."""
REPORTS_LIMIT_S = 60.0


class Visitor:
    """One browser profile and what it asked for."""

    def __init__(self, browser: Any, init: str, cookies: Sequence[dict[str, str]] = ()) -> None:
        self.context = browser.new_context(viewport={"width": 1200, "height": 800})
        self.context.add_init_script(SAME_CHANCE + init)
        self.context.add_cookies(list(cookies))
        self.page = self.context.new_page()
        self._asked: list[tuple[int, Any]] = []
        self.page.on("request", lambda request: self._asked.append((int(1000 * time.time()), request)))

    def go(self, url: str) -> None:
        """Open a page; raises `IntentlyError` where it does not answer."""
        try:
            answer = self.page.goto(url, wait_until="load", timeout=30_000)
        except Exception as error:
            raise IntentlyError(f"{url} does not open: {str(error).splitlines()[0]}") from None
        if answer is not None and answer.status >= 400:
            raise IntentlyError(f"{url} answers {answer.status}; give pages that exist")

    def look_around(self, ms: int) -> None:
        """Scroll, hover and linger."""
        for step in range(max(1, ms // STEP_MS)):
            self.page.mouse.move(200 + 40 * (step % 20), 200 + 25 * (step % 20))
            self.page.mouse.wheel(0, 400 if step % 16 < 12 else -1200)
            self.page.wait_for_timeout(STEP_MS)

    def look_away(self, hidden: bool) -> None:
        """As if another tab were in front."""
        self.page.evaluate(HIDDEN, hidden)

    def await_reports(self, count: int) -> None:
        """Stay until so many reports have left, or the limit is reached."""
        ends = time.monotonic() + REPORTS_LIMIT_S
        while sum(REPORT_PATH in request.url for _, request in self._asked) < count and time.monotonic() < ends:
            self.page.wait_for_timeout(STEP_MS)

    def await_quiet(self) -> None:
        """Stay until nothing was asked for a while, or the limit is reached: what a tab fetches once it is in front comes too."""
        ends = time.monotonic() + REPORTS_LIMIT_S
        while time.monotonic() < ends and 1000 * time.time() - self._last() < QUIET_MS:
            self.page.wait_for_timeout(STEP_MS)

    def _last(self) -> int:
        """When anything but a manifest was asked for."""
        return max((at for at, request in self._asked if not request.url.endswith(POLLED)), default=0)

    def requests(self) -> tuple[Request, ...]:
        """Everything asked of a network, oldest first."""
        found = []
        for at_ms, request in self._asked:
            if request.url.startswith(("data:", "blob:")):
                continue
            headers = tuple(sorted(request.all_headers().items()))
            found.append(Request(at_ms, request.method, request.url, headers, len(request.post_data_buffer or b"")))
        return tuple(found)


def capture_worlds(
    browser: Any,
    origin: str,
    pages: Sequence[str],
    seconds: float,
    init: str = "",
    reports: int = 0,
    cookies: Sequence[dict[str, str]] = (),
) -> tuple[tuple[Request, ...], tuple[Request, ...]]:
    """Requests of the busy and of the idle visitor. `seconds`: how long the visit lasts; more than the latest time drawn.

    `reports`: wait until each has sent so many, at most `REPORTS_LIMIT_S` longer. `cookies`: {name, value, url} that both bring.
    """
    busy, idle = Visitor(browser, init, cookies), Visitor(browser, init, cookies)
    try:
        for path in pages:
            for visitor in (busy, idle):
                visitor.go(origin.rstrip("/") + path)
            idle.look_away(True)
            busy.look_around(int(1000 * seconds / len(pages)))
            idle.look_away(False)
        for visitor in (busy, idle):
            visitor.await_reports(reports)
            visitor.await_quiet()
        return busy.requests(), idle.requests()
    finally:
        busy.context.close()
        idle.context.close()
