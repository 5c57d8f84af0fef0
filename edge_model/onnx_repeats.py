"""The repeat term of `repeats` as ONNX nodes, for one prefix of T events: gains of its items, then of the candidates."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper

from edge_model.weights import COUNTS, Weights


def repeat_constants(weights: Weights) -> dict[str, np.ndarray]:
    """Initializers; what goes by events ago is stored oldest first, so that T events read the last T entries."""
    length = weights["repeat_basis"].shape[1]
    by_count = np.minimum(np.maximum(np.arange(length + 1), 1), COUNTS) - 1
    return {
        "repeat_gate": weights["repeat_gate"],
        "repeat_gate_bias": weights["repeat_gate_bias"],
        "repeat_basis": weights["repeat_basis"][:, ::-1],  # [K, L]
        "repeat_count": weights["repeat_count"][by_count],  # [L + 1], by occurrences
        "order": np.arange(length, dtype=np.float32),
    }


def repeat_nodes() -> list[onnx.NodeProto]:
    """From `readout` [1, F], `item` [T], `candidates` [C] and `first` (-T, int64 [1]) to `gain` [C]."""
    node = helper.make_node
    return [
        node("MatMul", ["readout", "repeat_gate"], ["gate_product"]),  # [1, K]
        node("Add", ["gate_product", "repeat_gate_bias"], ["gate"]),
        node("Slice", ["repeat_basis", "first", "end", "axis_1"], ["basis"]),  # [K, T]
        node("MatMul", ["gate", "basis"], ["gate_gain"]),  # [1, T]
        node("Unsqueeze", ["item", "axis_0"], ["seen"]),  # [1, T]
        node("Unsqueeze", ["item", "axis_1"], ["seen_column"]),  # [T, 1]
        node("Equal", ["seen_column", "seen"], ["is_same"]),
        node("Cast", ["is_same"], ["same"], to=onnx.TensorProto.FLOAT),  # [T, T]
        node("ReduceSum", ["same", "axis_0"], ["occurrences"], keepdims=1),  # [1, T]
        node("Cast", ["occurrences"], ["occurrence_count"], to=onnx.TensorProto.INT64),
        node("Gather", ["repeat_count", "occurrence_count"], ["count_gain"]),  # [1, T]
        node("Slice", ["order", "first", "end", "axis_0"], ["order_of_events"]),  # [T]
        node("Unsqueeze", ["order_of_events", "axis_1"], ["order_column"]),  # [T, 1]
        node("Mul", ["same", "order_column"], ["order_of_same"]),  # [T, T]
        node("ReduceMax", ["order_of_same", "axis_0"], ["order_of_last"], keepdims=1),  # [1, T]
        node("Equal", ["order_of_last", "order_of_events"], ["is_last"]),  # [1, T]
        node("Cast", ["is_last"], ["last_mask"], to=onnx.TensorProto.FLOAT),
        node("Add", ["gate_gain", "count_gain"], ["every_gain"]),
        node("Mul", ["every_gain", "last_mask"], ["seen_gain"]),  # [1, T]
        node("Squeeze", ["seen_gain", "axis_0"], ["gain_of_event"]),  # [T]
        node("Unsqueeze", ["candidates", "axis_1"], ["candidate_column"]),  # [C, 1]
        node("Equal", ["candidate_column", "seen"], ["is_seen"]),  # [C, T]
        node("Cast", ["is_seen"], ["seen_mask"], to=onnx.TensorProto.FLOAT),
        node("MatMul", ["seen_mask", "gain_of_event"], ["gain"]),  # [C]
    ]
