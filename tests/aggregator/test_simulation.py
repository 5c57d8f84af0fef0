"""The simulation: a few seeds here, and planted faults that it finds; `python3 noxfile.py -s kafka` runs many."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from loop_parts import countable
from postgres_server import PostgresServer
from release_parts import Shop, make_shop
from simulation import FIRST_EPOCH, simulate
from simulation_faults import Connection, Faults, faulty_disk

from aggregator.analyzer import folds
from aggregator.analyzer.publisher import Publisher
from aggregator.analyzer.store import AnalyzerStore, BucketRow
from aggregator.files import put_file
from aggregator.relay.store import RelayStore
from contracts import Bucket

SEEDS = range(4)
SEEDS_ON_POSTGRES = range(20, 22)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return make_shop(tmp_path_factory.mktemp("shop"), countable(), now_s=FIRST_EPOCH * 10)


@pytest.fixture
def shop(fresh: Shop, tmp_path: Path) -> Shop:
    shutil.copytree(fresh.folder, tmp_path / "shop")
    return Shop(tmp_path / "shop", fresh.configuration, fresh.release)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_bucket_holds_exactly_one(seed: int, shop: Shop) -> None:
    found = simulate(seed, shop)
    assert found["cells_at_1"] > 0


@pytest.mark.parametrize("seed", SEEDS_ON_POSTGRES)
def test_every_bucket_is_its_messages_and_one_draw_on_postgresql(seed: int, shop: Shop, postgres: PostgresServer) -> None:
    found = simulate(seed, replace(shop, database=postgres.fresh()), noise=2.0)
    assert found["cells_at_1"] > 0
    assert found["killed"] > 0


@pytest.mark.parametrize("seed", SEEDS)
def test_with_noise_every_bucket_is_its_messages_and_one_draw(seed: int, shop: Shop) -> None:
    """Wherever a process dies, whichever of two workers closes, whatever comes again."""
    found = simulate(seed, shop, noise=2.0)
    assert found["cells_at_1"] > 0
    assert found["draws"] > 0


def test_a_planted_publisher_that_draws_again_is_found(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the counts of its plan it leaves those of a second draw, which nothing names."""
    publish = Publisher._publish

    def generous(self: Publisher, row: BucketRow) -> None:
        planned = np.frombuffer(self._store.planned(row.id).counts, dtype="<f8")
        put_file(self._public, (planned + self._draw(4.0, 201)).tobytes(), ".f64", compress=False)  # type: ignore[misc]
        publish(self, row)

    monkeypatch.setattr(Publisher, "_publish", generous)
    assert "in the public folder" in fails(shop, tmp_path, noise=2.0)


def fails(shop: Shop, tmp_path: Path, noise: float | None = None) -> str:
    """What the first of a few seeds that fails says."""
    for seed in range(6):
        copy = Shop(tmp_path / f"copy-{seed}", shop.configuration, shop.release)
        shutil.copytree(shop.folder, copy.folder)
        try:
            simulate(seed, copy, noise=noise)
        except AssertionError as error:
            return str(error)
    return ""


def test_a_planted_analyzer_that_forgets_what_it_saw_is_found(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folds, "_first_of_each_id", lambda rows: np.arange(len(rows)))
    salted = SimpleNamespace(sha256=lambda data: hashlib.sha256(data + os.urandom(4)))
    monkeypatch.setattr("aggregator.analyzer.store.hashlib", salted)
    monkeypatch.setattr(AnalyzerStore, "next_offset", lambda self, claim: 0)
    assert "exactly 1" in fails(shop, tmp_path)


def test_a_planted_relay_that_answers_before_the_disk_is_found(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = RelayStore.add

    def hasty(self: RelayStore, found: list[tuple[Bucket, bytes]]) -> list[bool]:
        try:
            return add(self, found)
        except sqlite3.OperationalError:
            return [True] * len(found)

    monkeypatch.setattr(RelayStore, "add", hasty)
    assert "accepted reports" in fails(shop, tmp_path)


def test_a_commit_that_the_disk_refused_leaves_the_store_usable(tmp_path: Path) -> None:
    """Found by the simulation: the transaction stayed open, and every later one failed inside it, for ever."""
    faults = Faults(random.Random(0))
    with faulty_disk(faults):
        store = RelayStore(tmp_path / "relay.sqlite")
        bucket = Bucket("0" * 64, 1, 5, 1)
        execute = Connection.execute

        def refuse_commits(self: Connection, sql: str, *values: Any) -> Any:
            if sql == "COMMIT":
                raise sqlite3.OperationalError("database or disk is full")
            return execute(self, sql, *values)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Connection, "execute", refuse_commits)
            with pytest.raises(sqlite3.OperationalError, match="full"):
                store.add([(bucket, b"1" * 56)])
        assert store.add([(bucket, b"2" * 56)]) == [True]
        assert store.close_bucket(bucket, 1, lambda bodies: None).reports == 1


def test_two_collections_of_an_epoch_may_have_equal_counts(shop: Shop) -> None:
    """Found by the simulation: the auditor took the receipt of the other collection, and called a true pool false."""
    found = simulate(11, shop)
    assert found["cells_at_1"] > 0
