"""Engines for the sequences, each started when first asked for, and the pages that they open."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "demo_shop"))

from drivers import Chromium, Engine, Firefox, firefox_path
from page_server import served
from sequence_parts import TABLE
from shop_pages import write_pages
from signed_shop import SignedShop
from tracker_server import PageServer


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PageServer]:
    server = PageServer(tmp_path_factory.mktemp("tracker-page"))
    yield server
    server.close()


@pytest.fixture(scope="session")
def engines(chromium: Browser) -> Iterator[dict[str, Engine]]:
    """Started when first asked for."""
    made: dict[str, Engine] = {}
    MAKE["chromium"], MAKE["firefox"] = (lambda: Chromium(chromium)), Firefox
    yield made
    for engine in made.values():
        engine.close()


MAKE: dict[str, Callable[[], Engine]] = {}


def started(engines: dict[str, Engine], name: str) -> Engine:
    """A clean profile."""
    if name not in engines:
        engines[name] = MAKE[name]()
    engines[name].fresh()
    return engines[name]


@pytest.fixture(params=["chromium", "firefox"])
def engine(request: pytest.FixtureRequest, engines: dict[str, Engine]) -> Engine:
    if request.param == "firefox" and firefox_path() is None:
        pytest.skip("no Firefox: Debian's firefox-esr is not installed")
    return started(engines, request.param)


@pytest.fixture
def chrome(engines: dict[str, Engine]) -> Engine:
    return started(engines, "chromium")


@pytest.fixture(scope="session")
def table(request: pytest.FixtureRequest) -> Iterator[None]:
    """Printed once, whatever is captured."""
    yield
    plugins: Any = request.config.pluginmanager
    reporter = plugins.getplugin("terminalreporter")
    with plugins.getplugin("capturemanager").global_and_fixture_disabled():
        reporter.write_line("")
        for name, where, happened, captured, words in TABLE:
            reporter.write_line(f"  {name:34} {where:9} happened {happened:3}  captured {captured:3}  {words}")


@pytest.fixture(scope="session")
def signed(tmp_path_factory: pytest.TempPathFactory) -> SignedShop:
    return SignedShop(tmp_path_factory.mktemp("signed"))


@pytest.fixture(scope="session")
def shop_url(signed: SignedShop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pages = write_pages(tmp_path_factory.mktemp("pages"))
    with served(public=signed.public, bundle=signed.bundle, shop=pages) as url:
        yield url
