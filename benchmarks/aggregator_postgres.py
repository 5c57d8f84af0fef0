"""Open and fold with the store in PostgreSQL beside SQLite, and what the database itself pays for a report."""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "aggregator"))

from postgres_server import PostgresServer, postgres_server  # noqa: E402

from aggregator.analyzer.folds import merge  # noqa: E402
from aggregator.analyzer.opening import Opener, OpeningHere  # noqa: E402
from aggregator.keys import create_keys, read_hpke_keys  # noqa: E402
from benchmarks import aggregator_parts as parts  # noqa: E402
from benchmarks.aggregator_load import configuration_of, random_bodies  # noqa: E402

TURNS = 3


def own_cpu_s() -> float:
    """Of this process alone: the server is a child of ours."""
    return sum(resource.getrusage(resource.RUSAGE_SELF)[:2])


def children_cpu_s() -> float:
    """Of children that have ended, and of theirs."""
    return sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])


def postgres(reports: int) -> dict[str, Any]:
    """Reports a CPU-second of the worker, of both stores in turns, the best of three; and of the server, over all turns.

    A tenth of the reports is opened (HPKE) and folded, then all are folded without HPKE. The server is local, by its socket.
    """
    with postgres_server() as server:
        idle = children_cpu_s()
        opened = opening(server, reports // 10)
        folded = folding(server, reports)
        stored = TURNS * (reports // 10 + reports)
        server.stop()
        spent = children_cpu_s() - idle
    return {**opened, **folded, "database_per_cpu_s": round(stored / spent), "reports": reports}


def opening(server: PostgresServer, reports: int) -> dict[str, Any]:
    configuration = configuration_of(43_000)
    with tempfile.TemporaryDirectory() as folder:
        create_keys(Path(folder) / "keys")
        dealt = parts.deliveries(configuration, parts.sealed(configuration, Path(folder) / "keys", reports))
        opener = OpeningHere(Opener(read_hpke_keys(Path(folder) / "keys")))
        spent: dict[str, list[float]] = {"postgres": [], "sqlite": []}
        for turn in range(TURNS):
            for name, where in (("postgres", server.fresh()), ("sqlite", Path(folder) / f"{turn}.sqlite")):
                worker, before = parts.worker_of(configuration, where, opener), own_cpu_s()
                parts.fold_all(worker, dealt)
                spent[name].append(own_cpu_s() - before)
    return {f"{name}_open_fold_per_cpu_s": round(reports / min(found)) for name, found in spent.items()}


def folding(server: PostgresServer, reports: int) -> dict[str, Any]:
    configuration = configuration_of(43_000)
    dealt, already = parts.deliveries(configuration, random_bodies(reports)), OpeningHere(parts.OpenAlready())  # type: ignore[arg-type]
    cpu: dict[str, list[float]] = {"postgres": [], "sqlite": []}
    wall: dict[str, list[float]] = {"postgres": [], "sqlite": []}
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(TURNS):
            for name, where in (("postgres", server.fresh()), ("sqlite", Path(folder) / f"{turn}.sqlite")):
                worker = parts.worker_of(configuration, where, already)
                before, started = own_cpu_s(), time.perf_counter()
                parts.fold_all(worker, dealt)
                cpu[name].append(own_cpu_s() - before)
                wall[name].append(time.perf_counter() - started)
                assert len(merge(worker.store.folded(1)).messages) == reports
    return {
        **{f"{name}_fold_per_cpu_s": round(reports / min(found)) for name, found in cpu.items()},
        **{f"{name}_fold_per_s": round(reports / min(found)) for name, found in wall.items()},
    }
