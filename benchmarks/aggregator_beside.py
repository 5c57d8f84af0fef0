"""What stands beside the aggregator in its benchmark: a first Faust app, plain SQLite, and OpenDP's second-level noise."""

from __future__ import annotations

import asyncio
import hashlib
import resource
import sqlite3
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.aggregator_load import random_bodies

SQLITE_TOGETHER = 100
"""Reports that plain SQLite commits at once: as many as one of our batches holds."""
NOISE_SD = 100.0


def _cpu_s() -> float:
    return sum(resource.getrusage(resource.RUSAGE_SELF)[:2])


def naive_faust(reports: int) -> dict[str, Any]:
    """What a first Faust app does: one report a message, counts in a windowed Table. Opening is left out, and so is the broker
    (Faust's own test context, changelog messages dropped): what it would cost with them is more.
    """
    import faust

    app = faust.App("naive", broker="kafka://127.0.0.1:1", store="memory://", web_enabled=False, datadir=tempfile.mkdtemp())
    topic = app.topic("reports", value_type=bytes, value_serializer="raw")
    counts = app.Table("counts", default=int).tumbling(3600, expires=7200)
    counts.table._send_changelog = lambda *_, **__: None
    done = 0

    @app.agent(topic)  # type: ignore[untyped-decorator]
    async def count(stream: Any) -> None:
        nonlocal done
        async for event in stream.events():
            counts[int.from_bytes(event.value[:4], "big") % 43_000] += 1
            done += 1

    values = random_bodies(reports)

    async def run() -> float:
        async with count.test_context() as agent:
            started = _cpu_s()
            for value in values:
                await agent.put(value, wait=False)
            while done < reports:
                await asyncio.sleep(0.01)
            return _cpu_s() - started

    return {"per_cpu_s": round(reports / asyncio.run(run())), "reports": reports}


def sqlite_alone(reports: int) -> dict[str, Any]:
    """What SQLite alone does: one row a report with its id as the key, a count for each value; no Kafka, no HPKE, WAL and fsync
    as ours. The id makes each report count once, an index entry at a time.
    """
    values = random_bodies(reports)
    with tempfile.TemporaryDirectory() as folder:
        database = sqlite3.connect(Path(folder) / "naive.sqlite", isolation_level=None)
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            database.execute(f"PRAGMA {pragma}")
        database.execute("CREATE TABLE seen (id BLOB PRIMARY KEY) WITHOUT ROWID")
        database.execute("CREATE TABLE counts (value INTEGER PRIMARY KEY, n INTEGER NOT NULL)")
        spent, started = _cpu_s(), time.perf_counter()
        for at in range(0, reports, SQLITE_TOGETHER):
            database.execute("BEGIN IMMEDIATE")
            for body in values[at : at + SQLITE_TOGETHER]:
                new = database.execute("INSERT OR IGNORE INTO seen VALUES (?)", (hashlib.sha256(body).digest()[:16],)).rowcount
                if new:
                    value = int.from_bytes(body[:4], "big") % 43_000
                    database.execute("INSERT INTO counts VALUES (?, 1) ON CONFLICT (value) DO UPDATE SET n = n + 1", (value,))
            database.execute("COMMIT")
        spent, wall = _cpu_s() - spent, time.perf_counter() - started
        assert database.execute("SELECT sum(n) FROM counts").fetchone() == (reports,)
        database.close()
    return {"per_cpu_s": round(reports / spent), "per_s": round(reports / wall), "reports": reports}


def second_level_noise(domain: int) -> dict[str, Any]:
    """OpenDP's discrete Gaussian on the support counts of all values: what a close would cost more where it is on.

    It is off by default and no part of the close; its exact sampler draws one count after the other.
    """
    import opendp.prelude as dp

    dp.enable_features("contrib")
    counts = np.random.default_rng(1).integers(0, 1000, domain + 1)
    measure = dp.m.make_gaussian(dp.vector_domain(dp.atom_domain(T="i64"), size=len(counts)), dp.l2_distance(T=float), NOISE_SD)
    spent, started = _cpu_s(), time.perf_counter()
    noisy = np.asarray(measure(counts))
    spent, wall = _cpu_s() - spent, time.perf_counter() - started
    assert len(noisy) == len(counts)
    return {
        "seconds": round(wall, 3), "cpu_s": round(spent, 3), "us_a_count": round(1e6 * spent / len(counts), 1), "sd": NOISE_SD,
        "drawn_sd": round(float((noisy - counts).std()), 1),
    }  # fmt: skip
