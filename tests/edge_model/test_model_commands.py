"""`intently model export` and `audit` on a run directory, and what they refuse."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from contracts import IntentlyError
from edge_model import Run
from intently.commands.model_export import making_of, read_counts, storage_of


def command(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "intently", "model", *map(str, words)], capture_output=True, text=True, timeout=240
    )


def test_export_says_what_it_weighs(run: Run, tmp_path: Path) -> None:
    done = command("export", run.directory, "--out", tmp_path / "out", "--format", "pq", "--codes", "8", "--json")
    assert done.returncode == 0, done.stderr
    card = json.loads(done.stdout)["export"]
    assert card["storage"]["codes"] == 8
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["export_card.json", "feature_spec.json", "model.onnx"]
    refused = command("export", run.directory, "--out", tmp_path / "other", "--format", "pq", "--codes", "7")
    assert refused.returncode == 2
    assert "got 7 codes an item for vectors of 32 numbers" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "other" / "model.onnx").exists()
    absent = command("export", tmp_path / "nowhere", "--out", tmp_path / "other")
    assert absent.returncode == 2
    assert "there is no such checkpoint" in absent.stderr


def test_options_become_a_making(tmp_path: Path) -> None:
    assert storage_of("float", 8).encoder_bits is None
    making = making_of("pq", 8, 3, private=True, no_logs=False)
    assert (making.storage.codes, making.private_least, making.canaries and making.canaries.count) == (8, 20, 3)
    with pytest.raises(IntentlyError, match="want int8, pq or float"):
        storage_of("int4", 8)
    counts = tmp_path / "counts.json"
    counts.write_text("[3, 0.5, -1]")
    np.testing.assert_array_equal(read_counts(counts), [0, 3, 0.5, -1])
    for broken in ("", "{", "[]", '["a"]', "3", "[1, null]"):
        counts.write_text(broken)
        with pytest.raises(IntentlyError, match="counts"):
            read_counts(counts)
