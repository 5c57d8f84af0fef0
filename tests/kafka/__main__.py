# ruff: noqa: E402
"""`python -m tests.kafka`: the loop on real brokers, with real processes and faults. Last line: a JSON summary.

`--smoke`: the loop once. Else also: seeds of the in-process simulation, seeds on one broker, seeds on three.

Exit codes: 0 all as it must be, 1 something is not, 3 no broker can be had here.
"""

from __future__ import annotations

import argparse
import asyncio
import collections
import contextlib
import json
import logging
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "aggregator"))

import httpx
import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from loop_parts import configuration, countable, post, relay_settings, running
from postgres_server import PostgresServer, postgres_server
from release_parts import WANTED, Shop, make_shop, reports
from transport_suite import conform

from aggregator.analyzer.store import AnalyzerStore
from aggregator.files import get_file
from aggregator.release import read_manifest
from aggregator.transport.kafka import KafkaTransport
from contracts import RECEIPT_TYPE, Batch, Envelope, Manifest, Pool, Receipt
from privacy.signing import verify
from tests.kafka.broker import UNAVAILABLE, Unavailable, broker, brokers, create_topics
from tests.kafka.scenarios import leader_without_the_topic, replayed_from_the_topic

TOPIC = "intently-batches"
SUITE_TOPIC = "intently-suite"
REPORTS = 350
EPOCH_S = 15
PUBLISHED_WITHIN_S = 45


