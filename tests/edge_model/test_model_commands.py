"""`intently model export` and `audit` on a run directory, and what they refuse."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from contracts import EventType, IntentlyError, Series, SignalInput
from edge_model import Run, SessionLog, Settings, load_run, make_run, newest
from intently.commands.model_export import making_of, read_counts, read_signals, storage_of


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


def test_signals_come_from_a_list_and_a_fault_has_a_place(tmp_path: Path) -> None:
    path = tmp_path / "signals.json"
    one = {"name": "signal_seen", "of": {"signal": "event", "types": ["view_item"], "same_item": True}, "edges": [1.5, 2.5]}
    path.write_text(json.dumps([one]))
    [found] = read_signals(path)
    assert (found.name, found.edges, found.window) == ("signal_seen", (1.5, 2.5), 20)
    assert read_signals(None) == ()
    for broken, says in (
        ("[]", "got 0 signals"),
        (json.dumps([one, one]), "each with a name of its own"),
        (json.dumps([one | {"edges": [2, 1]}]), r"signals.json: 0: .*ascending"),
        ("{", "the file: Invalid JSON"),
    ):
        path.write_text(broken)
        with pytest.raises(IntentlyError, match=says):
            read_signals(path)
    with pytest.raises(IntentlyError, match="No such file"):
        read_signals(tmp_path / "absent.json")


def test_train_takes_signals_into_the_spec(small_log: SessionLog, tmp_path: Path) -> None:
    log = newest(small_log, sessions=120, items=60)
    one = SignalInput(name="signal_seen", of=Series(signal="event", types=(EventType.VIEW_ITEM,)), edges=(1.5, 2.5))
    settings = Settings(dim=8, hidden=8, attention=8, epochs=1, finish_epochs=0, epoch_steps=1)
    made = make_run(log, tmp_path, settings, evaluated_most=20, signals=(one,))
    assert (made.spec.version, made.spec.signals) == (2, (one,))
    assert load_run(tmp_path).spec.signals == (one,)
