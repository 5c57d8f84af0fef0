"""Parts that the relay's tests share."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path

import httpx
from fastapi.testclient import TestClient
from loop_parts import EPOCH_S, relay_settings

from aggregator.relay.app import create_app
from aggregator.relay.settings import RelaySettings
from aggregator.transport import OutboxTransport
from contracts import Batch

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


def app_of(tmp_path: Path, shop: tuple[Path, str], clock: Clock, **more: object) -> TestClient:
    settings = RelaySettings.model_validate(relay_settings(tmp_path, shop[0], **more))
    return TestClient(create_app(settings, clock))


def path_of(release: str, collection: int = 1, epoch: int = EPOCH, key_id: int = 1) -> str:
    return f"/v1/reports/{release}/{collection}/{epoch}/{key_id}"


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
