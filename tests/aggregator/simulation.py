"""A seeded simulation of relay, transport and two analyzers over their real stores, with faults in the middle of everything.

Every report of a bucket carries a value of its own, so its cell of the published histogram must end at exactly 1. One thread; a
process is an object that can be dropped at any statement (`simulation_faults`). The log behaves as Kafka does: partitions,
offsets, at least once, answers that get lost, consumers that lost a partition and do not know it.
"""

from __future__ import annotations

import random

from loop_parts import EPOCH_S
from release_parts import Shop
from simulation_faults import Faults, Killed, faulty_disk
from simulation_parts import PARTITIONS, Consumer, Draws, Inline, Log, Sent, histogram, run_now

from aggregator.analyzer.app import build
from aggregator.analyzer.store_database import STORE_FAULTS
from aggregator.errors import StaleGeneration, TransportRefused
from aggregator.files import get_file
from aggregator.keys import read_hpke_keys, read_signing_key
from aggregator.relay.admission import Admitted, refusal
from aggregator.relay.store import RelayStore, ReleaseRule
from aggregator.relay.writer import CloseRules, close_due
from aggregator.release import read_manifest
from aggregator.transport import Delivered
from contracts import Bucket, Envelope, Receipt, pack_plaintext
from privacy.audit import verify_public
from privacy.sealing import seal

FIRST_EPOCH = 170_000_000
EPOCHS = 3
BATCH_MOST = 7
MINIMUM = 5
STEPS = 700
SETTLE_STEPS = 400
COUNTED = ("resent", "stale", "rebalances", "jumps", "repeated_messages", "kill_relay", "kill_worker")


