"""What `pip install` gives: a wheel with the built JavaScript, from which a bundle is made on a machine without Node."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from browser_runtime import build_bundle, read_bundle

ROOT = Path(__file__).resolve().parents[2]
KEY = "ab" * 32


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, unpacked as an installer does."""
    folder = tmp_path_factory.mktemp("wheel")
    words = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def bundle_from(site: Path, out: Path) -> subprocess.CompletedProcess[str]:
    """`intently bundle build` of the unpacked wheel alone, with no program to be found."""
    words = [sys.executable, "-m", "intently", "bundle", "build", "--out", str(out), "--release-key", KEY, "--shop", "wool"]
    env = {"PATH": "", "PYTHONPATH": str(site), "HOME": os.environ.get("HOME", str(out)), "PYTHONSAFEPATH": "1"}
    return subprocess.run(words, cwd=site, env=env, capture_output=True, text=True, timeout=120)


def test_a_wheel_bundles_without_node_what_a_checkout_does(site: Path, tmp_path: Path) -> None:
    done = bundle_from(site, tmp_path / "wheel")
    assert done.returncode == 0, done.stderr
    build_bundle(tmp_path / "checkout", release_key=KEY, shop="wool", demo=False)
    assert read_bundle(tmp_path / "wheel").files == read_bundle(tmp_path / "checkout").files


def test_a_wheel_without_a_script_names_what_is_missing(site: Path, tmp_path: Path) -> None:
    script = site / "browser_runtime" / "built" / "intently-worker.js"
    held = script.read_bytes()
    script.unlink()
    try:
        done = bundle_from(site, tmp_path / "out")
    finally:
        script.write_bytes(held)
    assert done.returncode == 2
    assert "carries no built JavaScript" in " ".join(done.stderr.split())
    assert not (tmp_path / "out").exists()
