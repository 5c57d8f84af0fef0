"""Seeds on a real broker: reports with a value of their own, faults in the middle of everything, each cell exactly 1."""

from __future__ import annotations

import asyncio
import random
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

from tests.kafka.plant import FIRST_EPOCH, WORKERS, Plant  # also puts tests/aggregator on the path

from loop_parts import EPOCH_S, post  # isort: skip
from simulation_parts import histogram  # isort: skip

from aggregator.analyzer.store import AnalyzerStore
from aggregator.files import get_file
from aggregator.keys import read_hpke_keys
from aggregator.release import read_manifest
from contracts import Bucket, Envelope, Receipt, pack_plaintext
from privacy.sealing import seal

MINIMUM = 5
PUBLISHED_WITHIN_S = 120.0
TURN_MOST_S = 2.0
"""What one look counts for at most: a machine that was suspended does not use up the time."""
SEND_WITHIN_S = 60.0


@dataclass
class Sent:
    """What the senders of one bucket know."""

    bodies: list[bytes]
    accepted: set[int] = field(default_factory=set)
    unknown: set[int] = field(default_factory=set)


@dataclass
class Ledger:
    """What was published so far; it may only grow."""

    receipts: dict[Bucket, bytes] = field(default_factory=dict)
    lines: bytes = b""
    version: int = 0

    def look(self, plant: Plant) -> None:
        """Raise `AssertionError` where something that was closed has changed."""
        public = plant.shop.public
        manifest = read_manifest(public, plant.shop.pool_key().public)
        assert manifest is not None
        assert manifest.version >= self.version, "the manifest went back"
        self.version = manifest.version
        data = (public / "ledger.jsonl").read_bytes() if (public / "ledger.jsonl").exists() else b""
        whole = data[: data.rfind(b"\n") + 1]
        assert whole.startswith(self.lines), "the ledger was rewritten"
        self.lines = whole
        for reference in manifest.receipts:
            found = get_file(public, reference)
            receipt = Receipt.from_bytes(Envelope.from_bytes(found).payload_bytes())
            assert self.receipts.setdefault(receipt.bucket, found) == found, "a closed bucket changed"
            if receipt.pool is not None:
                assert (public / "files" / f"{receipt.pool}.json").exists()
        for bucket in self.receipts:
            get_counts(plant, self.receipts[bucket])


def get_counts(plant: Plant, receipt: bytes) -> list[int]:
    """Cells of a published bucket; the file is what its receipt says."""
    found = Receipt.from_bytes(Envelope.from_bytes(receipt).payload_bytes())
    return list(histogram(plant.shop, found))


def send(plant: Plant, rng: random.Random, bucket: Bucket, sent: Sent) -> None:
    """Send each until it is answered, or its epoch is over. Some answers are not waited for; some reports are sent again."""
    until = time.monotonic() + SEND_WITHIN_S
    waiting = list(range(len(sent.bodies)))
    with httpx.Client(base_url=plant.relay, timeout=10) as client:
        while waiting and time.monotonic() < until:
            at = waiting.pop(rng.randrange(len(waiting)))
            try:
                if rng.random() < 0.15:
                    sent.unknown.add(at)
                    send_and_leave(plant.port, bucket.path(), sent.bodies[at])
                    waiting.append(at)
                    continue
                sent.unknown.add(at)
                status = post(client, bucket.path(), sent.bodies[at]).status_code
            except (httpx.TransportError, OSError):
                waiting.append(at)
                time.sleep(0.1)
                continue
            if status == 202:
                sent.accepted.add(at)
                if rng.random() < 0.1:
                    waiting.append(at)
            elif status in (429, 503):
                waiting.append(at)
                time.sleep(0.05)
            else:
                assert status == 400, status  # the epoch is over, by the relay's clock


def send_and_leave(port: int, path: str, body: bytes) -> None:
    """The answer is lost on its way."""
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=5) as sender:
        sender.sendall(head.encode() + body)


def faults_of(plant: Plant, rng: random.Random, values: Callable[[], list[bytes]]) -> list[Callable[[], None]]:
    """What may happen, by weight."""
    clock = plant.clock
    return rng.choices(
        [
            lambda: plant.kill("relay"),
            lambda: plant.kill(rng.choice(WORKERS)),
            lambda: plant.pause(rng.choice(WORKERS), rng.uniform(0.5, 9.0)),
            lambda: plant.fill_disk(rng.uniform(0.3, 2.0)),
            lambda: plant.kill_broker(rng),
            lambda: plant.send_again(rng, values()),
            lambda: (clock.jump(EPOCH_S * (shift := rng.uniform(-1.2, 0.4))), time.sleep(0.4), clock.jump(-EPOCH_S * shift),
                     plant.note("clock_jumps"))[0],
            lambda: plant.kill_postgres(rng),
        ],
        [3, 2, 1.5, 2, 1, 3, 2, 2 if plant.postgres else 0], k=rng.choice([1, 2, 3]),
    )  # fmt: skip