class World:
    """Everything, by one seed."""

    def __init__(self, seed: int, shop: Shop, faults: Faults, rng: random.Random, noise: float | None = None) -> None:
        self.rng, self.shop, self.seed, self.faults = rng, shop, seed, faults
        self.draws = Draws(seed) if noise else None
        self.more = {"transport": "kafka", "kafka_bootstrap": "none", "noise_epsilon": noise}
        self.log = Log(self.rng)
        self.now = float(FIRST_EPOCH * EPOCH_S)
        self.skew = {"relay": 0.0, "worker-0": 0.0, "worker-1": 0.0}
        self.relay: RelayStore | None = None
        self.workers: list[Consumer | None] = [None, None]
        self.owner = [self.rng.randrange(2) for _ in range(PARTITIONS)]
        self.acked = [0] * PARTITIONS
        self.sent: dict[Bucket, Sent] = {}
        self.closed: dict[Bucket, bytes] = {}
        self.ledger, self.version = b"", 0
        self.counts = dict.fromkeys(COUNTED, 0)
        self._prepare()

    def _prepare(self) -> None:
        key = read_hpke_keys(self.shop.keys)[1].public
        for epoch in range(FIRST_EPOCH, FIRST_EPOCH + EPOCHS):
            for collection in (1, 2):
                bucket = self.shop.bucket(epoch, collection)
                size = self.rng.choice([3, 20, 60])
                self.sent[bucket] = Sent([seal(pack_plaintext(collection, at), key, bucket.info()) for at in range(size)])

    # -- processes ----------------------------------------------------------------------------------------------------------

    def admitted(self) -> dict[str, Admitted]:
        release = self.shop.bucket(0).release
        return {release: Admitted(EPOCH_S, MINIMUM, frozenset((1, 2)), frozenset((1,)))}

    def _relay(self) -> RelayStore:
        self.faults.process = "relay"
        if self.relay is None:
            self.relay = RelayStore(self.shop.folder / "relay.sqlite", BATCH_MOST)
            self.relay.remember(self.shop.bucket(0).release, ReleaseRule(EPOCH_S, MINIMUM))
        return self.relay

    def _worker(self, at: int) -> Consumer:
        self.faults.process = f"worker-{at}"
        found = self.workers[at]
        if found is None:
            clock = lambda: self.now + self.skew[f"worker-{at}"]  # noqa: E731
            found = self.workers[at] = Consumer(build(self.shop.settings(**self.more), clock, draw=self.draws))
        for partition, owner in enumerate(self.owner):
            if owner == at and partition not in found.claims:
                found.claims[partition] = found.analyzer.store.claim(f"kafka/{partition}")
                found.position[partition] = self.acked[partition]
                found.buffered[partition] = []
        return found

    # -- steps --------------------------------------------------------------------------------------------------------------

    def send(self) -> None:
        """A few reports to the relay; answers get lost, and senders send again."""
        open_ = [bucket for bucket in self.sent if not refusal(bucket, self.admitted(), self.now + self.skew["relay"], 0.0)]
        bucket = self.rng.choice(open_ or list(self.sent))
        found = self.sent[bucket]
        for at in self.rng.sample(range(len(found.bodies)), min(len(found.bodies), self.rng.randint(1, 20))):
            if refusal(bucket, self.admitted(), self.now + self.skew["relay"], 0.0):
                return
            self.counts["resent"] += at in found.accepted or at in found.unknown
            found.unknown |= {at} - found.accepted
            stored = self._relay().add([(bucket, found.bodies[at])])
            if stored == [True] and self.rng.random() < 0.8:
                found.accepted.add(at)

    def close(self) -> None:
        """The relay looks for epochs that are over, and hands over."""
        rules = CloseRules(self._relay().rules(), 0.0)
        now = self.now + self.skew["relay"]
        run_now(close_due(Inline(), self._relay(), self.log, rules, now))  # type: ignore[arg-type]

    def fetch(self) -> None:
        """A worker that believes that it owns a partition fetches from where it stands."""
        at = self.rng.randrange(2)
        worker = self._worker(at)
        for partition in list(worker.claims):
            log, start = self.log.partitions[partition], worker.position[partition]
            for offset in range(start, min(len(log), start + self.rng.randint(0, 4))):
                worker.buffered[partition].append(Delivered(f"kafka/{partition}", offset, log[offset]))
                worker.position[partition] = offset + 1

    def fold(self) -> None:
        """A worker commits what it fetched; Kafka hears of it only sometimes."""
        worker = self._worker(self.rng.randrange(2))
        for partition, claim in list(worker.claims.items()):
            ready, worker.buffered[partition] = worker.buffered[partition], []
            if not ready:
                continue
            try:
                offset = worker.analyzer.worker.process(claim, ready)
            except StaleGeneration:
                self.counts["stale"] += 1
                del worker.claims[partition]
                continue
            except STORE_FAULTS:
                worker.buffered[partition] = ready  # as the pipeline does: the same messages again
                raise
            if self.rng.random() < 0.5:
                self.acked[partition] = max(self.acked[partition], min(offset, len(self.log.partitions[partition])))

    def publish(self) -> None:
        """A worker closes what is due."""
        self._worker(self.rng.randrange(2)).analyzer.publisher.close_complete()

    def rebalance(self) -> None:
        """A partition changes hands; the old owner is told only sometimes."""
        partition = self.rng.randrange(PARTITIONS)
        old = self.workers[self.owner[partition]]
        self.owner[partition] = 1 - self.owner[partition]
        self.counts["rebalances"] += 1
        if old is not None and self.rng.random() < 0.5:
            old.claims.pop(partition, None)
        new = self.workers[self.owner[partition]]
        if new is not None:
            new.claims.pop(partition, None)

    def repeat(self) -> None:
        """A message comes again, somewhere else, later."""
        full = [log for log in self.log.partitions if log]
        if full:
            self.counts["repeated_messages"] += 1
            self.rng.choice(self.log.partitions).append(self.rng.choice(self.rng.choice(full)))

    def jump(self) -> None:
        """A clock is set, by up to an epoch and a half, either way."""
        self.counts["jumps"] += 1
        self.skew[self.rng.choice(list(self.skew))] = self.rng.uniform(-1.5, 1.5) * EPOCH_S

    def wait(self) -> None:
        """Time passes."""
        self.now += self.rng.uniform(0, EPOCH_S / 25)

    def step(self) -> None:
        """One thing happens, and may go wrong anywhere."""
        weights = {
            self.send: 8, self.close: 4, self.fetch: 6, self.fold: 6, self.publish: 3, self.rebalance: 2, self.repeat: 1,
            self.jump: 0.5, self.wait: 6,
        }  # fmt: skip
        act = self.rng.choices(list(weights), list(weights.values()))[0]
        kill, full = self.rng.choice([(0, 0), (0, 0), (0.02, 0), (0, 0.05)])
        self.log.lossy = self.rng.choice([0, 0, 0.5])
        try:
            with self.faults.armed(kill, full):
                act()
        except Killed:
            self._died(self.faults.process)
        except (*STORE_FAULTS, TransportRefused):
            pass  # the shipped loops wait and try again
        self.look()

    def _died(self, process: str) -> None:
        self.faults.bury(process)
        if process == "relay":
            self.relay = None
            self.counts["kill_relay"] += 1
            return
        at = int(process[-1])
        found, self.workers[at] = self.workers[at], None
        if found is not None:
            found.analyzer.publisher._lock.close()
        self.counts["kill_worker"] += 1

    # -- what must hold -----------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """After every step: manifests go forward, the ledger only grows, what is closed stays as it was."""
        public = self.shop.public
        manifest = read_manifest(public, self.shop.pool_key().public)
        assert manifest is not None
        assert manifest.version >= self.version, "the manifest went back"
        if manifest.version == self.version:
            return
        self.version = manifest.version
        ledger = (public / "ledger.jsonl").read_bytes() if (public / "ledger.jsonl").exists() else b""
        whole = ledger[: ledger.rfind(b"\n") + 1]
        assert whole.startswith(self.ledger[: self.ledger.rfind(b"\n") + 1]), "the ledger was rewritten"
        self.ledger = whole
        for reference in manifest.receipts:
            data = get_file(public, reference)
            bucket = Receipt.from_bytes(Envelope.from_bytes(data).payload_bytes()).bucket
            assert self.closed.setdefault(bucket, data) == data, "a closed bucket changed"

    def settle(self) -> None:
        """Everything is mended, time passes, and all must arrive."""
        self.skew = dict.fromkeys(self.skew, 0.0)
        self.log.lossy = 0.0
        self.now = max(self.now, (FIRST_EPOCH + EPOCHS) * EPOCH_S + 5.0)
        for process in self.skew:
            self._died(process)
        for _ in range(SETTLE_STEPS):
            self.close()
            for act in (self.fetch, self.fold, self.publish):
                act()
            self.look()
            if self._quiet():
                return
        raise AssertionError(f"seed {self.seed}: not settled after {SETTLE_STEPS} rounds")

    def _quiet(self) -> bool:
        store = self._worker(0).analyzer.store
        behind = any(self._next(partition) < len(log) for partition, log in enumerate(self.log.partitions))
        return not behind and not store.buckets("open") and not store.buckets("closing") and not self._relay().waiting()

    def _next(self, partition: int) -> int:
        return self._worker(0).analyzer.store.offsets().get(f"kafka/{partition}", 0)

    def check(self) -> dict[str, int]:
        """Each bucket holds exactly 1 in each cell of an accepted report; returns what happened."""
        held = 0
        for bucket, sent in self.sent.items():
            receipt = self.closed.get(bucket)
            if receipt is None:
                assert len(sent.accepted) < MINIMUM, f"seed {self.seed}: {len(sent.accepted)} accepted reports are lost: {bucket}"
                continue
            cells = histogram(self.shop, Receipt.from_bytes(Envelope.from_bytes(receipt).payload_bytes()))
            cells = self.draws.without(cells) if self.draws else cells
            sure, maybe = sorted(sent.accepted), sorted(sent.unknown - sent.accepted)
            wrong = {at: int(cells[at]) for at in sure if cells[at] != 1}
            assert not wrong, f"seed {self.seed}: accepted reports do not hold exactly 1: {wrong}"
            assert set(cells[maybe].tolist()) <= {0, 1}, f"seed {self.seed}: counted twice"
            assert cells.sum() == cells[[*sure, *maybe]].sum(), f"seed {self.seed}: counted what nobody sent"
            held += len(sure)
        files = len(list((self.shop.public / "files").glob("*.f64")))
        assert self.draws is None or files == len(self.closed), (
            f"seed {self.seed}: counts of {files} closes lie in the public folder"
        )
        report = verify_public(self.shop.public, read_signing_key(self.shop.keys / "release.key").public.hex())
        assert report.ok, report.faults
        replays = self._worker(0).analyzer.store.replays()
        return {
            **self.counts,
            **self.faults.counts,
            "lost_answers": self.log.lost_answers,
            "replays": replays,
            "cells_at_1": held,
            "draws": len(self.draws.made) if self.draws else 0,
        }


def simulate(seed: int, shop: Shop, steps: int = STEPS, noise: float | None = None) -> dict[str, int]:
    """Run one seed in a fresh shop, with noise of that epsilon or none; raises `AssertionError` with the seed."""
    rng = random.Random(seed)
    faults = Faults(rng)
    with faulty_disk(faults):
        world = World(seed, shop, faults, rng, noise)
        for _ in range(steps):
            world.step()
        world.settle()
        return world.check()
