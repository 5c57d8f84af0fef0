"""The shops of the analyzer's tests; a module that wants another defines its own `shop`."""

from __future__ import annotations

from pathlib import Path

import pytest
from analyzer_parts import copy_shop, plain_shop, ready_shop
from release_parts import Shop


@pytest.fixture(scope="session")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Copied by each test."""
    return ready_shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture
def shop(ready: Shop, tmp_path: Path) -> Shop:
    return copy_shop(ready, tmp_path / "shop")


@pytest.fixture
def plain(tmp_path: Path) -> Shop:
    return plain_shop(tmp_path / "plain")