def run_seed(plant: Plant, seed: int, epoch: int, seen: Ledger, read: Callable[[], list[bytes]]) -> dict[str, int]:
    """One epoch with its faults; raises `AssertionError` where not every cell is 1."""
    rng = random.Random(seed)
    plant.clock.set(epoch * EPOCH_S + 1.0)
    key = read_hpke_keys(plant.shop.keys)[1].public
    buckets = {}
    for collection in (1, 2):
        bucket = plant.shop.bucket(epoch, collection)
        size = rng.randint(20, 60)
        buckets[bucket] = Sent([seal(pack_plaintext(collection, at), key, bucket.info()) for at in range(size)])
    plant.start_all()
    before, after = faults_of(plant, rng, read), faults_of(plant, rng, read)
    senders = [
        threading.Thread(target=send, args=(plant, random.Random(seed * 2 + at), *pair))
        for at, pair in enumerate(buckets.items())
    ]
    for sender in senders:
        sender.start()
    for fault in before:
        time.sleep(rng.uniform(0.0, 0.4))
        fault()
        plant.start("relay")
    for sender in senders:
        sender.join()
    with plant.without_a_broker(rng):
        plant.clock.set((epoch + 1) * EPOCH_S + 1.0)  # the epoch is over: the relay closes, the workers fold
        for fault in after:
            time.sleep(rng.uniform(0.0, 0.8))
            fault()
            if rng.random() < 0.5:
                for name in plant.settings:
                    plant.start(name)
        plant.start_all()
        settle(plant, seen, {bucket: sent for bucket, sent in buckets.items() if len(sent.accepted) >= MINIMUM})
    return {"cells_at_1": sum(check(plant, seed, bucket, sent, seen) for bucket, sent in buckets.items())}


def settle(plant: Plant, seen: Ledger, wanted: dict[Bucket, Sent]) -> None:
    """Wait until each bucket is published. A process that ended (the watchdog's doing) is started again, as a supervisor does."""
    waited = 0.0
    while not wanted.keys() <= seen.receipts.keys():
        began = time.monotonic()
        if waited > PUBLISHED_WITHIN_S:
            missing = sorted(wanted.keys() - seen.receipts.keys())
            raise AssertionError(f"not published after {PUBLISHED_WITHIN_S:.0f} s: {missing}")
        for name in plant.settings:
            plant.start(name)
        time.sleep(0.1)
        seen.look(plant)
        waited += min(time.monotonic() - began, TURN_MOST_S)


def check(plant: Plant, seed: int, bucket: Bucket, sent: Sent, seen: Ledger) -> int:
    """Accepted: exactly 1. Never answered: 0 or 1. Nothing else. Returns how many hold 1 for sure."""
    receipt = seen.receipts.get(bucket)
    if receipt is None:
        assert len(sent.accepted) < MINIMUM, f"seed {seed}: {len(sent.accepted)} accepted reports are lost"
        return 0
    cells = get_counts(plant, receipt)
    wrong = {at: cells[at] for at in sent.accepted if cells[at] != 1}
    assert not wrong, f"seed {seed}: accepted reports do not hold exactly 1: {wrong}"
    assert all(cells[at] in (0, 1) for at in sent.unknown), f"seed {seed}: counted twice"
    known = sent.accepted | sent.unknown
    assert not [at for at, count in enumerate(cells) if count and at not in known], f"seed {seed}: counted what nobody sent"
    return len(sent.accepted)


def totals(plant: Plant) -> dict[str, int]:
    """What the analyzers' store knows of repetition."""
    store = AnalyzerStore(plant.shop.store)
    try:
        rows = store.buckets()
        return {
            "replays": store.replays(), "late": sum(row.late for row in rows),
            "duplicates": sum(row.refusals.duplicate for row in rows), "dead_letters": len(store.dead_letters()),
        }  # fmt: skip
    finally:
        store.close()


def run_seeds(plant: Plant, seeds: range, read: Callable[[], list[bytes]], say: Callable[[str], None]) -> dict[str, int]:
    """Seed after seed over the same stores and topic: what an earlier one closed must stand in all later ones."""
    seen, cells = Ledger(), 0
    for at, seed in enumerate(seeds):
        started = time.monotonic()
        before = dict(plant.counts)
        cells += run_seed(plant, seed, FIRST_EPOCH + 3 * at, seen, read)["cells_at_1"]
        done = {
            name: plant.counts[name] - before.get(name, 0) for name in plant.counts if plant.counts[name] > before.get(name, 0)
        }
        say(f"seed {seed}: {time.monotonic() - started:.1f} s, {len(seen.receipts)} buckets closed in all, {done}")
    seen.look(plant)
    return {"seeds": len(seeds), "buckets_closed": len(seen.receipts), "cells_at_1": cells, **plant.counts, **totals(plant)}


def reader(bootstrap: str, topic: str) -> Callable[[], list[bytes]]:
    """The batches that stand in the topic."""
    from tests.kafka.__main__ import read_topic

    def read() -> list[bytes]:
        return [value for _, _, value in asyncio.run(read_topic(bootstrap, topic)) if value.startswith(b"IRB1")]

    return read
