"""How the relay closes a bucket: shuffled, packed, handed over, forgotten; each 202 in the batch exactly once, come what may."""

from __future__ import annotations

import collections
import os
import secrets
import signal
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from clocked import ClockFile
from loop_parts import EPOCH_S, configuration, post, relay_settings, running, write_configuration
from relay_parts import EPOCH, NOW, Clock, app_of, batches, free_port, metrics_at, path_of, store_bytes, wait_until
from structlog.testing import capture_logs

from aggregator.relay.store import RelayStore, pack
from aggregator.sqlite import connect
from aggregator.transport import OutboxTransport, batch_key
from contracts import BATCH_MOST, Batch, Bucket


@pytest.fixture
def shop(tmp_path: Path) -> tuple[Path, str]:
    return write_configuration(tmp_path, configuration(minimum_batch=5))


def test_close_shuffles_packs_and_leaves_nothing_behind(tmp_path: Path, shop: tuple[Path, str]) -> None:
    clock = Clock()
    bodies = [secrets.token_bytes(56) for _ in range(BATCH_MOST + 30)]
    with app_of(tmp_path, shop, clock) as client:
        for body in bodies:
            assert post(client, path_of(shop[1]), body).status_code == 202
        assert post(client, path_of(shop[1]), bodies[0]).status_code == 202, "a resend is the same report"
        clock.now += EPOCH_S
        wait_until(lambda: len(batches(tmp_path / "outbox.sqlite")) == 2, 20)
    found = batches(tmp_path / "outbox.sqlite")
    assert [(batch.sequence, len(batch.bodies), batch.bucket_reports) for batch in found] == [(0, 100, 130), (1, 30, 130)]
    received = [body for batch in found for body in batch.bodies]
    assert sorted(received) == sorted(bodies)
    assert received not in (bodies, sorted(bodies)), "not shuffled"
    left = b"".join(path.read_bytes() for path in tmp_path.glob("relay.sqlite*"))
    assert not any(body in left for body in bodies)


def test_a_bucket_below_its_minimum_is_dropped_and_counted(tmp_path: Path, shop: tuple[Path, str]) -> None:
    clock, port = Clock(), free_port()
    bodies = [secrets.token_bytes(56) for _ in range(4)]
    with app_of(tmp_path, shop, clock, metrics_port=port) as client:
        for body in bodies:
            post(client, path_of(shop[1]), body)
        assert all(body in store_bytes(tmp_path) for body in bodies), "the search would not find what is there"
        clock.now += EPOCH_S
        wait_until(lambda: 'intently_relay_reports_total{outcome="dropped"} 4.0' in metrics_at(port))
        assert not any(body in store_bytes(tmp_path) for body in bodies), "while the relay still runs"
    assert batches(tmp_path / "outbox.sqlite") == []
    with sqlite3.connect(tmp_path / "relay.sqlite") as database:
        assert database.execute("SELECT state, reports FROM buckets").fetchall() == [("dropped", 4)]
        assert database.execute("SELECT count(*) FROM reports").fetchone() == (0,)


def test_closing_a_bucket_leaves_no_row_before_it_is_handed_over(tmp_path: Path) -> None:
    store, bucket = RelayStore(tmp_path / "relay.sqlite"), Bucket("0" * 64, 1, 5, 1)
    bodies = [secrets.token_bytes(56) for _ in range(40)]
    for body in bodies:
        store.add([(bucket, body)])
    store.close_bucket(bucket, 1, lambda found: found.sort())
    left = store_bytes(tmp_path)
    counts = [left.count(body) for body in bodies]  # 0 where the batch's value runs over the end of a page
    assert max(counts) == 1, "only the shuffled batch holds them"


def test_a_bucket_closes_though_its_configuration_left_the_settings(tmp_path: Path, shop: tuple[Path, str]) -> None:
    clock = Clock()
    with app_of(tmp_path, shop, clock) as client:
        for _ in range(6):
            assert post(client, path_of(shop[1]), secrets.token_bytes(56)).status_code == 202
    (tmp_path / "next").mkdir()
    other = write_configuration(tmp_path / "next", configuration(minimum_batch=500, epoch_s=7 * EPOCH_S))
    clock.now += EPOCH_S
    with app_of(tmp_path, other, clock) as client:
        wait_until(lambda: bool(batches(tmp_path / "outbox.sqlite")))
        assert post(client, path_of(shop[1], epoch=EPOCH + 1), bytes(56)).status_code == 404
    (batch,) = batches(tmp_path / "outbox.sqlite")
    assert (batch.bucket.release, batch.bucket_reports) == (shop[1], 6)


