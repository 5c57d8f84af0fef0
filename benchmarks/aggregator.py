"""`python3 noxfile.py -s bench -- aggregator`: relay, open and fold, close, memory, spike; beside them naive Faust and SQLite.

Each part runs in a process of its own (benchmarks/aggregator_parts.py), so that CPU-seconds and peak memory are its own. The load
generator has its own process too and its CPU is not counted, but it shares the machine's cores. Each part states the load of the
machine when it began: where others share the cores, seconds of wall time say little. Last line: JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.result import FOLDER, commit, publish

ROOT = Path(__file__).resolve().parents[1]
PART_WITHIN_S = 900
QUICKER = 10


@dataclass(frozen=True)
class Part:
    """One process of aggregator_parts: its name there, what comes before its size, its size, what comes after."""

    name: str
    size: int
    before: tuple[int, ...] = ()
    after: tuple[int, ...] = ()

    def run(self, scale: int) -> dict[str, Any]:
        """In a process of its own, whose last line is JSON."""
        words = [str(word) for word in (*self.before, self.size // scale, *self.after)]
        load, command = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0, [sys.executable, "-m"]
        command += ["benchmarks.aggregator_parts", self.name, *words]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PART_WITHIN_S)
        if done.returncode != 0:
            raise SystemExit(f"intently: benchmark part {self.name} failed:\n{done.stderr[-2000:]}")
        found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        return {**found, "load_before": round(load, 2), "commit": commit()}


PARTS = {
    "relay": Part("relay", 40_000),
    "relay_with_tokens": Part("relay", 10_000, after=(1,)),
    "open_fold": Part("open_fold", 30_000),
    "open_in_1_process": Part("spread", 30_000, after=(1,)),
    "open_in_2_processes": Part("spread", 30_000, after=(2,)),
    "fold": Part("fold", 2_000_000),
    "fold_1_partition": Part("partitions", 500_000, after=(1,)),
    "fold_4_partitions": Part("partitions", 500_000, after=(4,)),
    "fold_16_partitions": Part("partitions", 500_000, after=(16,)),
    "close_43k": Part("close", 1_000_000, before=(43_000,)),
    "close_1m": Part("close", 1_000_000, before=(1_000_000,)),
    "second_level_noise_43k": Part("second_level_noise", 43_000),
    "memory": Part("memory", 10_000_000),
    "relay_memory": Part("relay_memory", 2_000_000),
    "naive_faust": Part("naive_faust", 20_000),
    "sqlite_alone": Part("sqlite_alone", 100_000),
    "embedded_without_kafka": Part("embedded", 500_000),
    "postgres": Part("postgres", 500_000),
    "spike": Part("spike", 120),
}
NAMED = {
    "relay_requests_per_cpu_s": ("relay", "per_cpu_s"),
    "relay_p99_ms": ("relay", "p99_ms"),
    "open_fold_per_core_s": ("open_fold", "per_cpu_s"),
    "fold_per_core_s": ("fold", "per_cpu_s"),
    "close_43k_s": ("close_43k", "seconds"),
    "close_1m_s": ("close_1m", "seconds"),
    "peak_memory_bytes": ("memory", "peak_bytes"),
    "naive_faust_per_core_s": ("naive_faust", "per_cpu_s"),
}
"""What the last line states, and of which part."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.aggregator")
    parser.add_argument("--quick", action="store_true", help="a tenth of the sizes, to see that it works")
    parser.add_argument("--only", nargs="+", choices=PARTS, help="these parts; the others stay as they stand in the result")
    arguments = parser.parse_args()
    results = FOLDER / "aggregator.json"
    kept = json.loads(results.read_text()) if arguments.only and results.is_file() else {}
    parts = {name: kept[name] for name in PARTS if name in kept}
    for name in arguments.only or PARTS:
        parts[name] = PARTS[name].run(QUICKER if arguments.quick else 1)
        print(f"{name}: {parts[name]}", flush=True)
    missing = sorted({part for part, _ in NAMED.values()} - parts.keys())
    if missing:
        raise SystemExit(f"intently: {results} has no {', '.join(missing)}; run these too, or all of it without --only")
    named = {name: parts[part][figure] for name, (part, figure) in NAMED.items()}
    publish(
        "aggregator", {**named, **{name: parts[name] for name in PARTS if name in parts}, "quick": arguments.quick}, tuple(NAMED)
    )


if __name__ == "__main__":
    main()
