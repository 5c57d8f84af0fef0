"""The box of sessions on their way: bounded, for minutes, once; and over HTTP, as delivery mounts it."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from aggregator.delivery.app import create_app
from aggregator.delivery.settings import DeliverySettings
from aggregator.delivery.transfers import KEPT_S, SEALED_BYTES, TransferBox

NAME = "0123456789abcdef" * 2
SEALED = bytes(range(256)) * (SEALED_BYTES // 256)


def test_once_and_for_minutes() -> None:
    clock = [0.0]
    box = TransferBox(lambda: clock[0])
    assert box.put(NAME, SEALED) is None
    assert box.take(NAME) == SEALED
    assert box.take(NAME) is None
    assert box.put(NAME, SEALED) is None
    clock[0] = KEPT_S - 0.01
    assert len(box) == 1
    clock[0] = KEPT_S
    assert (len(box), box.take(NAME)) == (0, None)


def test_bounded_and_nobody_pushes_another_out() -> None:
    clock = [0.0]
    box = TransferBox(lambda: clock[0], most=3)
    for n in range(3):
        assert box.put(f"{n:032x}", SEALED) is None
        clock[0] += 1
    assert box.put(f"{9:032x}", SEALED) == "full"
    assert box.put(f"{1:032x}", b"another") == "taken"
    assert box.take(f"{1:032x}") == SEALED
    clock[0] = KEPT_S + 0.5  # the first has expired
    assert box.put(f"{9:032x}", SEALED) is None
    assert len(box) == 2


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    (tmp_path / "intently-receive.html").write_text("<!doctype html>")
    return TestClient(create_app(DeliverySettings(public=str(tmp_path))))


def test_over_http(client: TestClient) -> None:
    url = f"/v1/transfers/{NAME}"
    assert client.put(url, content=SEALED).status_code == 201
    assert client.put(url, content=SEALED).status_code == 409
    first, second = (client.post(f"{url}/take") for _ in range(2))
    assert (first.status_code, first.content, first.headers["cache-control"]) == (200, SEALED, "no-store")
    assert second.status_code == 404
    assert client.get(f"{url}/take").status_code == 404, "a preview that follows links takes nothing"


@pytest.mark.parametrize("body", [b"", SEALED[:-1], SEALED + b"x"])
def test_a_body_of_another_length_is_refused(client: TestClient, body: bytes) -> None:
    assert client.put(f"/v1/transfers/{NAME}", content=body).status_code == 413
    assert client.put(f"/v1/transfers/{NAME}", content=iter([body])).status_code == 413, "without its length"
    assert client.post(f"/v1/transfers/{NAME}/take").status_code == 404


@pytest.mark.parametrize("name", ["x" * 32, NAME.upper(), NAME[:-1], NAME + "0"])
def test_a_name_that_no_code_makes_is_refused(client: TestClient, name: str) -> None:
    assert client.put(f"/v1/transfers/{name}", content=SEALED).status_code == 422


def test_the_receiving_page_may_load_nothing_else(client: TestClient) -> None:
    answer = client.get("/intently/intently-receive.html")
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
