"""The relay: every refusal, nothing of the sender, and each 202 in the batch exactly once, also across kill -9."""

from __future__ import annotations

import collections
import os
import secrets
import signal
import socket
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from clocked import ClockFile
from fastapi.testclient import TestClient
from loop_parts import EPOCH_S, configuration, post, relay_settings, running, write_configuration

from aggregator.relay.app import create_app
from aggregator.relay.settings import RelaySettings
from aggregator.relay.store import RelayStore, pack
from aggregator.transport import OutboxTransport, batch_key
from contracts import BATCH_MOST, Batch, Bucket

NOW = 1_000_000 * EPOCH_S + 3.0
EPOCH = 1_000_000


class Clock:
    def __init__(self, now: float = NOW) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def batches(outbox: Path) -> list[Batch]:
    transport = OutboxTransport(outbox)
    return [Batch.from_bytes(delivered.value) for delivered in transport.read(0, 10_000)]


@pytest.fixture
def shop(tmp_path: Path) -> tuple[Path, str]:
    return write_configuration(tmp_path, configuration(minimum_batch=5))


def app_of(tmp_path: Path, shop: tuple[Path, str], clock: Clock, **more: object) -> TestClient:
    settings = RelaySettings.model_validate(relay_settings(tmp_path, shop[0], **more))
    return TestClient(create_app(settings, clock))


def path_of(release: str, collection: int = 1, epoch: int = EPOCH, key_id: int = 1) -> str:
    return f"/v1/reports/{release}/{collection}/{epoch}/{key_id}"


def test_a_report_is_taken_and_the_answer_may_be_read_by_any_origin(tmp_path: Path, shop: tuple[Path, str]) -> None:
    with app_of(tmp_path, shop, Clock()) as client:
        answer = post(client, path_of(shop[1]), bytes(56))
        assert (answer.status_code, answer.content) == (202, b"")
        assert answer.headers["access-control-allow-origin"] == "*"
        assert post(client, path_of(shop[1]), bytes(56), **{"content-type": "text/plain;charset=UTF-8"}).status_code == 202


@pytest.mark.parametrize(
    ("status", "changed", "body", "headers"),
    [
        (400, {}, bytes(55), {}),
        (400, {}, b"", {}),
        (413, {}, bytes(57), {}),
        (413, {}, bytes(100_000), {}),
        (415, {}, bytes(56), {"content-type": "application/octet-stream"}),
        (404, {"release": "0" * 64}, bytes(56), {}),
        (404, {"release": "beef"}, bytes(56), {}),
        (404, {"collection": 9}, bytes(56), {}),
        (404, {"collection": 300}, bytes(56), {}),
        (404, {"key_id": 2}, bytes(56), {}),
        (400, {"epoch": EPOCH + 1}, bytes(56), {}),
        (400, {"epoch": EPOCH - 1}, bytes(56), {}),
    ],
)
def test_refusals(
    tmp_path: Path, shop: tuple[Path, str], status: int, changed: dict[str, object], body: bytes, headers: dict[str, str]
) -> None:
    with app_of(tmp_path, shop, Clock()) as client:
        answer = post(client, path_of(**{"release": shop[1], **changed}), body, **headers)  # type: ignore[arg-type]
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == status
        assert answer.headers["access-control-allow-origin"] == "*"
        assert client.get(path_of(shop[1])).status_code == 405
    assert RelayStore(tmp_path / "relay.sqlite").open_buckets() == []


def test_the_epoch_before_is_open_within_the_grace(tmp_path: Path, shop: tuple[Path, str]) -> None:
    clock = Clock(EPOCH * EPOCH_S + 1.5)
    with app_of(tmp_path, shop, clock, close_grace_s=2) as client:
        assert post(client, path_of(shop[1], epoch=EPOCH - 1), bytes(56)).status_code == 202
        clock.now += 0.5
        assert post(client, path_of(shop[1], epoch=EPOCH - 1), bytes(56)).status_code == 400