def test_a_bucket_that_closed_takes_no_more(tmp_path: Path) -> None:
    store, bucket = RelayStore(tmp_path / "relay.sqlite"), Bucket("0" * 64, 1, 5, 1)
    assert store.add([(bucket, b"1" * 56)]) == [True]
    store.close_bucket(bucket, 1, lambda bodies: None)
    assert store.add([(bucket, b"2" * 56), (Bucket("0" * 64, 1, 6, 1), b"3" * 56)]) == [False, True]
    assert [len(rows) for _, rows in store.waiting()] == [1]


@pytest.mark.parametrize("kill_after_close", [False, True])
def test_what_was_answered_202_is_in_the_batch_exactly_once_after_kill_9(tmp_path: Path, kill_after_close: bool) -> None:
    file, release = write_configuration(tmp_path, configuration(minimum_batch=5))
    settings = relay_settings(tmp_path, file, close_grace_s=1)
    clock = ClockFile(tmp_path / "clock")
    clock.set(NOW)
    accepted: list[bytes] = []
    for _ in range(2):
        with running("aggregator.relay", settings, tmp_path, stop_gently=False, clock=clock.path) as (process, address):
            accepted += send_until_killed(process.pid, address, path_of(release))
    assert len(accepted) > 20
    if kill_after_close:  # crash between writing the outbox and deleting our own rows
        store = RelayStore(tmp_path / "relay.sqlite")
        bucket = store.open_buckets()[0]
        store.close_bucket(bucket, 5, secrets.SystemRandom().shuffle)
        OutboxTransport(tmp_path / "outbox.sqlite").put_now(store.waiting()[0][1])
        store.close()
    clock.set(NOW + EPOCH_S)
    with running("aggregator.relay", settings, tmp_path, clock=clock.path):
        wait_until(lambda: bool(batches(tmp_path / "outbox.sqlite")), 20)
    counts = collections.Counter(body for batch in batches(tmp_path / "outbox.sqlite") for body in batch.bodies)
    assert set(counts.values()) == {1}
    assert set(accepted) <= set(counts)


def send_until_killed(pid: int, address: str, path: str) -> list[bytes]:
    """Send from four threads; kill -9 in the middle. Returns what was answered 202."""
    accepted: list[bytes] = []

    def send() -> None:
        with httpx.Client(base_url=address) as client:
            for number in range(10_000):
                body = secrets.token_bytes(56)
                try:
                    if post(client, path, body).status_code == 202:
                        accepted.append(body)
                except httpx.TransportError:
                    return
                if number > 60:
                    return

    with ThreadPoolExecutor(4) as pool:
        for _ in range(4):
            pool.submit(send)
        wait_until(lambda: len(accepted) > 15, 8)
        os.kill(pid, signal.SIGKILL)
    return accepted


def test_packing_is_exact() -> None:
    bucket = Bucket("ab" * 32, 1, 2, 3)
    bodies = [bytes([n]) * 56 for n in range(5)]
    packed = pack(bucket, bodies, most=2)
    assert [(batch.sequence, len(batch.bodies)) for batch in packed] == [(0, 2), (1, 2), (2, 1)]
    assert all(Batch.from_bytes(batch.to_bytes()) == batch for batch in packed)
    assert batch_key(bucket, 7).hex() == "ab" * 32 + "01" + "03" + "00000002" + "00000007"


def test_the_closing_task_outlives_a_full_disk(tmp_path: Path, shop: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Found on a real broker: the task ended at the first full disk, and no bucket of that process closed ever again."""
    opened: list[sqlite3.Connection] = []

    def connect_and_keep(path: Path, schema: str) -> sqlite3.Connection:
        opened.append(connect(path, schema))
        return opened[-1]

    monkeypatch.setattr("aggregator.relay.store.connect", connect_and_keep)
    clock, bodies = Clock(), [secrets.token_bytes(56) for _ in range(300)]
    with capture_logs() as logs, app_of(tmp_path, shop, clock) as client:
        for body in bodies:
            assert post(client, path_of(shop[1]), body).status_code == 202
        (pages,) = opened[0].execute("PRAGMA page_count").fetchone()
        opened[0].execute(f"PRAGMA max_page_count = {pages}")  # SQLite says "database or disk is full" to the next page
        clock.now += EPOCH_S
        wait_until(lambda: sum("disk is full" in str(line.get("reason")) for line in logs) > 1, 60)
        assert batches(tmp_path / "outbox.sqlite") == []
        opened[0].execute(f"PRAGMA max_page_count = {pages + 10_000}")
        wait_until(lambda: len(batches(tmp_path / "outbox.sqlite")) == 3, 60)
    assert sorted(body for batch in batches(tmp_path / "outbox.sqlite") for body in batch.bodies) == sorted(bodies)
