"""A shop of one page on the real delivery, with the real bundle, and all that its pages asked of the network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, Request

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Shop</title><link rel="icon" href="data:,">
<script type="module" src="/shop.js"></script>
<intently-recs placement="home" count="8" href-template="/product/{item}"></intently-recs>
<ul data-intently-list="shelf">CARDS</ul><intently-privacy></intently-privacy></html>"""
SCRIPT = """import { createIntently } from '/intently/intently.js';
const query = new URLSearchParams(location.search);
const consent = query.get('consent');
window.intently = createIntently({ eager: true, pollMs: 0, ...(consent === null ? {} : { consent }) });
"""
SPY = """
  window.touched = [];
  const spy = (object, name, what) => {
    const original = object[name];
    object[name] = function (...args) { window.touched.push(`${what}.${name} ${String(args[0]).slice(0, 40)}`); return original.apply(this, args); };
  };
  for (const name of ['getItem', 'setItem', 'removeItem', 'clear', 'key']) spy(Storage.prototype, name, 'Storage');
  for (const name of ['open', 'deleteDatabase', 'databases']) spy(IDBFactory.prototype, name, 'IndexedDB');
  for (const name of ['open', 'match', 'has', 'keys', 'delete']) spy(CacheStorage.prototype, name, 'Caches');
  const cookie = Object.getOwnPropertyDescriptor(Document.prototype, 'cookie');
  Object.defineProperty(document, 'cookie', { get() { touched.push('cookie read'); return cookie.get.call(this); },
    set(value) { touched.push('cookie written'); cookie.set.call(this, value); } });
"""  # noqa: E501
"""Notes each touch of a storage."""


def write_pages(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    cards = "".join(f'<li data-intently-item="{n}"><a href="#{n}">Item {n}</a></li>' for n in range(1, 13))
    (folder / "index.html").write_text(PAGE.replace("CARDS", cards))
    (folder / "shop.js").write_text(SCRIPT)
    return folder


class Visitor:
    """A clean profile with one page, and every request of it."""

    def __init__(self, browser: Browser, url: str, **more: Any) -> None:
        self.context: BrowserContext = browser.new_context(base_url=url, **more)
        self.context.set_default_timeout(60_000)
        self.context.add_init_script(SPY)
        self.requests: list[Request] = []
        self.context.on("request", lambda request: self.requests.append(request))
        self.page: Page = self.context.new_page()

    def open(self, path: str = "/") -> Visitor:
        self.page.goto(path)
        self.page.wait_for_function("() => window.intently && intently.held !== null")
        return self

    def view(self, *items: int) -> None:
        for item in items:
            self.page.evaluate("(item) => intently.record({ type: 'view_item', item })", item)
            self.page.wait_for_timeout(3)

    def rank(self) -> tuple[list[int], str]:
        """The strip's order once the model has spoken, and by which tier."""
        found = self.page.evaluate("intently.rank(null, { count: 10, placement: 'test' })")
        return found["items"], found["tier"]

    def until_model(self) -> None:
        self.page.wait_for_function("() => intently.snapshot().status.model === 'ready'")

    def events(self) -> list[int]:
        """Items of what was done; what merely came into view depends on how long the test took."""
        acts = "intently.snapshot().events.filter(({ type }) => type !== 'view_item_list')"
        return self.page.evaluate(f"{acts}.map((event) => event.item)")
