"""Where a benchmark's figures go: standard output's last line, and benchmarks/results/NAME.json with machine, commit and date."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent / "results"


def percentile(values: list[float], share: float) -> float:
    """Nearest-rank percentile; share in (0, 1]."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, max(0, -(-int(share * 1000) * len(ranked) // 1000) - 1))]


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    model = "unknown"
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {"cpu": model, "cores": os.cpu_count(), "system": platform.system(), "python": platform.python_version(), "load": load}


def commit() -> str:
    """Commit of the working tree, with `+` where it has changes."""
    try:
        short = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
        changed = subprocess.run(["git", "status", "--porcelain", "-uno"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return short + ("+" if changed.strip() else "")


def publish(name: str, figures: dict[str, Any], line: Sequence[str] = ()) -> None:
    """Write the result file and print the figures as one line; `line`: only these of them."""
    FOLDER.mkdir(exist_ok=True)
    about = {"machine": machine(), "commit": commit(), "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
    beside = FOLDER / f"{name}.json.new"
    beside.write_text(json.dumps({**figures, **about}, indent=2) + "\n")
    beside.replace(FOLDER / f"{name}.json")
    print(json.dumps({key: figures[key] for key in line} if line else figures), flush=True)
