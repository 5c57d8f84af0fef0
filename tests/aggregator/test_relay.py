"""What the relay answers: every refusal, and nothing of the sender is kept."""

from __future__ import annotations

import secrets
import socket
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient
from loop_parts import EPOCH_S, configuration, post, relay_settings, running, write_configuration
from relay_parts import EPOCH, Clock, app_of, free_port, metrics_at, path_of

from aggregator.relay.app import create_app
from aggregator.relay.settings import RelaySettings
from aggregator.relay.store import RelayStore


@pytest.fixture
def shop(tmp_path: Path) -> tuple[Path, str]:
    return write_configuration(tmp_path, configuration(minimum_batch=5))


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


def test_the_public_port_tells_no_live_totals(tmp_path: Path, shop: tuple[Path, str]) -> None:
    port = free_port()
    with app_of(tmp_path, shop, Clock(), metrics_port=port) as client:
        assert post(client, path_of(shop[1]), bytes(56)).status_code == 202
        assert client.get("/metrics").status_code == 404
        assert 'intently_relay_answers_total{status="202"} 1.0' in metrics_at(port)
    with app_of(tmp_path, shop, Clock()), pytest.raises(httpx.ConnectError):
        metrics_at(port)
