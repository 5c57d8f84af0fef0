"""Parts that the aggregator's tests share: a small shop's configuration, a relay in the same process, real processes."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from contracts import AffinePointMechanism, Collection, Configuration, KAryMechanism, sha256_hex

ROOT = Path(__file__).resolve().parents[2]
CLOCKED = Path(__file__).resolve().with_name("clocked.py")
ITEMS = 200
CATEGORIES = 4
EPOCH_S = 10
READY_S = 90.0


def configuration(minimum_batch: int = 50, epoch_s: int = EPOCH_S, items: int = ITEMS) -> Configuration:
    item = Collection(
        id=1, name="dwelled", kind="item_dwelled", domain_size=items, epsilon=4, epsilon_micro=3_988_985, share=3, dwell_ms=1000,
        mechanism=AffinePointMechanism(q=53, dimension=2, w=54, v=1),
    )  # fmt: skip
    category = Collection(
        id=2, name="intent", kind="category_intent", domain_size=CATEGORIES, epsilon=4, epsilon_micro=3_988_985, share=1,
        mechanism=KAryMechanism(w=54, v=1),
    )  # fmt: skip
    return Configuration(
        shop="test-shop", demo=True, epoch_s=epoch_s, draw_min_ms=0, draw_max_ms=1000, minimum_batch=minimum_batch,
        cap_epsilon=32, cap_days=90, poll_s=2, reports_url="", collections=(item, category),
    )  # fmt: skip


def countable(items: int = ITEMS, minimum_batch: int = 5) -> Configuration:
    """Two collections whose messages are the values themselves: the published counts tell how often each message was counted."""
    first, second = (
        Collection(
            id=at, name=kind, kind=kind, domain_size=items, epsilon=4, epsilon_micro=3_988_985, share=1, dwell_ms=1000,
            mechanism=KAryMechanism(w=54, v=1),
        )
        for at, kind in ((1, "item_dwelled"), (2, "item_skipped"))
    )  # fmt: skip
    return configuration(minimum_batch).model_copy(update={"collections": (first, second)})


def write_configuration(folder: Path, found: Configuration) -> tuple[Path, str]:
    path = folder / "configuration.json"
    path.write_bytes(found.to_bytes())
    return path, sha256_hex(found.to_bytes())


def relay_settings(folder: Path, configuration_file: Path, **more: object) -> dict[str, object]:
    return {
        "store": str(folder / "relay.sqlite"), "outbox": str(folder / "outbox.sqlite"),
        "configurations": [{"file": str(configuration_file), "key_ids": [1]}], "close_grace_s": 0, "close_check_s": 0.05, **more,
    }  # fmt: skip


@contextlib.contextmanager
def running(
    module: str, settings: dict[str, object], folder: Path, stop_gently: bool = True, clock: Path | None = None
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A real process and its address. With `clock` its time is what that file says (clocked.py)."""
    process, log = start(module, settings, folder, clock)
    try:
        yield process, address_of(process, log)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        if not stop_gently:
            process.kill()
        process.wait(20)


def start(
    module: str, settings: dict[str, object], folder: Path, clock: Path | None = None, name: str = ""
) -> tuple[subprocess.Popen[bytes], Path]:
    """A real process and its log."""
    name = name or module.rsplit(".", 1)[-1]
    config, log = folder / f"{name}.json", folder / f"{name}.{time.monotonic_ns()}.log"
    config.write_text(json.dumps(settings))
    words = ["-m", module] if clock is None else [str(CLOCKED), module, str(clock)]
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, *words, "--config", str(config), "--stop-on-stdin-eof"],
            stdin=subprocess.PIPE, stdout=sink, stderr=subprocess.STDOUT, cwd=ROOT,
        )  # fmt: skip
    return process, log


def address_of(process: subprocess.Popen[bytes], log: Path) -> str:
    waited = 0.0  # in turns: a machine that was suspended does not use up the time
    while waited < READY_S:
        for line in log.read_text().splitlines():
            if line.startswith("listening on "):
                return line.removeprefix("listening on ")
        assert process.poll() is None, log.read_text()
        time.sleep(0.05)
        waited += 0.05
    raise AssertionError(f"not ready after {READY_S} s: {log.read_text()}")


def post(client: httpx.Client, path: str, body: bytes, **headers: str) -> httpx.Response:
    return client.post(path, content=body, headers={"content-type": "text/plain", **headers})
