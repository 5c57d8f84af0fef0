"""Two probabilities beside the ranking: that the shopper leaves now, and that they will still buy in this session.

Each is a logistic function of the encoder's readout (what `out` reads), fitted after the encoder by Newton's method with a small
ridge, then scaled on newer sessions so that it means what it says (Platt scaling: Platt 1999; Guo, Pleiss, Sun and Weinberger,
ICML 2017, on why). `leave`: the event is the last of its session, so every log has the label, cut by how the log cut sessions.
`purchase`: a purchase follows in the same session; only where the log has purchases.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper

from contracts import EventType
from contracts.record import Record
from edge_model.calibration import auc, calibration_error
from edge_model.features import EVENT_TYPES, encode_many
from edge_model.instances import Int64, columns_of
from edge_model.onnx_export import exported_bytes
from edge_model.quantization import Quantized
from edge_model.session_log import SessionLog
from edge_model.training import Trained
from edge_model.weights import Float32

PREFIXES = 30_000
"""Newest train prefixes that a head is fitted on."""
SCALED_ON = 0.2
"""Newest share of them that the scaling is fitted on."""
LEAST_OF_EACH = 20
"""Prefixes with and without the event, below which there is no head."""
RIDGE = 1e-3
"""Weight of the squared coefficients of standardized readouts, per prefix."""

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class HeadQuality(Record):
    """How good one head is on test sessions."""

    auc: float
    calibration_error: float
    share: float
    prefixes: int


@dataclass(frozen=True)
class Prefixes:
    """Prefix n: the first `prefix[n]` events of the spec's types of session `session[n]`, and what came after."""

    session: Int64
    prefix: Int64
    labels: dict[str, Bools]

    def part(self, chosen: slice) -> Prefixes:
        """Some of them."""
        return Prefixes(self.session[chosen], self.prefix[chosen], {name: values[chosen] for name, values in self.labels.items()})


def prefixes(log: SessionLog, trained: Trained, first: int, last: int, most: int) -> Prefixes:
    """The newest `most` prefixes of sessions first..last-1 with their labels."""
    wanted = np.array([kind in trained.spec.event_types for kind in EVENT_TYPES])[log.event_types]
    begin, end = int(log.offsets[first]), int(log.offsets[last])
    session = np.repeat(np.arange(first, last), np.diff(log.offsets[first : last + 1]))
    counted = np.concatenate([[0], np.cumsum(wanted)])
    prefix = counted[begin + 1 : end + 1] - counted[log.offsets[session]]
    labels = {"leave": np.arange(begin + 1, end + 1) == log.offsets[session + 1]}
    bought = log.event_types[begin:end] == EVENT_TYPES.index(EventType.PURCHASE)
    if bought.any():
        so_far = np.concatenate([[0], np.cumsum(bought)])
        labels["purchase"] = so_far[log.offsets[session + 1] - begin] > so_far[1:]
    kept = np.flatnonzero(wanted[begin:end])[-most:]
    return Prefixes(session[kept], prefix[kept], {name: values[kept] for name, values in labels.items()})


def with_heads(trained: Trained, log: SessionLog, most: int = PREFIXES) -> Trained:
    """The model with a head for each event that the log has labels for: weights `leave_head` [F], `leave_head_bias` [1], ..."""
    found = prefixes(log, trained, 0, log.train_count, most)
    read = readouts(trained, log, found)
    cut = round(len(read) * (1 - SCALED_ON))
    heads: dict[str, Float32] = {}
    for name, happened in found.labels.items():
        if min(happened[:cut].sum(), (~happened[:cut]).sum(), happened[cut:].sum(), (~happened[cut:]).sum()) < LEAST_OF_EACH:
            continue
        coefficients, bias = fit_logistic(read[:cut], happened[:cut])
        slope, shift = fit_logistic((read[cut:] @ coefficients + bias)[:, None], happened[cut:])
        heads[name + "_head"] = (slope[0] * coefficients).astype(np.float32)
        heads[name + "_head_bias"] = np.array([slope[0] * bias + shift], np.float32)
    return replace(trained, weights=trained.weights | heads)


def fit_logistic(inputs: Floats, happened: Bools, rounds: int = 25) -> tuple[Floats, float]:
    """(coefficients [F], bias) of most likelihood under a ridge on standardized inputs [n, F]."""
    mean, spread = inputs.mean(axis=0), np.maximum(inputs.std(axis=0), 1e-8)
    x = np.column_stack([(inputs - mean) / spread, np.ones(len(inputs))])
    ridge = np.full(x.shape[1], RIDGE * len(x))
    ridge[-1] = 0
    weights = np.zeros(x.shape[1])
    for _ in range(rounds):
        chance = 1 / (1 + np.exp(-np.clip(x @ weights, -30, 30)))
        gradient = x.T @ (chance - happened) + ridge * weights
        curvature = (x * (chance * (1 - chance))[:, None]).T @ x + np.diag(ridge + 1e-9)
        step = np.linalg.solve(curvature, gradient)
        weights -= step
        if np.abs(step).max() < 1e-6:
            break
    coefficients = weights[:-1] / spread
    return coefficients, float(weights[-1] - coefficients @ mean)


def readouts(what: Trained | Quantized, log: SessionLog, wanted: Prefixes) -> Floats:
    """What the file's own graph reads out after each prefix, float64 [n, F]."""
    return outputs(what, log, wanted, "readout")


def outputs(what: Trained | Quantized, log: SessionLog, wanted: Prefixes, name: str) -> Floats:
    """Tensor `name` of the exported graph after each prefix, flat, float64 [n, ...]."""
    model = ModelProto.FromString(exported_bytes(what, log.name))
    if name not in [output.name for output in model.graph.output]:
        model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    spec = (what.trained if isinstance(what, Quantized) else what).spec
    padded, lengths = encode_many(spec, columns_of(spec, log), wanted.session, wanted.prefix)
    candidates = np.ones(1, np.int32)
    rows = [
        session.run([name], {part: values[n, :length] for part, values in padded.items()} | {"candidates": candidates})[0]
        for n, length in enumerate(lengths)
    ]
    return np.stack([row.reshape(-1) for row in rows]).astype(np.float64)


def head_quality(what: Trained | Quantized, log: SessionLog, most: int = 10_000) -> dict[str, HeadQuality]:
    """Each head of the exported file on the newest `most` test prefixes, by name."""
    trained = what.trained if isinstance(what, Quantized) else what
    wanted = prefixes(log, trained, log.train_count, log.session_count, most)
    found = {}
    for name, happened in wanted.labels.items():
        if name + "_head" not in trained.weights or not 0 < happened.sum() < len(happened):
            continue
        chance = outputs(what, log, wanted, name + "_probability")[:, 0]
        found[name] = HeadQuality(
            auc=auc(chance[happened], chance[~happened]),
            calibration_error=calibration_error(chance, happened),
            share=float(happened.mean()),
            prefixes=len(happened),
        )
    return found
