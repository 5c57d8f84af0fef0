"""The embedded flow, whole: sealed reports over HTTP -> relay -> outbox -> analyzer -> public folder -> delivery."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
from fastapi.testclient import TestClient
from loop_parts import EPOCH_S, configuration, post, relay_settings, running
from release_parts import WANTED, Shop, make_shop, reports

from aggregator.delivery.app import create_app as create_delivery
from aggregator.delivery.settings import DeliverySettings
from aggregator.relay.app import create_app as create_relay
from aggregator.relay.settings import RelaySettings
from contracts import MANIFEST_TYPE, Envelope, Manifest, Pool
from privacy.signing import verify

REPORTS = 320


def relay_of(shop: Shop) -> dict[str, object]:
    file = shop.folder / "configuration.json"
    file.write_bytes(shop.configuration.to_bytes())
    return relay_settings(shop.folder, file, outbox=str(shop.outbox))


def fetch_pool(client: httpx.Client, shop: Shop) -> tuple[Manifest, Pool]:
    envelope = Envelope.from_bytes(client.get("/intently/manifest.json").content)
    manifest = Manifest.from_bytes(verify(envelope, MANIFEST_TYPE, shop.pool_key().public))
    return manifest, Pool.from_bytes(client.get(f"/intently/{manifest.pool.path}").content)


def test_reports_become_a_pool_that_delivery_serves(tmp_path: Path) -> None:
    """With the real processes relay and analyzer; the epoch is ten seconds."""
    shop = make_shop(tmp_path, configuration(minimum_batch=200), now_s=int(time.time()))
    delivery = TestClient(create_delivery(DeliverySettings(public=str(shop.public))))
    analyzer = shop.settings().model_dump(mode="json")
    with (
        running("aggregator.relay", relay_of(shop), tmp_path) as (_, relay),
        running("aggregator.analyzer", analyzer, tmp_path) as (_, at),
    ):
        time.sleep(EPOCH_S - time.time() % EPOCH_S)  # only now, as starting may take most of an epoch
        epoch = int(time.time() // EPOCH_S)
        bodies = reports(shop, epoch, [WANTED if at % 2 else 0 for at in range(REPORTS)])
        with httpx.Client(base_url=relay) as client:
            assert {post(client, shop.bucket(epoch).path(), body).status_code for body in bodies} == {202}
        until = (epoch + 1) * EPOCH_S + 20
        while time.time() < until and fetch_pool(delivery, shop)[0].version == 1:
            time.sleep(0.05)
        visible_s = time.time() - (epoch + 1) * EPOCH_S
        manifest, pool = fetch_pool(delivery, shop)
        assert httpx.get(at + "/healthz").json() == {"status": "ok"}
        assert f'reports{{outcome="counted"}} {REPORTS}.0' in httpx.get(at + "/metrics").text
    assert (pool.epoch, pool.reports) == (epoch, REPORTS)
    assert WANTED in [entry.item for entry in pool.items if entry.reason == "wanted"]
    assert (manifest.version, manifest.ledger_entries, len(manifest.receipts)) == (2, 1, 1)
    assert visible_s < 20, visible_s  # benchmarks/loop.py measures it
    assert delivery.get("/intently/ledger.jsonl").content.count(b"\n") == 1


def test_a_taken_port_is_one_sentence_and_exit_code_2(tmp_path: Path) -> None:
    import json
    import subprocess
    import sys

    shop = make_shop(tmp_path)
    delivery = {"public": str(shop.public)}
    with running("aggregator.delivery", delivery, tmp_path) as (process, address):
        config = tmp_path / "second.json"
        config.write_text(json.dumps({**delivery, "port": int(address.rsplit(":", 1)[1])}))
        words = [sys.executable, "-m", "aggregator.delivery", "--config", str(config)]
        second = subprocess.run(words, capture_output=True, text=True, timeout=30)
    assert second.returncode == 2
    assert second.stderr.startswith("intently: cannot listen on")
    assert second.stderr.count("\n") == 1
    assert process.returncode == 0, "closing standard input is a graceful stop"


def test_relay_throughput_is_group_committed(tmp_path: Path) -> None:
    """Many reports, few fsyncs: the store is asked far less often than reports come."""
    shop = make_shop(tmp_path)
    app = create_relay(RelaySettings.model_validate(relay_of(shop)), lambda: 1e9)
    from aggregator.relay.store import RelayStore

    calls: list[int] = []
    original = RelayStore.add

    def counting(self: RelayStore, found: object) -> list[bool]:
        listed = list(found)  # type: ignore[call-overload]
        calls.append(len(listed))
        return original(self, listed)

    RelayStore.add = counting  # type: ignore[method-assign]
    try:
        path = shop.bucket(10**8).path()
        with TestClient(app) as client, ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(lambda at: post(client, path, at.to_bytes(56, "big")).status_code, range(200)))
    finally:
        RelayStore.add = original  # type: ignore[method-assign]
    assert answers == [202] * 200
    assert sum(calls) == 200
    assert len(calls) < 200, "one commit for each report"
