"""A model that reads signals: trained, exported, quantized and packed for the kernel like any other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from browser_runtime import pack_model
from contracts import EventType, Series, SignalInput
from edge_model import OnnxScorer, ParityError, SessionLog, Settings, Trained, check_parity, export, newest, spec_for, train
from edge_model.float_model import FloatModel
from edge_model.instances import instances_for_test
from edge_model.quantization import Storage, quantize
from edge_model.quantization.rotation import turned
from edge_model.run_onnx import SPEC_NAME
from edge_model.weights import Weights

VIEW = EventType.VIEW_ITEM
SEEN = SignalInput(name="signal_seen", of=Series(signal="event", types=(VIEW,), same_item=True), window=20, edges=(1.5, 2.5))
DWELT = SignalInput(name="signal_dwelt", of=Series(signal="dwell_ms", types=(VIEW,)), decay=0.5, edges=(3e3, 1e4, 3e4))


@pytest.fixture(scope="module")
def log(small_log: SessionLog) -> SessionLog:
    return newest(small_log, sessions=300, items=200)


@pytest.fixture(scope="module")
def with_signals(log: SessionLog, quick: Settings) -> Trained:
    short = quick.model_copy(update={"epochs": 1, "finish_epochs": 0, "epoch_steps": 1, "time_budget_s": 600.0})
    return train(log, short, signals=(SEEN, DWELT))


def test_its_tables_are_trained(with_signals: Trained) -> None:
    assert with_signals.spec.version == 2
    assert [part.name for part in with_signals.spec.inputs][-2:] == ["signal_seen", "signal_dwelt"]
    assert with_signals.weights["signal_dwelt"].shape == (4, with_signals.settings.dim)


def test_the_exported_file_computes_it(with_signals: Trained, log: SessionLog, tmp_path: Path) -> None:
    export(with_signals, tmp_path / "model.onnx", "simulated shop")
    (tmp_path / SPEC_NAME).write_bytes(with_signals.spec.to_bytes())
    scorer = OnnxScorer(tmp_path / "model.onnx")
    check_parity(with_signals, scorer, log, instances_for_test(log))
    changed: Weights = {**with_signals.weights, "signal_seen": with_signals.weights["signal_seen"] + 0.5}
    other = Trained(changed, with_signals.spec, with_signals.settings, (), 0.0, 0, "planted fault")
    with pytest.raises(ParityError):
        check_parity(other, scorer, log, instances_for_test(log))


def test_the_kernel_takes_it(with_signals: Trained, log: SessionLog, tmp_path: Path) -> None:
    stored = quantize(with_signals, Storage(format="int8"), np.ones(log.item_count + 1, np.int64))
    data = export(stored, tmp_path / "model.onnx", "simulated shop")
    items = log.item_count
    assert len(pack_model(data, range(1, items + 1), [0] * (items + 1)).head) > 1_000


def test_a_turned_model_turns_the_tables_of_signals(with_signals: Trained, log: SessionLog) -> None:
    dim = with_signals.settings.dim
    rotation = np.linalg.qr(np.random.default_rng(1).normal(size=(dim, dim)))[0].astype(np.float32)

    def scores(weights: Weights) -> np.ndarray:
        wanted = instances_for_test(log).newest(50)
        return FloatModel(weights, with_signals.spec, with_signals.settings.temperature, log).score(wanted)

    there = turned(with_signals.weights, rotation)
    np.testing.assert_allclose(scores(there), scores(with_signals.weights), atol=5e-5)
    forgotten = there | {"signal_seen": with_signals.weights["signal_seen"]}
    assert np.abs(scores(forgotten) - scores(with_signals.weights)).max() > 1e-3


def test_a_spec_without_signals_stays_version_1(small_log: SessionLog) -> None:
    assert spec_for(small_log, 8).version == 1
    assert b"signal" not in spec_for(small_log, 8).to_bytes()
