"""`python3 noxfile.py -s bench -- aggregator`: relay, open and fold, close, memory, spike; beside them naive Faust and SQLite.

Each part runs in a process of its own (benchmarks/aggregator_parts.py), so that CPU-seconds and peak memory are its own. The load
generator has its own process too and its CPU is not counted, but it shares the machine's cores. Last line: JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.result import publish

ROOT = Path(__file__).resolve().parents[1]
PART_WITHIN_S = 900


def load() -> list[float]:
    """Load averages over 1, 5 and 15 minutes: seconds of wall time mean little where others share the cores."""
    return [round(value, 2) for value in os.getloadavg()] if hasattr(os, "getloadavg") else []


def part(name: str, *words: object) -> dict[str, Any]:
    """Run one part in its own process; its last line is JSON."""
    command = [sys.executable, "-m", "benchmarks.aggregator_parts", name, *map(str, words)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PART_WITHIN_S)
    if done.returncode != 0:
        raise SystemExit(f"intently: benchmark part {name} failed:\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    print(f"{name} {' '.join(map(str, words))}: {found}", flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.aggregator")
    parser.add_argument("--quick", action="store_true", help="a tenth of the sizes, to see that it works")
    quick = parser.parse_args().quick
    scale, before = 10 if quick else 1, load()
    relay = part("relay", 40_000 // scale)
    with_tokens = part("relay", 10_000 // scale, 1)
    opening = part("open_fold", 30_000 // scale)
    spread = {str(processes): part("spread", 30_000 // scale, processes) for processes in (1, 2)}
    folding = part("fold", 2_000_000 // scale)
    partitions = {str(number): part("partitions", 500_000 // scale, number) for number in (1, 4, 16)}
    close_43k = part("close", 43_000, 1_000_000 // scale)
    close_1m = part("close", 1_000_000, 1_000_000 // scale)
    noise = part("second_level_noise", 43_000 // scale)
    memory = part("memory", 10_000_000 // scale)
    relay_memory = part("relay_memory", 2_000_000 // scale)
    naive = part("naive_faust", 20_000 // scale)
    sqlite = part("sqlite_alone", 100_000 // scale)
    embedded = part("embedded", 500_000 // scale)
    spike = part("spike", 12 if quick else 120)
    named = {
        "relay_requests_per_cpu_s": relay["per_cpu_s"], "relay_p99_ms": relay["p99_ms"],
        "open_fold_per_core_s": opening["per_cpu_s"], "fold_per_core_s": folding["per_cpu_s"],
        "close_43k_s": close_43k["seconds"], "close_1m_s": close_1m["seconds"],
        "peak_memory_bytes": memory["peak_bytes"], "naive_faust_per_core_s": naive["per_cpu_s"],
    }  # fmt: skip
    parts = {
        "relay": relay, "relay_with_tokens": with_tokens, "open_fold": opening, "open_spread": spread, "fold": folding,
        "fold_by_partitions": partitions, "close_43k": close_43k, "close_1m": close_1m, "second_level_noise_43k": noise,
        "memory": memory, "relay_memory": relay_memory, "naive_faust": naive, "sqlite_alone": sqlite,
        "embedded_without_kafka": embedded, "spike": spike, "quick": quick, "load_before": before, "load_after": load(),
    }  # fmt: skip
    publish("aggregator", {**named, **parts}, tuple(named))


if __name__ == "__main__":
    main()
