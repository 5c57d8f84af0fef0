"""The parts of `benchmarks.aggregator`, each a process: `python -m benchmarks.aggregator_parts NAME WORDS...`."""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from aggregator.analyzer.book import Book
from aggregator.analyzer.closing import PoolParts, settle
from aggregator.analyzer.folds import ROW, merge
from aggregator.analyzer.guarantees import guarantees_of
from aggregator.analyzer.opening import Job, Opener, OpeningHere, OpeningInProcesses
from aggregator.analyzer.policy import LatePolicy
from aggregator.analyzer.store import AnalyzerStore
from aggregator.analyzer.worker import Worker
from aggregator.keys import create_keys, read_hpke_keys
from aggregator.pools import PoolRules, base_pool
from aggregator.relay.store import RelayStore, pack
from aggregator.transport import Delivered, OutboxTransport
from aggregator.transport.outbox import PARTITION
from benchmarks.aggregator_beside import naive_faust, second_level_noise, sqlite_alone
from benchmarks.aggregator_load import configuration_of, random_bodies, relay_load
from benchmarks.aggregator_spike import spike_load
from contracts import Bucket, Collection, Configuration, Refusals, pack_plaintext, sha256_hex
from privacy.mechanisms import choose_mechanism
from privacy.sealing import seal

EPOCH = 5
NOW = 1e9
POLICY = LatePolicy(1e12, 1e12, 1e12, 1e12)
COMMITTED_TOGETHER = 64
CLOSE_TURNS = 3


class Releases:
    """One configuration, always the same."""

    def __init__(self, configuration: Configuration) -> None:
        self._book = Book({sha256_hex(configuration.to_bytes()): configuration})

    def refresh(self) -> None:
        """Nothing new."""

    def book(self) -> Book:
        """The one."""
        return self._book


def bucket_of(configuration: Configuration) -> Bucket:
    return Bucket(sha256_hex(configuration.to_bytes()), 1, EPOCH, 1)


def peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def cpu_s() -> float:
    """Of this process and its children that have ended."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def sealed(configuration: Configuration, keys: Path, reports: int) -> list[bytes]:
    bucket, public = bucket_of(configuration), read_hpke_keys(keys)[1].public
    return [seal(pack_plaintext(1, at % 1000), public, bucket.info()) for at in range(reports)]


def deliveries(configuration: Configuration, bodies: list[bytes], partitions: int = 1) -> list[list[Delivered]]:
    """Batches of a bucket, dealt out to partitions."""
    dealt: list[list[Delivered]] = [[] for _ in range(partitions)]
    for at, batch in enumerate(pack(bucket_of(configuration), bodies)):
        mine = dealt[at % partitions]
        mine.append(Delivered(f"kafka/{at % partitions}", len(mine), batch.to_bytes()))
    return dealt


def fold_all(worker: Worker, dealt: list[list[Delivered]]) -> None:
    """As the pipeline does it: so many messages a transaction."""
    claims = [worker.store.claim(f"kafka/{at}") for at in range(len(dealt))]
    for at in range(0, max(map(len, dealt)), COMMITTED_TOGETHER):
        for claim, mine in zip(claims, dealt, strict=True):
            worker.process(claim, mine[at : at + COMMITTED_TOGETHER])


def open_fold(reports: int) -> dict[str, Any]:
    """With HPKE, beside bare `Suite.decrypt` over the same bodies in the same process; the better of three turns each."""
    configuration = configuration_of(43_000)
    with tempfile.TemporaryDirectory() as folder:
        create_keys(Path(folder) / "keys")
        keys = read_hpke_keys(Path(folder) / "keys")
        bodies = sealed(configuration, Path(folder) / "keys", reports)
        dealt, info = deliveries(configuration, bodies), bucket_of(configuration).info()
        suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_128_GCM)
        key = X25519PrivateKey.from_private_bytes(keys[1].private)
        ours, bare = [], []
        for turn in range(3):
            bare.append(cpu_of(lambda: [suite.decrypt(body, key, info=info) for body in bodies]))
            worker = worker_of(configuration, Path(folder) / f"{turn}.sqlite", OpeningHere(Opener(keys)))
            ours.append(cpu_of(lambda found=worker: fold_all(found, dealt)))  # type: ignore[misc]
    found, alone = reports / min(ours), reports / min(bare)
    return {"per_cpu_s": round(found), "bare_decrypt_per_cpu_s": round(alone), "share_of_bare": round(found / alone, 3)}


def cpu_of(act: Callable[[], Any]) -> float:
    before = cpu_s()
    act()
    return cpu_s() - before


def worker_of(configuration: Configuration, where: str | Path, opening: Any) -> Worker:
    return Worker(AnalyzerStore(where), Releases(configuration), opening, POLICY, lambda: NOW)


def spread(reports: int, processes: int) -> dict[str, Any]:
    """Reports a second of wall time, opened in so many processes of their own."""
    configuration = configuration_of(43_000)
    with tempfile.TemporaryDirectory() as folder:
        create_keys(Path(folder) / "keys")
        bodies = sealed(configuration, Path(folder) / "keys", reports)
        pool = OpeningInProcesses(Path(folder) / "keys", processes)
        worker = worker_of(configuration, Path(folder) / "a.sqlite", pool)
        rules = Releases(configuration).book().rules(bucket_of(configuration))
        assert rules is not None
        job = Job(bucket_of(configuration), rules[1], b"".join(bodies[:100]))
        for warm in [pool.submit(job) for _ in range(4 * processes)]:
            warm.result()
        started = time.perf_counter()
        fold_all(worker, deliveries(configuration, bodies))
        wall = time.perf_counter() - started
        pool.close()
    return {"per_s": round(reports / wall), "processes": processes}


class OpenAlready:
    """Plaintexts that nobody sealed: what the fold costs without HPKE."""

    def open(self, _: Bucket, bodies: Any) -> list[bytes | None]:
        """One message for all."""
        return [_PLAIN] * len(bodies)


_PLAIN = pack_plaintext(1, 5)


def fold(reports: int, partitions: int = 1) -> dict[str, Any]:
    """Parse, hash, check, store: everything but HPKE."""
    configuration = configuration_of(43_000)
    dealt = deliveries(configuration, random_bodies(reports), partitions)
    with tempfile.TemporaryDirectory() as folder:
        worker = worker_of(configuration, Path(folder) / "a.sqlite", OpeningHere(OpenAlready()))  # type: ignore[arg-type]
        started = time.perf_counter()
        spent = cpu_of(lambda: fold_all(worker, dealt))
        wall = time.perf_counter() - started
        rows = worker.store.folded(1)
        assert len(merge(rows).messages) == reports
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
    return {"per_cpu_s": round(reports / spent), "per_s": round(reports / wall), "store_bytes_a_report": round(size / reports, 1)}


def embedded(reports: int) -> dict[str, Any]:
    """Our own way without Kafka: batches into the outbox, read, folded and scrubbed again. HPKE is left out."""
    configuration = configuration_of(43_000)
    (dealt,) = deliveries(configuration, random_bodies(reports))
    with tempfile.TemporaryDirectory() as folder:
        outbox = OutboxTransport(Path(folder) / "outbox.sqlite")
        worker = worker_of(configuration, Path(folder) / "a.sqlite", OpeningHere(OpenAlready()))  # type: ignore[arg-type]

        def whole() -> None:
            for at in range(0, len(dealt), COMMITTED_TOGETHER):
                outbox.put_now([(b"%d" % each.offset, each.value) for each in dealt[at : at + COMMITTED_TOGETHER]])
            claim = worker.store.claim(PARTITION)
            offset = claim.next_offset
            while found := outbox.read(offset):
                offset = worker.process(claim, found)
                outbox.trim(offset)

        started = time.perf_counter()
        spent = cpu_of(whole)
        wall = time.perf_counter() - started
        assert len(merge(worker.store.folded(1)).messages) == reports
    return {"per_cpu_s": round(reports / spent), "per_s": round(reports / wall), "reports": reports}


def close(domain: int, reports: int) -> dict[str, Any]:
    """From the bucket's rows to signed bytes, without delivery: merge, estimate, pool, receipt, guarantees.

    The least of three turns, each with one report less, so that nothing is remembered from the last.
    """
    turns = [close_once(domain, reports - turn) for turn in range(CLOSE_TURNS)]
    return {**min(turns, key=lambda found: found["seconds"]), "turns_s": [turn["seconds"] for turn in turns]}


def close_once(domain: int, reports: int) -> dict[str, Any]:
    """One close, and where its time goes."""
    configuration = configuration_of(domain)
    collection: Collection = configuration.collections[0]
    rules = PoolRules()
    base = base_pool("bench", True, range(1, min(domain, 2000) + 1), rules)
    rows = np.zeros(reports, dtype=ROW)
    rows["high"], rows["low"] = np.frombuffer(os.urandom(16 * reports), dtype="<u8").reshape(-1, 2).T
    rows["message"] = np.random.default_rng(1).integers(choose_mechanism(domain, 4.0).messages, size=reports)
    spent, started, marks = cpu_s(), time.perf_counter(), {}
    merged = merge(rows)
    marks["merge_s"] = time.perf_counter() - started
    stated = guarantees_of(collection, reports, 100, 2, 1e-8)
    marks["guarantees_s"] = time.perf_counter() - started - marks["merge_s"]
    parts = PoolParts(base, base, rules)
    settle(bucket_of(configuration), merged.messages, Refusals(), configuration, collection, parts, 2, stated)
    seconds = time.perf_counter() - started
    marks["settle_s"] = seconds - sum(marks.values())
    return {
        "seconds": round(seconds, 3),
        "cpu_s": round(cpu_s() - spent, 3),
        **{name: round(value, 3) for name, value in marks.items()},
        "peak_bytes": peak_bytes(),
    }


def memory(reports: int) -> dict[str, Any]:
    """Peak of a process that reads and merges a bucket of so many reports from its store."""
    configuration = configuration_of(43_000)
    with tempfile.TemporaryDirectory() as folder:
        store = AnalyzerStore(Path(folder) / "a.sqlite")
        bucket = bucket_of(configuration)
        with store.transaction():
            row = store.bucket(bucket, reports)
            for sequence in range(reports // 100):
                rows = np.frombuffer(os.urandom(100 * ROW.itemsize), dtype=ROW).copy()
                rows["outcome"] = 0
                store.add(row.id, sequence, sequence.to_bytes(8, "big"), rows)
        before = peak_bytes()
        started = time.perf_counter()
        found = merge(store.folded(row.id))
        assert len(found.messages) == reports
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
    merge_s = round(time.perf_counter() - started, 2)
    return {"peak_bytes": peak_bytes(), "before_bytes": before, "reports": reports, "merge_s": merge_s, "store_bytes": size}


def relay_memory(reports: int) -> dict[str, Any]:
    """Peak of a relay that closes a bucket of so many reports: shuffle and pack."""
    import random

    with tempfile.TemporaryDirectory() as folder:
        store, bucket = RelayStore(Path(folder) / "relay.sqlite"), bucket_of(configuration_of(43_000))
        for _ in range(0, reports, 100_000):
            store.add([(bucket, body) for body in random_bodies(min(reports, 100_000))])
        started = time.perf_counter()
        store.close_bucket(bucket, 1, random.SystemRandom().shuffle)
        seconds = time.perf_counter() - started
    return {"peak_bytes": peak_bytes(), "close_s": round(seconds, 2), "reports": reports}


def postgres(reports: int) -> dict[str, Any]:
    """As `benchmarks.aggregator_postgres`, which imports us."""
    from benchmarks.aggregator_postgres import postgres as measured

    return measured(reports)


PARTS: dict[str, Callable[..., dict[str, Any]]] = {
    "relay": relay_load, "open_fold": open_fold, "spread": spread, "fold": fold, "partitions": fold, "close": close,
    "memory": memory, "relay_memory": relay_memory, "naive_faust": naive_faust, "sqlite_alone": sqlite_alone,
    "embedded": embedded, "second_level_noise": second_level_noise, "spike": spike_load, "postgres": postgres,
}  # fmt: skip

if __name__ == "__main__":
    print(json.dumps(PARTS[sys.argv[1]](*map(int, sys.argv[2:]))))
