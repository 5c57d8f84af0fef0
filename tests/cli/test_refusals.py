"""Bad input: one sentence on standard error, exit code 2, no traceback, nothing half-written."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

Result = subprocess.CompletedProcess[str]


def intently(*words: str, **environment: str) -> Result:
    return subprocess.run(
        [sys.executable, "-m", "intently", *words],
        capture_output=True, text=True, timeout=120, env={**os.environ, **environment},
    )  # fmt: skip


def refused(result: Result, *said: str) -> None:
    assert result.returncode == 2, result.stderr
    assert "Traceback" not in result.stderr
    last = result.stderr.strip().splitlines()[-1]
    assert last.startswith("intently: "), result.stderr
    for words in said:
        assert words in last, last


def demo(tmp_path: Path, *words: str) -> Result:
    return intently("demo", "--workspace", str(tmp_path / "demo"), "--training-s", "1", *words)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("absent.csv", None, "absent.csv"),
        ("empty.csv", b"", "empty.csv"),
        ("columns.csv", b"a,b,c\n1,2,3\n", "session, item, time"),
        ("one.csv", b"session,item,time\n1,7,1\n", "session"),
        ("broken.npz", b"PK\x03\x04 not a zip", "broken.npz"),
        ("broken.parquet", b"PAR1 nothing PAR1", "broken.parquet"),
        ("log.txt", b"hello", "log.txt"),
    ],
)
def test_demo_with_a_log_that_cannot_be_used(tmp_path: Path, name: str, content: bytes | None, said: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    refused(demo(tmp_path, "--data", str(path)), said)
    assert not (tmp_path / "demo" / "public").exists()


def test_port_in_use(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused(demo(tmp_path, "--port", str(port)), f"port {port}", "--port")


def test_chromium_that_does_not_start() -> None:
    found = subprocess.run(
        [sys.executable, "-m", "intently.chromium"],
        capture_output=True, text=True, env={**os.environ, "INTENTLY_CHROMIUM": "/nowhere/chromium"},
    )  # fmt: skip
    refused(found, "INTENTLY_CHROMIUM", "/nowhere/chromium")


def test_public_folder_that_is_none(tmp_path: Path) -> None:
    refused(intently("audit", "budget", str(tmp_path)), "manifest.json")
    refused(intently("audit", "verify", str(tmp_path), "--release-key", "ab" * 32), str(tmp_path))
    refused(intently("audit", "verify", str(tmp_path), "--release-key", "xy"), "release key")
    refused(intently("pool", "inspect", str(tmp_path)), "manifest.json")


def test_settings_with_an_unknown_key(tmp_path: Path) -> None:
    config = tmp_path / "relay.json"
    known = '"configurations": [{"file": "c.json", "key_ids": [1]}], "outbox": "o.sqlite"'
    config.write_text(f'{{"store": "relay.sqlite", {known}, "nonsense": 1}}')
    refused(intently("relay", "--config", str(config)), "nonsense")


def test_bundle_for_a_malformed_key(tmp_path: Path) -> None:
    refused(intently("bundle", "build", "--out", str(tmp_path / "b"), "--release-key", "12", "--shop", "demo"), "release key")
    assert not (tmp_path / "b").exists()


def test_catalogue_with_a_sku_twice(tmp_path: Path) -> None:
    item = '{"sku":"a","name":"A","category":0,"price_minor":1,"thumbnail":""}'
    path = tmp_path / "catalogue.json"
    path.write_text(f'{{"shop":"demo","currency":"EUR","categories":[],"items":[{item},{item}]}}')
    refused(intently("catalog", "check", str(path)), "'a' stands twice")


def test_version_is_one_line() -> None:
    found = intently("--version")
    assert found.returncode == 0
    assert found.stdout.startswith("intently ")
    assert len(found.stdout.splitlines()) == 1
