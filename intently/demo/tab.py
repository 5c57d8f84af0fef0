"""One tab of the demo shop in a real Chromium, as its check and the tests drive it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import BrowserContext, Page, Request, sync_playwright

from contracts import BODY_BYTES
from intently.chromium import FLAGS, find_chromium
from intently.demo.checklist import Missed

INSTANCE = "(await import('/intently/intently.js')).currentIntently()"
STRIP = "intently-recs[placement={}]"
REST_CAME = """((rest) => !rest || performance.getEntriesByType('resource')
  .some(({ name, responseEnd }) => responseEnd > 0 && name.endsWith(rest.path)))(intently.held?.release.rest)"""
"""Whether the rows of all other items are in the tab: the first load is over. Without them items of one category score alike."""


@contextmanager
def chromium() -> Iterator[Callable[..., BrowserContext]]:
    """A headless Chromium; what is yielded makes clean profiles."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
        try:
            yield browser.new_context
        finally:
            browser.close()


class Tab:
    """A page of the shop and everything that it asked of the network."""

    def __init__(self, context: BrowserContext, origin: str) -> None:
        self.context, self.origin = context, origin
        self.page: Page = context.new_page()
        self.requests: list[Request] = []
        self.page.on("request", self._note)

    def _note(self, request: Request) -> None:
        if request.url.startswith("http"):
            self.requests.append(request)

    def open(self, path: str = "/") -> None:
        """Load a page of the shop and wait until its own script ran."""
        self.page.goto(self.origin + path, wait_until="domcontentloaded")

    def ask(self, expression: str, argument: Any = None) -> Any:
        """Evaluate an expression over `intently`, the instance of the page."""
        return self.page.evaluate(f"async (argument) => {{ const intently = {INSTANCE}; return {expression}; }}", argument)

    def snapshot(self) -> dict[str, Any]:
        """Everything that Intently holds in this tab."""
        found: dict[str, Any] = self.ask("intently === null ? null : intently.snapshot()")
        return found

    def until(self, what: str, truth: Callable[[], Any], within_s: float) -> Any:
        """Wait for a truth and return it; raises `Missed` after `within_s`."""
        ends = time.monotonic() + within_s
        while True:
            found = truth()
            if found:
                return found
            if time.monotonic() > ends:
                raise Missed(f"{what} not within {within_s:.0f} s")
            self.page.wait_for_timeout(100)

    def until_model(self, within_s: float = 40.0) -> None:
        """Wait for the session model, and for the rows of all items."""
        self.until("the session model is ready", lambda: self.snapshot()["status"]["model"] == "ready", within_s)
        self.until("the rest of the model", lambda: self.ask(REST_CAME), within_s)

    def view(self, item: int) -> None:
        """Go to a product page as a click on a card does, without loading the page anew."""
        self.page.evaluate(
            "(item) => { history.pushState(null, '', `/product/${item}`); dispatchEvent(new PopStateEvent('popstate')); }", item
        )
        self.until(f"product page of item {item}", lambda: self.snapshot()["viewing"] == item, 5)

    def strip(self, placement: str) -> list[int]:
        """Items that a strip shows, in order."""
        found: list[int] = self.page.evaluate(f"() => [...(document.querySelector('{STRIP.format(placement)}')?.items ?? [])]")
        return found

    def lens(self) -> str:
        """Text of the privacy lens; '' where it is not on the page."""
        found: str = self.page.evaluate(
            "() => { const lens = document.querySelector('intently-privacy'); "
            "return (lens?.shadowRoot ?? lens)?.textContent ?? ''; }"
        )
        return found

    def reports(self) -> list[Request]:
        """Requests with a report's path."""
        return [request for request in self.requests if "/v1/reports/" in request.url]

    def bodies(self) -> list[Request]:
        """Requests with any body; apart from reports there must be none."""
        return [request for request in self.requests if request.post_data_buffer]


def report_bytes(request: Request) -> bytes:
    """Body of a report; raises `Missed` unless it is just as long as all are."""
    body = request.post_data_buffer or b""
    if len(body) != BODY_BYTES:
        raise Missed(f"a report of {len(body)} bytes, want {BODY_BYTES}")
    return body


def shown_order(snapshot: dict[str, Any], unavailable: set[int], count: int) -> list[int]:
    """What a strip must show: score descending, then index, after the hard filters."""
    scoring = snapshot["scoring"]
    out = {*unavailable, snapshot["viewing"], *snapshot["cart"]}
    ranked = sorted(zip(scoring["candidates"], scoring["scores"], strict=True), key=lambda pair: (-pair[1], pair[0]))
    return [item for item, _ in ranked if item not in out][:count]