def test_a_chunked_body_without_end_is_refused_and_cut_off(tmp_path: Path, shop: tuple[Path, str]) -> None:
    """Found by this test: without `Connection: close` the relay went on reading for as long as the sender sent."""
    with running("aggregator.relay", relay_settings(tmp_path, shop[0]), tmp_path) as (_, address):
        host, port = address.removeprefix("http://").split(":")
        path = path_of(shop[1], epoch=int(time.time() // EPOCH_S))
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
        with socket.create_connection((host, int(port)), timeout=5) as sender:
            sender.sendall(head.encode())
            with pytest.raises(OSError, match=r"Broken pipe|reset"):
                send_chunks(sender)
        assert httpx.get(address + "/healthz").status_code == 200


def send_chunks(sender: socket.socket) -> None:
    for _ in range(200):
        sender.sendall(b"40\r\n" + bytes(64) + b"\r\n")
        time.sleep(0.01)


def test_a_full_queue_says_when_to_come_again(tmp_path: Path, shop: tuple[Path, str]) -> None:
    app = create_app(RelaySettings.model_validate(relay_settings(tmp_path, shop[0], queue_most=3, retry_after_s=7)), Clock())
    with TestClient(app) as client, sqlite3.connect(tmp_path / "relay.sqlite") as other, ThreadPoolExecutor(12) as pool:
        other.execute("BEGIN IMMEDIATE")  # the disk is busy
        bodies = [secrets.token_bytes(56) for _ in range(12)]
        waiting = [pool.submit(post, client, path_of(shop[1]), body) for body in bodies]
        time.sleep(0.6)
        other.execute("ROLLBACK")
        answers = [each.result() for each in waiting]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert refused
        assert all(answer.headers["retry-after"] == "7" for answer in refused)
        assert len(refused) + sum(answer.status_code == 202 for answer in answers) == 12


def test_a_store_that_fails_is_a_503_and_the_next_report_is_taken(tmp_path: Path, shop: tuple[Path, str]) -> None:
    with app_of(tmp_path, shop, Clock()) as client:
        with sqlite3.connect(tmp_path / "relay.sqlite") as other:
            other.execute("CREATE TRIGGER full BEFORE INSERT ON reports BEGIN SELECT raise(ABORT, 'disk full'); END")
        other.close()
        answer = post(client, path_of(shop[1]), bytes(56))
        assert answer.status_code == 503
        assert "retry-after" in answer.headers
        with sqlite3.connect(tmp_path / "relay.sqlite") as other:
            other.execute("DROP TRIGGER full")
        other.close()
        assert post(client, path_of(shop[1]), bytes(56)).status_code == 202


def test_nothing_of_the_sender_is_kept(tmp_path: Path, shop: tuple[Path, str]) -> None:
    planted = "planted-4f1c9b"
    port = free_port()
    with (
        running("aggregator.relay", relay_settings(tmp_path, shop[0], metrics_port=port), tmp_path) as (_, address),
        httpx.Client(base_url=address) as client,
    ):
        headers = {"user-agent": planted, "x-forwarded-for": planted, "cookie": planted, "referer": planted, "forwarded": planted}
        epoch = int(time.time() // EPOCH_S)
        assert post(client, path_of(shop[1], epoch=epoch), b"A" * 56, **headers).status_code == 202
        assert post(client, path_of(shop[1], epoch=epoch), b"A" * 55, **headers).status_code == 400
        metrics = metrics_at(port)
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir()) + metrics.encode()
    assert planted.encode() not in kept
    assert b"A" * 56 in kept, "the search would not find what is there"
    assert b"127.0.0.1:" not in kept.replace(b"listening on http://127.0.0.1:", b"")


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


def store_bytes(folder: Path) -> bytes:
    """Database and write-ahead log."""
    return b"".join(path.read_bytes() for path in folder.glob("relay.sqlite*"))


def wait_until(holds: Callable[[], bool], most_s: float = 15.0) -> None:
    until = time.monotonic() + most_s
    while not holds():
        assert time.monotonic() < until, "did not come to hold"
        time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def metrics_at(port: int) -> str:
    return httpx.get(f"http://127.0.0.1:{port}/metrics").text


def test_closing_a_bucket_leaves_no_row_before_it_is_handed_over(tmp_path: Path) -> None:
    store, bucket = RelayStore(tmp_path / "relay.sqlite"), Bucket("0" * 64, 1, 5, 1)
    bodies = [secrets.token_bytes(56) for _ in range(40)]
    for body in bodies:
        store.add([(bucket, body)])
    store.close_bucket(bucket, 1, lambda found: found.sort())
    left = store_bytes(tmp_path)
    counts = [left.count(body) for body in bodies]  # 0 where the batch's value runs over the end of a page
    assert max(counts) == 1, "only the shuffled batch holds them"


def test_the_public_port_tells_no_live_totals(tmp_path: Path, shop: tuple[Path, str]) -> None:
    port = free_port()
    with app_of(tmp_path, shop, Clock(), metrics_port=port) as client:
        assert post(client, path_of(shop[1]), bytes(56)).status_code == 202
        assert client.get("/metrics").status_code == 404
        assert 'intently_relay_answers_total{status="202"} 1.0' in metrics_at(port)
    with app_of(tmp_path, shop, Clock()), pytest.raises(httpx.ConnectError):
        metrics_at(port)


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
