"""A browser for the session, and a shop for each test."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from browser_runtime import build_bundle

sys.path.insert(0, str(Path(__file__).parent))

from shop_server import SHOP, Server, Shop, public_hex

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Test shop</title><link rel="icon" href="data:,">
<script type="module" src="/page.js"></script>
<intently-recs placement="product" count="8" href-template="/product/{item}"></intently-recs>
<div id="rest"></div></html>"""
PAGE_JS = """import { createIntently } from '/intently/intently.js';
const query = new URLSearchParams(location.search);
const market = query.get('market');
window.intently = createIntently({ ...(market === null ? {} : { market }), eager: query.has('eager'), pollMs: 0,
  consent: { personalize: true, reports: !query.has('noreports') } });
if (query.has('candidates'))
  document.querySelector('intently-recs').candidates = Array.from({ length: 24 }, (_, at) => at + 1);
if (query.has('lens')) document.getElementById('rest').append(document.createElement('intently-privacy'));
"""


@pytest.fixture(scope="session")
def bundled(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Keys and a bundle that believes them, built once."""
    folder = tmp_path_factory.mktemp("bundle")
    shop = Shop(folder)
    build_bundle(folder, public_hex(shop.release_key), SHOP, demo=True, cards="shop")
    return shop


@pytest.fixture
def shop(bundled: Shop, tmp_path: Path) -> Shop:
    """The bundled keys over an empty folder of files."""
    for file in bundled.folder.iterdir():
        if file.is_file() and file.name != "manifest.json":
            (tmp_path / file.name).symlink_to(file)
    return Shop(tmp_path, bundled.release_key, bundled.pool_key, bundled.hpke_key)


@pytest.fixture
def server(shop: Shop) -> Iterator[Server]:
    started = Server(shop.folder, PAGE, {"/page.js": PAGE_JS})
    yield started
    started.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    with chromium.new_context(viewport={"width": 1280, "height": 900}) as context:
        page = context.new_page()
        page.set_default_timeout(15_000)
        faults: list[str] = []
        page.on("pageerror", lambda fault: faults.append(str(fault)))
        yield page
        assert faults == [], "the guest threw into the page"
