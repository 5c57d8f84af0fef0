"""What only PostgreSQL can do to the store: go away and come back, and serve workers that know nothing of one another."""

from __future__ import annotations

import asyncio
import threading
import time
import uuid
from dataclasses import replace
from pathlib import Path

import numpy as np
import psycopg
import pytest
from analyzer_parts import EPOCH, copy_shop
from postgres_server import PostgresServer, postgres_server
from pydantic import ValidationError
from release_parts import NOW, Shop, analyze

from aggregator.analyzer.app import Analyzer, build
from aggregator.analyzer.folds import ROW
from aggregator.analyzer.health import metrics_of
from aggregator.analyzer.pipeline import Pipeline
from aggregator.analyzer.settings import AnalyzerSettings
from aggregator.analyzer.store import AnalyzerStore, BucketRow
from aggregator.errors import SettingsRefused, StaleGeneration, StoreAway
from aggregator.settings import load_settings
from aggregator.transport import Delivered, OutboxTransport
from contracts import Bucket

WITHIN_S = 60.0
LOCK_WITHIN_S = 15.0
BUCKET = Bucket("a" * 64, 1, EPOCH, 1)


@pytest.fixture
def shop(ready: Shop, tmp_path: Path, postgres: PostgresServer) -> Shop:
    return replace(copy_shop(ready, tmp_path / "shop"), database=postgres.fresh())


def rows_of(n: int) -> np.ndarray:
    rows = np.zeros(n, dtype=ROW)
    rows["low"] = np.arange(n)
    return rows


def until_somebody_waits(url: str) -> None:
    """For a lock; returns all the same after `LOCK_WITHIN_S`."""
    waits = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    end = time.monotonic() + LOCK_WITHIN_S
    with psycopg.connect(url, autocommit=True) as other:
        while time.monotonic() < end and not other.execute(waits).fetchone():
            time.sleep(0.01)


async def until(condition: object, what: str) -> None:
    end = asyncio.get_running_loop().time() + WITHIN_S
    while not condition():  # type: ignore[operator]
        assert asyncio.get_running_loop().time() < end, what
        await asyncio.sleep(0.02)


async def _through_an_outage(server: PostgresServer, analyzer: Analyzer, delivered: list[Delivered]) -> list[int]:
    acknowledged: list[int] = []
    pipeline = Pipeline(analyzer)
    await pipeline.assigned(["kafka/0"])
    committing = asyncio.create_task(pipeline.run())
    await pipeline.submit(delivered[0], lambda: acknowledged.append(0))
    await until(lambda: acknowledged == [0], "the first is folded")
    await asyncio.to_thread(server.kill)
    for at, each in enumerate(delivered[1:], start=1):
        await pipeline.submit(each, lambda at=at: acknowledged.append(at))  # type: ignore[misc]
    await until(lambda: any("StoreAway" in fault for fault in analyzer.health.faults()), "not ready while the database is away")
    metrics = metrics_of(analyzer.store, analyzer.settings, analyzer.health, analyzer.publisher.pool_public_key)
    assert b"intently_analyzer_ready 0.0" in metrics
    assert acknowledged == [0], "nothing is acknowledged while the database is away"
    await asyncio.to_thread(server.start)
    await until(lambda: len(acknowledged) == len(delivered), "all are folded once it is back")
    await until(lambda: not analyzer.health.faults(), "ready again")
    committing.cancel()
    return acknowledged


def test_a_server_that_dies_in_the_middle_loses_nothing_and_is_waited_for(ready: Shop, tmp_path: Path) -> None:
    with postgres_server() as server:
        shop = replace(copy_shop(ready, tmp_path / "shop"), database=server.fresh())
        values = [each.value for each in OutboxTransport(shop.outbox).read(0)]
        delivered = [Delivered("kafka/0", at, value) for at, value in enumerate(values)]
        analyzer = build(shop.settings(), lambda: NOW)
        assert asyncio.run(_through_an_outage(server, analyzer, delivered)) == list(range(len(delivered)))
        assert [row.arrived for row in analyzer.store.buckets()] == [400, 60]
        assert [row.counted for row in analyze(shop).store.buckets()] == [400, 60]


def test_a_transaction_whose_session_is_ended_leaves_nothing_and_the_store_usable(shop: Shop) -> None:
    store = AnalyzerStore(shop.database)
    claim = store.claim("kafka/0")

    def half() -> None:
        with store.transaction() as database:
            row = store.bucket(BUCKET, 10)
            store.add(row.id, 0, b"batch", rows_of(10))
            (session,) = database.execute("SELECT pg_backend_pid()").fetchone()
            with psycopg.connect(shop.database, autocommit=True) as other:
                other.execute("SELECT pg_terminate_backend(%s, 10000)", (session,))
            store.advance(claim, 1)

    with pytest.raises(StoreAway):
        half()
    assert (store.buckets(), store.offsets()) == ([], {"kafka/0": 0})


def test_a_claim_waits_for_the_commit_that_is_under_way_and_then_fences_it(shop: Shop) -> None:
    old, new = AnalyzerStore(shop.database), AnalyzerStore(shop.database)
    first = old.claim("kafka/0")
    claimed: list[int] = []
    with old.transaction():
        old.next_offset(first)
        claiming = threading.Thread(target=lambda: claimed.append(new.claim("kafka/0").next_offset))
        claiming.start()
        until_somebody_waits(shop.database)
        assert not claimed
        old.advance(first, 7)
    claiming.join(WITHIN_S)
    assert claimed == [7], "the new owner goes on where the old one's commit ended"
    with old.transaction(), pytest.raises(StaleGeneration):
        old.next_offset(first)


