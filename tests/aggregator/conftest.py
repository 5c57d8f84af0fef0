"""The shops of the analyzer's tests; a module that wants another defines its own `shop`. Those of `BOTH` run on both stores."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from analyzer_parts import copy_shop, plain_shop, ready_shop
from postgres_server import PostgresServer, postgres_server
from release_parts import Shop

BOTH = ("test_analyzer", "test_analyzer_folding")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database" in metafunc.fixturenames and metafunc.module.__name__ in BOTH:
        metafunc.parametrize("database", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


@pytest.fixture
def database(request: pytest.FixtureRequest) -> str:
    """URL of a fresh database, '' for SQLite."""
    kind = getattr(request, "param", "sqlite")
    return str(request.getfixturevalue("postgres").fresh()) if kind == "postgresql" else ""


@pytest.fixture(scope="session")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Copied by each test."""
    return ready_shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture
def shop(ready: Shop, tmp_path: Path, database: str) -> Shop:
    return replace(copy_shop(ready, tmp_path / "shop"), database=database)


@pytest.fixture
def plain(tmp_path: Path, database: str) -> Shop:
    return replace(plain_shop(tmp_path / "plain"), database=database)
