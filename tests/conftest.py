"""One Chromium for the whole run: Playwright's synchronous API allows one at a time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from intently.chromium import FLAGS, find_chromium

WAIT_MS = 30_000
"""For a state that must come: Playwright's own 5 s are too few on a machine with other work."""


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Headless; such tests never skip: without a browser they fail and say so."""
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
        yield browser
        browser.close()