async def read_topic(bootstrap: str, topic: str) -> list[tuple[str, int, bytes]]:
    """All that a topic holds: (partition, offset, value)."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False)
    await consumer.start()
    try:
        await consumer._client.force_metadata_update()
        partitions = [TopicPartition(topic, number) for number in sorted(consumer.partitions_for_topic(topic) or ())]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        found: list[tuple[str, int, bytes]] = []
        while len(found) < sum(ends.values()):
            for tp, records in (await consumer.getmany(timeout_ms=500)).items():
                found += [(str(tp.partition), record.offset, record.value) for record in records]
        return found
    finally:
        await consumer.stop()


def manifest_of(shop: Shop) -> Manifest:
    """The manifest in force."""
    found = read_manifest(shop.public, shop.pool_key().public)
    assert found is not None
    return found


def send_epoch(shop: Shop, relay: str) -> tuple[int, list[bytes]]:
    """Send `REPORTS` sealed reports within one epoch; returns it and the bodies that were answered 202."""
    prepared_for = int(time.time() // EPOCH_S) + 1
    bodies = reports(shop, prepared_for, [WANTED if at % 2 else 0 for at in range(REPORTS)])
    time.sleep(max(0.0, prepared_for * EPOCH_S - time.time()))
    with httpx.Client(base_url=relay) as client:
        path = shop.bucket(prepared_for).path()
        accepted = [body for body in bodies if post(client, path, body).status_code == 202]
        for body in bodies[:20]:  # a sender that did not hear the answer sends the same bytes again
            post(client, path, body)
    return prepared_for, accepted


async def flow(bootstrap: str, folder: Path, server: PostgresServer | None) -> dict[str, Any]:
    """Relay and Faust worker as processes. kill -9 of the worker once the epoch is over; its successor finishes."""
    shop = make_shop(folder, configuration(minimum_batch=200, epoch_s=EPOCH_S), now_s=int(time.time()))
    shop = replace(shop, database=server.fresh() if server else "")
    file = folder / "configuration.json"
    file.write_bytes(shop.configuration.to_bytes())
    kafka = {"transport": "kafka", "kafka_bootstrap": bootstrap, "kafka_topic": TOPIC}
    relay = relay_settings(folder, file, **kafka)
    analyzer = shop.settings(**kafka).model_dump(mode="json")
    with running("aggregator.relay", relay, folder) as (_, at):
        with running("aggregator.analyzer", analyzer, folder, stop_gently=False) as (first, _):
            epoch, accepted = await asyncio.to_thread(send_epoch, shop, at)
            await asyncio.sleep(max(0.0, (epoch + 1) * EPOCH_S - time.time() - 0.5))
            first.kill()
        with running("aggregator.analyzer", analyzer, folder) as (second, _):
            until = time.time() + PUBLISHED_WITHIN_S
            while time.time() < until and manifest_of(shop).version == 1 and second.poll() is None:
                await asyncio.sleep(0.05)
            visible_s = time.time() - (epoch + 1) * EPOCH_S
            messages = await read_topic(bootstrap, TOPIC)
            repeated = await send_again(bootstrap, folder, messages)
            await until_late(shop)
        again = await asyncio.to_thread(replayed_from_the_topic, shop, bootstrap, TOPIC)
    found = check(shop, epoch, accepted, messages)
    found["checks"]["replay_from_topic_byte_equal"] = again == {"buckets": 1, "equal": 1}
    return {**found, "replay_from_topic": again, "resent_batches": repeated, "close_to_manifest_s": round(visible_s, 2)}


async def until_late(shop: Shop) -> None:
    """Until what was sent again is folded, as late."""
    store, until = AnalyzerStore(shop.store), time.time() + PUBLISHED_WITHIN_S
    while time.time() < until and sum(row.late for row in store.buckets()) < REPORTS:
        await asyncio.sleep(0.1)
    store.close()


async def send_again(bootstrap: str, folder: Path, messages: list[tuple[str, int, bytes]]) -> int:
    """A relay that was killed after handing over does it again: the same batches, as new messages."""
    transport = KafkaTransport(bootstrap, TOPIC)
    await transport.put([(b"again", value) for _, _, value in messages])
    await transport.close()
    return len(messages)


def check(shop: Shop, epoch: int, accepted: list[bytes], messages: list[tuple[str, int, bytes]]) -> dict[str, Any]:
    """What must hold, by name."""
    manifest = manifest_of(shop)
    counts = collections.Counter(body for _, _, value in messages for body in Batch.from_bytes(value).bodies)
    pool = Pool.from_bytes(get_file(shop.public, manifest.pool))
    envelopes = [Envelope.from_bytes(get_file(shop.public, reference)) for reference in manifest.receipts]
    receipts = [Receipt.from_bytes(verify(each, RECEIPT_TYPE, shop.pool_key().public)) for each in envelopes]
    (row,) = AnalyzerStore(shop.store).buckets()
    checks = {
        "every_report_accepted": len(accepted) == REPORTS,
        "in_kafka_exactly_once": counts == collections.Counter(accepted),
        "one_receipt": [(each.epoch, each.reports, each.demo) for each in receipts] == [(epoch, REPORTS, True)],
        "nothing_refused": not any(row.refusals.model_dump().values()),
        "resent_batches_late": row.late == REPORTS,
        "counted_exactly_once": (row.counted, row.state) == (REPORTS, "closed"),
        "pool_published": (pool.epoch, pool.reports) == (epoch, REPORTS),
        "wanted_item_entered": WANTED in [entry.item for entry in pool.items if entry.reason == "wanted"],
        "ledger": manifest.ledger_entries == 1 and (shop.public / "ledger.jsonl").read_bytes().count(b"\n") == 1,
        "manifest_version": manifest.version == 2,
    }
    return {
        "checks": checks,
        "reports": row.counted,
        "batches": len(messages),
        "partitions_used": len({p for p, _, _ in messages}),
    }


async def smoke(folder: Path, server: PostgresServer | None) -> dict[str, Any]:
    """Broker, conformance suite, flow, single faults by name."""
    started = time.monotonic()
    with broker(folder / "broker") as bootstrap:
        await create_topics(bootstrap, TOPIC, SUITE_TOPIC)
        ready_s = time.monotonic() - started
        await conform(lambda: KafkaTransport(bootstrap, SUITE_TOPIC), lambda: read_topic(bootstrap, SUITE_TOPIC))
        found = await flow(bootstrap, folder, server)
        (folder / "leader").mkdir()
        leader = await leader_without_the_topic(bootstrap, folder / "leader")
    found["checks"]["leader_without_the_topic"] = leader["published"]
    return {
        **found,
        "leader_without_the_topic": leader,
        "transport_conforms": True,
        "broker_ready_s": round(ready_s, 1),
        "wall_s": round(time.monotonic() - started, 1),
    }


def simulated(seeds: range, server: PostgresServer | None, say: Callable[[str], None]) -> dict[str, int]:
    """Seeds through the in-process simulation: real stores, no broker."""
    from simulation import FIRST_EPOCH, simulate

    totals: collections.Counter[str] = collections.Counter()
    with tempfile.TemporaryDirectory(prefix="intently-simulation-") as folder:
        (Path(folder) / "fresh").mkdir()
        fresh = make_shop(Path(folder) / "fresh", countable(), now_s=FIRST_EPOCH * 10)
        for seed in seeds:
            copy = Shop(Path(folder) / str(seed), fresh.configuration, fresh.release, server.fresh() if server else "")
            shutil.copytree(fresh.folder, copy.folder)
            totals.update(simulate(seed, copy))
            shutil.rmtree(copy.folder)
            if seed % 10 == 9:
                say(f"simulated {seed - seeds.start + 1} seeds: {dict(totals)}")
    return {"seeds": len(seeds), **totals}


def on_kafka(seeds: range, nodes: int, folder: Path, server: PostgresServer | None, say: Callable[[str], None]) -> dict[str, int]:
    """Seeds on real brokers, with real processes."""
    from tests.kafka.plant import Plant, small_disk
    from tests.kafka.seeds import reader, run_seeds

    topic, disk = f"intently-seeds-{nodes}", folder / f"disk-{nodes}"
    with brokers(folder / f"brokers-{nodes}", nodes) as cluster, small_disk(disk) as filled:
        asyncio.run(create_topics(cluster.bootstrap, topic, f"{topic}-dead", copies=min(3, nodes)))
        plant = Plant(disk, folder, cluster, topic, filled, nodes, server)
        try:
            found = run_seeds(plant, seeds, reader(cluster.bootstrap, topic), say)
        finally:
            plant.stop()
        letters = asyncio.run(read_topic(cluster.bootstrap, f"{topic}-dead"))
    garbage = [value for _, _, value in letters if value == b"no batch"]
    return {**found, "brokers": nodes, "disk_could_be_filled": int(filled), "dead_letters_forwarded": len(garbage)}


def run_all(
    arguments: argparse.Namespace, folder: Path, server: PostgresServer | None, say: Callable[[str], None]
) -> dict[str, object]:
    """The parts, one after the other; each raises where something is lost or counted twice."""
    found: dict[str, object] = {}
    if arguments.smoke or not arguments.seeds_only:
        found.update(asyncio.run(smoke(folder, server)))
        say(f"smoke: {found}")
    if arguments.smoke:
        return found
    first = arguments.first_seed
    found["simulated"] = simulated(range(first, first + arguments.simulated), server, say)
    if arguments.seeds:
        found["kafka"] = on_kafka(range(first, first + arguments.seeds), 1, folder, server, say)
    if arguments.cluster_seeds:
        found["kafka_three_brokers"] = on_kafka(range(first, first + arguments.cluster_seeds), 3, folder, server, say)
    parts = [part for part in ("kafka", "kafka_three_brokers") if part in found]
    found["replays"] = sum(found[part]["replays"] for part in ("simulated", *parts))  # type: ignore[index]
    checks = dict(found.get("checks", {}))  # type: ignore[call-overload]
    checks["replays_above_0"] = found["replays"] > 0  # type: ignore[operator]
    for part in parts:
        checks[f"{part}_dead_letters_forwarded"] = found[part]["dead_letters_forwarded"] >= found[part].get("garbage_messages", 0)  # type: ignore[index]
    return {**found, "checks": checks}


def table(found: dict[str, object]) -> str:
    """A closing table for a person: what ran where, and how often each thing went wrong."""
    parts = {name: part for name in ("simulated", "kafka", "kafka_three_brokers") if isinstance(part := found.get(name), dict)}
    names = sorted({key for part in parts.values() for key in part})
    lines = [f"{'':26}" + "".join(f"{name:>22}" for name in parts)]
    lines += [f"{name:26}" + "".join(f"{part.get(name, ''):>22}" for part in parts.values()) for name in names]
    return "\n".join(lines)


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.kafka")
    parser.add_argument("--smoke", action="store_true", help="the loop once on one broker, and no more")
    parser.add_argument("--seeds", type=int, default=50, help="seeds with real processes on one real broker")
    parser.add_argument("--cluster-seeds", type=int, default=5, help="seeds on three brokers")
    parser.add_argument("--simulated", type=int, default=200, help="seeds of the in-process simulation")
    parser.add_argument(
        "--store", choices=["sqlite", "postgresql"], default="sqlite", help="of the analyzers; postgresql: of two hosts"
    )
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--seeds-only", action="store_true", help="without the smoke run")
    parser.add_argument("--json", action="store_true", help="print the last line alone")
    arguments = parser.parse_args()

    def say(words: str) -> None:
        if not arguments.json:
            print(words, flush=True)

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))  # faults are meant here
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # brokers and workers are ended, the disk is unmounted
    with tempfile.TemporaryDirectory(prefix="intently-kafka-") as folder:
        try:
            with postgres_server() if arguments.store == "postgresql" else contextlib.nullcontext() as server:
                found = {"store": arguments.store, **run_all(arguments, Path(folder), server, say)}
        except Unavailable as error:
            print(f"intently: {error}", file=sys.stderr)
            return UNAVAILABLE
        except BaseException:
            for log in Path(folder).glob("*.log"):
                print(f"--- {log.name}\n{log.read_text(errors='replace')[-1500:]}", file=sys.stderr)
            raise
    checks = found["checks"]
    assert isinstance(checks, dict)
    failed = [name for name, good in checks.items() if not good]
    for name in failed:
        print(f"failed: {name}", file=sys.stderr)
    if not arguments.smoke:
        say(table(found))
    print(json.dumps(found))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
