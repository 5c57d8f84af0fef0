"""The React example in Chromium: React keeps its nodes while Intently orders them, and the shop's own list follows."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Page
from shop_server import PAGE_CSP, Server, Shop

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
BODY = '<!doctype html><html lang="en"><title>React</title><link rel="icon" href="data:,"><div id="root"></div>'


def built(folder: Path) -> str:
    """The example as a shop's own bundle."""
    out = folder / "shop.js"
    words = ["--bundle", "--format=esm", "--jsx=automatic", "--minify", "--log-level=error"]
    node_env = '--define:process.env.NODE_ENV="production"'
    command = [ROOT / "node_modules/.bin/esbuild", ROOT / "examples/react/shop.tsx", *words, node_env, f"--outfile={out}"]
    subprocess.run([str(word) for word in command], check=True, timeout=60)
    return out.read_text()


def test_the_example_ranks_children_that_react_renders(shop: Shop, server: Server, page: Page, tmp_path: Path) -> None:
    shop.publish(unavailable=(2, 22))
    server.scripts["/react.js"] = built(tmp_path)
    html = f'{BODY}<script type="module" src="/react.js"></script></html>'
    server.pages["/react"] = (html, {"Content-Security-Policy": PAGE_CSP})
    page.goto(f"{server.origin}/react")
    page.wait_for_function("() => document.querySelector('#order').textContent !== ''")
    assert page.locator("#search li").all_inner_texts()[0] == "24", "its pin"
    assert "22" not in page.locator("#search li").all_inner_texts()
    page.evaluate("window.first = document.querySelector('article')")
    before = page.locator("#order").inner_text()
    page.wait_for_function("() => document.querySelector('intently-recs').items.length === 4")
    page.click("#view")
    page.wait_for_function("(before) => document.querySelector('#order').textContent !== before", arg=before)
    page.click("#view")
    assert page.locator("#view").inner_text() == "Look at item 3 (2)", "React still draws"
    shown = page.evaluate("[...document.querySelectorAll('article')].filter((card) => card.checkVisibility()).length")
    assert shown == 4
    assert not {"2", "3"} & set(page.locator("#order").inner_text().split(","))
    assert page.evaluate("first === document.querySelector('article') && first.dataset.intentlyItem === '1'")