def test_a_close_begins_before_or_after_a_concurrent_fold_never_in_it(shop: Shop) -> None:
    """The planted fault: without the lock of the bucket's row, the close begins and the batch is lost."""
    folding, closing = AnalyzerStore(shop.database), AnalyzerStore(shop.database)
    with folding.transaction():
        folding.add(folding.bucket(BUCKET, 20).id, 0, b"first", rows_of(10))
    (seen,) = closing.buckets()
    settled: list[bool] = []

    def settle() -> None:
        with closing.transaction():
            settled.append(closing._settle(seen, "closing"))

    with folding.transaction():
        row = folding.bucket(BUCKET, 20)
        beginning = threading.Thread(target=settle)
        beginning.start()
        until_somebody_waits(shop.database)
        assert not settled, "waits for the fold"
        folding.add(row.id, 1, b"second", rows_of(10))
    beginning.join(WITHIN_S)
    assert settled == [False], "reports arrived after the row was read"
    assert [(row.state, row.arrived) for row in closing.buckets()] == [("open", 20)]


def test_two_workers_fold_into_the_same_buckets_at_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The buckets come to each in another order; taken in that order, each would wait for the other's until one is ended."""
    values = [each.value for each in OutboxTransport(shop.outbox).read(0)]
    workers = [build(shop.settings(), lambda: NOW) for _ in range(2)]
    failed: list[BaseException] = []
    take = AnalyzerStore.bucket

    def slowly(self: AnalyzerStore, bucket: Bucket, bucket_reports: int) -> BucketRow:
        row = take(self, bucket, bucket_reports)
        time.sleep(0.2)
        return row

    def fold(at: int) -> None:
        try:
            claim = workers[at].store.claim(f"kafka/{at}")
            order = values[::-1] if at else values
            for turn in range(3):
                delivered = [Delivered(claim.partition, turn * 100 + n, value) for n, value in enumerate(order)]
                workers[at].worker.process(claim, delivered)
        except BaseException as error:
            failed.append(error)

    monkeypatch.setattr(AnalyzerStore, "bucket", slowly)
    threads = [threading.Thread(target=fold, args=(at,)) for at in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WITHIN_S)
    assert failed == []
    assert [row.arrived for row in workers[0].store.buckets()] == [400, 60]
    assert sum(row.refusals.duplicate for row in workers[0].store.buckets()) == 5 * 460


def test_of_two_hosts_one_publishes_and_who_lost_the_connection_does_not_go_on(shop: Shop) -> None:
    here, there = AnalyzerStore(shop.database), AnalyzerStore(shop.database)

    def publish() -> None:
        with here.publishing() as ours:
            assert ours
            with there.publishing() as theirs:
                assert not theirs
            here._database.close()  # as when the network goes
            here.buckets()

    with pytest.raises(StoreAway):
        publish()
    for _ in range(500):
        with there.publishing() as theirs:
            if theirs:
                break
        threading.Event().wait(0.02)
    assert theirs, "the lock died with the connection"
    assert here.buckets() == []


def test_a_host_that_does_not_publish_only_folds(shop: Shop) -> None:
    folds = analyze(shop, publishes=False)
    assert [(row.state, row.arrived) for row in folds.store.buckets()] == [("open", 400), ("open", 60)]
    assert [row.state for row in analyze(shop).store.buckets()] == ["closed", "closed"]


def test_nothing_of_a_closed_bucket_is_left_in_the_tables_and_their_files_shrink(shop: Shop) -> None:
    store = analyze(shop).store
    size = "SELECT pg_relation_size('folded'), pg_relation_size('closes')"
    assert store._database.execute(size).fetchone() == (0, 0)


def test_a_password_in_the_url_is_refused_and_not_told(shop: Shop, tmp_path: Path) -> None:
    for url in ("postgresql://shop:geheim@db/intently", "postgresql://db/intently?password=geheim"):
        file = tmp_path / "intently.yaml"
        file.write_text(f"store: {url}\npublic: p\nkeys: k\noutbox: o\n")
        with pytest.raises(SettingsRefused, match="must not stand in the URL") as refused:
            load_settings(AnalyzerSettings, file)
        assert "geheim" not in str(refused.value)


@pytest.mark.parametrize("store", ["mysql://db/intently", "postgresql+psycopg://db/intently"])
def test_a_store_that_is_neither_is_refused(shop: Shop, store: str) -> None:
    with pytest.raises(ValidationError, match="path of a file, or postgresql"):
        replace(shop, database=store).settings()


def test_a_role_that_may_not_make_tables_is_told_so(shop: Shop) -> None:
    name = f"guest_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(shop.database, autocommit=True) as owner:
        owner.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        owner.execute(f"CREATE ROLE {name} LOGIN".encode())
    with pytest.raises(SettingsRefused, match=r"permission denied.*our role owns"):
        AnalyzerStore(shop.database.replace("intently@", f"{name}@"))
    with pytest.raises(SettingsRefused, match="want a URL"):
        AnalyzerStore(shop.database + "&nonsense=1")


def test_a_server_that_does_not_flush_is_refused() -> None:
    with postgres_server("fsync=off") as server, pytest.raises(SettingsRefused, match="fsync"):
        AnalyzerStore(server.fresh())
