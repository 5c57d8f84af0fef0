"""The main job as a person would have it checked: `intently demo --check`, whole, on each kind of log."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from intently.demo.check import STEPS

pytestmark = [pytest.mark.browser, pytest.mark.slow]
DATA = Path(os.environ.get("INTENTLY_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))


@pytest.mark.parametrize("log", ["simulated", "eshop/events.parquet"])
def test_every_step_is_seen(tmp_path: Path, log: str) -> None:
    words = ["demo", "--check", "--training-s", "8", "--workspace", str(tmp_path)]
    if log != "simulated":
        if not (DATA / log).exists():
            pytest.skip(f"{log} is not in INTENTLY_DATA")
        words += ["--data", str(DATA / log)]
    done = subprocess.run([sys.executable, "-m", "intently", *words], capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert f"{len(STEPS)} of {len(STEPS)} steps seen" in done.stdout
    assert done.stdout.count("seen ") >= len(STEPS)
