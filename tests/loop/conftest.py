"""One running demo for all tests of the loop: the real processes, a model trained for a few seconds, real Chromium."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext
from rich.console import Console

from intently.demo.run import Running, running_demo


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The embedded default with 400 simulated clients an epoch."""
    root: Path = tmp_path_factory.mktemp("demo")
    with running_demo(None, root, Console(quiet=True), budget_s=5.0, clients=400) as demo:
        yield demo


@pytest.fixture(scope="session")
def profile(chromium: Browser) -> Callable[..., BrowserContext]:
    """Makes clean profiles."""
    return chromium.new_context
