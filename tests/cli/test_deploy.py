"""docs/deploy.md, command by command: from a CSV to three processes that serve a release, at production scale."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from contracts import Envelope, Manifest
from edge_model.features import EVENT_TYPES
from intently.ports import free_port
from intently.simulator import simulate_shop


def intently(*words: str) -> str:
    done = subprocess.run([sys.executable, "-m", "intently", *words], capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout


@pytest.fixture(scope="module")
def sessions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log as a shop keeps it, of the simulated shop's sessions."""
    path, log = tmp_path_factory.mktemp("log") / "sessions.csv", simulate_shop(600, seed=3).log
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["session", "item", "time", "event", "dwell_ms"])
        for session in range(log.session_count):
            for place in range(log.offsets[session], log.offsets[session + 1]):
                sku, kind = log.skus[log.items[place] - 1], EVENT_TYPES[log.event_types[place]].value
                rows.writerow([session, sku, 1_700_000_000 + 60 * int(place), kind, int(log.dwell_ms[place])])
    return path


def wait_for(url: str, within_s: float = 30) -> bytes:
    ends = time.monotonic() + within_s
    while True:
        try:
            with urllib.request.urlopen(url) as answer:
                return bytes(answer.read())
        except OSError:
            assert time.monotonic() < ends, f"nothing at {url}"
            time.sleep(0.2)


def test_a_shop_of_ones_own(tmp_path: Path, sessions: Path) -> None:
    shop, relay_port, port = tmp_path / "shop", free_port(), free_port()
    intently("model", "train", "--data", str(sessions), "--out", str(shop / "model"), "--budget-s", "3")
    intently("catalog", "generate", "--data", str(sessions), "--shop", "my-shop", "--out", str(shop / "catalogue.json"))
    assert "items" in intently("catalog", "check", str(shop / "catalogue.json"))
    intently("release", "create", str(shop), "--data", str(sessions), "--relay-url", f"http://127.0.0.1:{relay_port}")
    key = json.loads(intently("keys", "show", "--folder", str(shop / "keys"), "--json"))["release"]
    intently("bundle", "build", "--out", str(shop / "bundle"), "--release-key", key, "--shop", "my-shop")
    serving = subprocess.Popen(
        [sys.executable, "-m", "intently", "serve", str(shop), "--port", str(port)], stdout=subprocess.PIPE
    )
    try:
        served = wait_for(f"http://127.0.0.1:{port}/intently/manifest.json")
        assert Manifest.from_bytes(Envelope.from_bytes(served).payload_bytes()).demo is False
        assert b"customElements" in wait_for(f"http://127.0.0.1:{port}/intently/intently.js")
        assert wait_for(f"http://127.0.0.1:{relay_port}/healthz")
    finally:
        serving.terminate()
        serving.communicate(timeout=30)
    assert "everything holds" in intently("audit", "verify", str(shop / "public"), "--release-key", key)
    assert (shop / "keys" / "release.key").stat().st_mode & 0o077 == 0 or os.name == "nt"
