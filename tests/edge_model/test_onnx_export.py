"""The exported file: parity with the trainer, planted faults that parity catches, what the scorer refuses."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from contracts import Event, EventType, sha256_hex
from edge_model import (
    FeatureError,
    ModelCard,
    ModelFileError,
    OnnxScorer,
    ParityError,
    Run,
    SessionLog,
    Settings,
    Trained,
    check_parity,
    export,
    load_run,
    make_run,
    relative_error,
    spec_for,
)
from edge_model.exported_model import ExportedModel
from edge_model.instances import instances_for_test
from edge_model.run_onnx import SPEC_NAME

CPU_AND_WASM = {
    "Add", "Cast", "Concat", "Div", "Equal", "GRU", "Gather", "MatMul", "Mul", "Neg", "ReduceL2", "ReduceMax", "ReduceSum",
    "Shape", "Slice", "Softmax", "Squeeze", "Transpose", "Unsqueeze",
}  # fmt: skip
"""Operators of the graph: all in the CPU build of onnxruntime-web."""


@pytest.fixture
def exported(trained: Trained, tmp_path: Path) -> Path:
    export(trained, tmp_path / "model.onnx", "simulated shop")
    (tmp_path / SPEC_NAME).write_bytes(trained.spec.to_bytes())
    return tmp_path / "model.onnx"


def planted(path: Path, name: str, change: object) -> OnnxScorer:
    """The model with initializer `name` replaced by `change(value)`."""
    model = onnx.load(path)
    for tensor in model.graph.initializer:
        if tensor.name == name:
            tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(change(numpy_helper.to_array(tensor).copy())), name))  # type: ignore[operator]
    onnx.save(model, path)
    return OnnxScorer(path)


def test_parity_on_real_prefixes(trained: Trained, exported: Path, small_log: SessionLog) -> None:
    outcome = check_parity(trained, OnnxScorer(exported), small_log, instances_for_test(small_log))
    assert outcome.prefixes == 200
    assert outcome.numbers == 200 * (600 + 32)
    assert outcome.max_relative_error <= 1e-5


def swap_gates(value: np.ndarray) -> np.ndarray:
    z, r, h = np.split(value, 3, axis=1)
    return np.concatenate([r, z, h], axis=1)


def nudge(value: np.ndarray) -> np.ndarray:
    value.reshape(-1)[value.size // 2] += 0.01
    return value


FAULTS = [
    ("gru_w", swap_gates),
    ("gru_r", swap_gates),
    ("gru_b", nudge),
    ("item_vectors", nudge),
    ("dwell_bucket_vectors", lambda value: value[::-1]),
    ("event_type_vectors", lambda value: value[::-1]),
    ("inverse_temperature", lambda value: value * np.float32(1.0001)),
    ("query", lambda value: value * np.float32(1.01)),
    ("position", lambda value: value[::-1]),
    ("repeat_basis", lambda value: value[:, ::-1]),
    ("repeat_count", lambda value: value[::-1]),
    ("repeat_gate", lambda value: value[:, ::-1]),
    ("repeat_gate_bias", nudge),
    ("order", lambda value: value[::-1]),
]


@pytest.mark.parametrize(("name", "change"), FAULTS, ids=[f"{name}-{change.__name__}" for name, change in FAULTS])
def test_parity_catches_a_planted_fault(
    trained: Trained, exported: Path, small_log: SessionLog, name: str, change: object
) -> None:
    with pytest.raises(ParityError, match="do not ship this file"):
        check_parity(trained, planted(exported, name, change), small_log, instances_for_test(small_log))


def test_the_graph_is_plain_and_tells_what_it_is(trained: Trained, exported: Path) -> None:
    model = onnx.load(exported)
    assert {node.op_type for node in model.graph.node} == CPU_AND_WASM
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 18)]
    assert [entry.name for entry in model.graph.input] == ["item", "event_type", "dwell_bucket", "candidates"]
    assert [entry.name for entry in model.graph.output] == ["session_embedding", "scores"]
    table = sha256_hex(trained.item_vectors.tobytes())
    assert OnnxScorer(exported).metadata == {
        "intently.format": "float", "intently.item_table_sha256": table,
        "intently.feature_spec_sha256": sha256_hex(trained.spec.to_bytes()), "intently.items": "600", "intently.dim": "32",
        "intently.length": "8", "intently.trained_on": "simulated shop", "intently.version": "1",
    }  # fmt: skip


def test_exporting_twice_gives_the_same_bytes(trained: Trained, tmp_path: Path) -> None:
    assert export(trained, tmp_path / "a.onnx", "x") == export(trained, tmp_path / "b.onnx", "x")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.onnx", "b.onnx"]


def test_scores_of_events(exported: Path, small_log: SessionLog) -> None:
    scorer = OnnxScorer(exported)
    events = small_log.session(small_log.train_count)
    scores = scorer.score(events[:2], [5, 1, 600])
    assert scores.shape == (3,)
    assert scores.dtype == np.float32
    assert np.linalg.norm(scorer.embed(events[:2])) == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(scorer.score(events[:2], [600, 5])[::-1], scores[[0, 2]])
    assert not np.allclose(scores, scorer.score(events[1:3], [5, 1, 600]))
    unknown = Event(type=EventType.VIEW_ITEM, item=601, time_ms=0)
    assert np.all(np.isfinite(scorer.score([unknown], [1])))


def test_the_evaluated_scores_are_those_of_events(exported: Path, small_log: SessionLog) -> None:
    wanted = instances_for_test(small_log).newest(5)
    scores = ExportedModel(OnnxScorer(exported), small_log).score(wanted)
    for n in range(5):
        events = small_log.session(int(wanted.session[n]))[: int(wanted.prefix[n])]
        exact = OnnxScorer(exported).score(events, range(1, 601))
        np.testing.assert_allclose(scores[n], exact, atol=1e-5 * np.abs(exact).max(), rtol=0)


def test_vectors_that_are_not_the_files_are_noticed(exported: Path, small_log: SessionLog) -> None:
    model = ExportedModel(OnnxScorer(exported), small_log)
    model.scaled_vectors[3] *= 1.001
    with pytest.raises(ParityError, match="not of this exporter"):
        model.score(instances_for_test(small_log).newest(1))


def test_the_scorer_refuses(exported: Path, small_log: SessionLog, tmp_path: Path) -> None:
    scorer = OnnxScorer(exported)
    with pytest.raises(FeatureError, match="show the pool's order"):
        scorer.score([], [1])
    with pytest.raises(FeatureError, match="the model knows items 1 to 600"):
        scorer.score(small_log.session(0), [601])
    with pytest.raises(ModelFileError, match="use the two files of one run"):
        OnnxScorer(exported, spec_for(small_log, 9))
    exported.write_bytes(exported.read_bytes()[:500])
    with pytest.raises(ModelFileError, match="onnxruntime cannot open it"):
        OnnxScorer(exported)
    (tmp_path / SPEC_NAME).unlink()
    with pytest.raises(ModelFileError, match="no feature spec beside"):
        OnnxScorer(exported)


def test_a_log_without_signals_gives_a_model_of_items_alone(small_log: SessionLog, quick: Settings, tmp_path: Path) -> None:
    from dataclasses import replace

    views = small_log.event_types == small_log.event_types[0]
    before = np.concatenate([[0], np.cumsum(views)])
    bare = replace(
        small_log, items=small_log.items[views], event_types=small_log.event_types[views], offsets=before[small_log.offsets],
        dwell_ms=np.zeros(int(views.sum()), np.int32),
    )  # fmt: skip
    run = make_run(bare, tmp_path, quick.model_copy(update={"epochs": 1}), evaluated_most=50)
    assert [part.name for part in run.spec.inputs] == ["item"]
    assert run.card.parity_max_relative_error <= 1e-5


def test_a_run_directory_is_complete_and_reads_back(run: Run) -> None:
    names = sorted(path.name for path in run.directory.iterdir())
    assert names == ["feature_spec.json", "items.json", "model.onnx", "model_card.json", "trained.npz"]
    assert len(json.loads((run.directory / "items.json").read_text())) == run.spec.items
    card = ModelCard.from_bytes((run.directory / "model_card.json").read_bytes())
    assert card == run.card == load_run(run.directory).card
    assert card.model_sha256 == sha256_hex(run.model_path.read_bytes())
    assert card.simulated
    assert card.source == "simulated sessions"


def test_a_run_without_its_card_is_unfinished(run: Run, tmp_path: Path) -> None:
    for name in ("feature_spec.json", "model.onnx"):
        (tmp_path / name).write_bytes((run.directory / name).read_bytes())
    with pytest.raises(ModelFileError, match="did not finish"):
        load_run(tmp_path)


def test_relative_error_is_infinite_for_what_is_no_number() -> None:
    assert relative_error([1, 2], [1, 2]) == 0
    assert relative_error([1, 2.2], [1, 2]) == pytest.approx(0.1)
    assert relative_error([float("nan")], [1]) == float("inf")
    assert relative_error([1, 2], [1]) == float("inf")
