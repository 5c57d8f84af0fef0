"""Codes and model trained together: within the bits, exact against the file, and better than codes alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edge_model import OnnxScorer, SessionLog, Trained, check_parity, export
from edge_model.checkpoint import occurrences_in
from edge_model.float_model import FloatModel
from edge_model.instances import instances_for_test
from edge_model.joint_codes import Joint, train_jointly
from edge_model.quantization import CodeTable, Quantized, Storage, quantize
from edge_model.quantization.codebook import bits_of
from edge_model.run_onnx import SPEC_NAME

STORAGE = Storage(format="pq", codes=8, item_bits=20.0)


def surprise(model: Trained, log: SessionLog) -> float:
    """Mean of -ln softmax of the test targets."""
    wanted = instances_for_test(log)
    scores = FloatModel(model.weights, model.spec, model.settings.temperature, log).score(wanted).astype(np.float64)
    own = scores[np.arange(len(wanted)), wanted.target - 1]
    return float(np.mean(np.log(np.exp(scores - own[:, None]).sum(axis=1))))


def test_joint_training_beats_codes_alone(trained: Trained, small_log: SessionLog, tmp_path: Path) -> None:
    occurrences = occurrences_in(small_log, 600)
    alone = quantize(trained, STORAGE, occurrences)
    seen: list[int] = []

    def report(step: int, model: Quantized, loss: float) -> None:
        seen.append(step)
        assert np.isfinite(loss)

    joint = train_jointly(trained, STORAGE, occurrences, small_log, Joint(epochs=2, learning_rate=4e-3, every=20), None, report)
    assert isinstance(joint.table, CodeTable)
    assert sum(bits_of(codes)[codes].mean() for codes in joint.table.codes.T) <= 20.0 * 1.011
    assert seen == sorted(seen)
    assert len(seen) > 2
    assert surprise(joint.trained, small_log) < surprise(alone.trained, small_log) - 0.02
    export(joint, tmp_path / "model.onnx", "x")
    (tmp_path / SPEC_NAME).write_bytes(trained.spec.to_bytes())
    check_parity(joint.trained, OnnxScorer(tmp_path / "model.onnx"), small_log, instances_for_test(small_log), 20)
