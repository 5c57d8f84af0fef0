"""A model of the family with weights drawn from a seed, of any size: for golden vectors, tests of bytes and speed.

The graph is the one that `edge_model` exports: a GRU over the events, attention with a bias by position, cosines over an item
table, and what an item gets for where it occurred last in the session. Heads and biases of items are optional.
Letters: N items, d dim, H hidden, A attention, L length, M codes an item.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Arrays = dict[str, NDArray[Any]]
_FOR_EVER = 2**63 - 1


@dataclass(frozen=True)
class Sizes:
    """Of a sample. `codes` 0: int8 rows."""

    items: int = 43_000
    dim: int = 64
    hidden: int = 96
    attention: int = 64
    length: int = 20
    codes: int = 0
    heads: bool = True
    item_bias: bool = False
    inputs: tuple[str, ...] = ("event_type", "dwell_bucket")


def sample_model(sizes: Sizes, seed: int = 0) -> bytes:
    """The ONNX file."""
    rng = np.random.default_rng(seed)
    constants = _encoder(sizes, rng) | _table(sizes, rng)
    nodes = [*_table_nodes(sizes), *_encoder_nodes(sizes), *_score_nodes(sizes)]
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT32, ["T"]) for name in ("item", *sizes.inputs)]
    inputs.append(helper.make_tensor_value_info("candidates", TensorProto.INT32, ["C"]))
    outputs = [
        helper.make_tensor_value_info("session_embedding", TensorProto.FLOAT, [sizes.dim]),
        helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["C"]),
    ]
    for head in ("purchase", "leave") if sizes.heads else ():
        constants |= {head + "_w": _grid(rng, (2 * sizes.hidden + sizes.dim, 1), 0.1), head + "_b": _grid(rng, (1,), 0.1)}
        nodes += _head_nodes(head)
        outputs.append(helper.make_tensor_value_info(head + "_probability", TensorProto.FLOAT, [1]))
    held = [numpy_helper.from_array(np.ascontiguousarray(value), name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "sample", inputs, outputs, initializer=held)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    helper.set_model_props(model, {"intently.length": str(sizes.length), "intently.items": str(sizes.items)})
    onnx.checker.check_model(model, full_check=True)
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def _grid(rng: np.random.Generator, shape: tuple[int, ...], sd: float) -> NDArray[np.float32]:
    """Whole multiples of 1/256, exact in float16."""
    return (np.rint(rng.normal(0, sd, shape) * 256) / 256).astype(np.float32)


def _encoder(s: Sizes, rng: np.random.Generator) -> Arrays:
    d, hidden, readout = s.dim, s.hidden, 2 * s.hidden + s.dim
    arrays: Arrays = {
        "input_scale": np.array(d**0.5, np.float32),
        "inverse_temperature": np.array(12, np.float32),
        "gru_w": _grid(rng, (1, 3 * hidden, d), d**-0.5),
        "gru_r": _grid(rng, (1, 3 * hidden, hidden), hidden**-0.5),
        "gru_b": _grid(rng, (1, 6 * hidden), 0.1),
        "query": _grid(rng, (hidden, s.attention), 0.1),
        "key": _grid(rng, (hidden, s.attention), 0.1),
        "out": _grid(rng, (readout, d), 0.1),
        "position": _grid(rng, (s.length,), 0.5),
        "repeat_gate": _grid(rng, (readout, 3), 0.3),
        "repeat_gate_bias": _grid(rng, (1, 3), 0.3),
        "repeat_basis": _grid(rng, (3, s.length), 1),
        "repeat_count": _grid(rng, (s.length + 1,), 1),
        "order": np.arange(s.length, dtype=np.float32),
        "axis_0": np.array([0]),
        "axis_1": np.array([1]),
        "axes_1_2": np.array([1, 2]),
        "end": np.array([_FOR_EVER]),
    }
    return arrays | {name + "_vectors": _grid(rng, (6, d), 0.5) for name in s.inputs}


def _table(s: Sizes, rng: np.random.Generator) -> Arrays:
    rows = s.items + 1
    arrays: Arrays = {"item_axis": np.array([1])}
    if s.item_bias:
        arrays |= {
            "item_bias_int8": rng.integers(-100, 101, rows).astype(np.int8),
            "item_bias_unit": np.array(0.015625, np.float32),
        }
    if not s.codes:
        return arrays | {"item_rows": _int8(rng, (rows, s.dim))}
    return arrays | {
        "item_codes": rng.integers(0, 256, (rows, s.codes)).astype(np.uint8),
        "item_centroids": _int8(rng, (s.codes, 256, s.dim // s.codes)),
        "item_part": (np.arange(s.codes) * 256).astype(np.int32),
        "item_centroid_shape": np.array([s.codes * 256, s.dim // s.codes]),
        "item_row_shape": np.array([rows, s.dim]),
    }


def _int8(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.int8]:
    return np.clip(np.rint(rng.normal(0, 40, shape)), -127, 127).astype(np.int8)


def _table_nodes(s: Sizes) -> list[onnx.NodeProto]:
    node = helper.make_node
    decoded = [
        node("Reshape", ["item_centroids", "item_centroid_shape"], ["item_parts"]),
        node("Cast", ["item_codes"], ["item_codes_32"], to=TensorProto.INT32),
        node("Add", ["item_codes_32", "item_part"], ["item_places"]),
        node("Gather", ["item_parts", "item_places"], ["item_pieces"]),
        node("Reshape", ["item_pieces", "item_row_shape"], ["item_rows"]),
    ]
    biases = [
        node("Cast", ["item_bias_int8"], ["item_bias_float"], to=TensorProto.FLOAT),
        node("Mul", ["item_bias_float", "item_bias_unit"], ["item_bias"]),
    ]
    return [
        *(decoded if s.codes else ()),
        *(biases if s.item_bias else ()),
        node("Cast", ["item_rows"], ["item_rows_float"], to=TensorProto.FLOAT),
        node("ReduceL2", ["item_rows_float", "item_axis"], ["item_lengths"], keepdims=1),
        node("Div", ["item_rows_float", "item_lengths"], ["item_vectors"]),
    ]


def _encoder_nodes(s: Sizes) -> list[onnx.NodeProto]:
    node = helper.make_node
    nodes = [node("Gather", ["item_vectors", "item"], ["rows"]), node("Mul", ["rows", "input_scale"], ["x_item"])]
    x = "x_item"
    for name in s.inputs:
        nodes += [node("Gather", [name + "_vectors", name], [name + "_rows"]), node("Add", [x, name + "_rows"], ["x_" + name])]
        x = "x_" + name
    return [
        *nodes,
        node("Unsqueeze", [x, "axis_1"], ["gru_x"]),
        node("GRU", ["gru_x", "gru_w", "gru_r", "gru_b"], ["states", "last_state"], hidden_size=s.hidden, linear_before_reset=1),
        node("Squeeze", ["states", "axes_1_2"], ["h"]),
        node("Squeeze", ["last_state", "axis_0"], ["r"]),
        node("MatMul", ["r", "query"], ["q"]),
        node("MatMul", ["h", "key"], ["k"]),
        node("Transpose", ["k"], ["k_t"], perm=[1, 0]),
        node("MatMul", ["q", "k_t"], ["attention"]),
        node("Shape", ["item"], ["events"]),
        node("Neg", ["events"], ["first"]),
        node("Slice", ["position", "first", "end", "axis_0"], ["position_T"]),
        node("Add", ["attention", "position_T"], ["logits"]),
        node("Softmax", ["logits"], ["share"], axis=-1),
        node("MatMul", ["share", "h"], ["state"]),
        node("MatMul", ["share", x], ["interest"]),
        node("Concat", ["r", "state", "interest"], ["readout"], axis=1),
        node("MatMul", ["readout", "out"], ["e"]),
        node("ReduceL2", ["e", "axis_1"], ["size"], keepdims=1),
        node("Div", ["e", "size"], ["unit"]),
        node("Squeeze", ["unit", "axis_0"], ["session_embedding"]),
    ]


def _score_nodes(s: Sizes) -> list[onnx.NodeProto]:
    """Cosines, and for each candidate the gain of its last occurrence in the session."""
    node, to_float = helper.make_node, {"to": TensorProto.FLOAT}
    nodes = [
        node("MatMul", ["readout", "repeat_gate"], ["gate_0"]),
        node("Add", ["gate_0", "repeat_gate_bias"], ["gate"]),
        node("Slice", ["repeat_basis", "first", "end", "axis_1"], ["basis_T"]),
        node("MatMul", ["gate", "basis_T"], ["gains"]),
        node("Squeeze", ["gains", "axis_0"], ["gain_place"]),
        node("Unsqueeze", ["item", "axis_1"], ["item_rows_T"]),
        node("Unsqueeze", ["item", "axis_0"], ["item_columns_T"]),
        node("Equal", ["item_rows_T", "item_columns_T"], ["equal"]),
        node("Cast", ["equal"], ["same"], **to_float),
        node("ReduceSum", ["same", "axis_1"], ["occurrences"], keepdims=0),
        node("Cast", ["occurrences"], ["times"], to=TensorProto.INT64),
        node("Gather", ["repeat_count", "times"], ["count_gain"]),
        node("Add", ["gain_place", "count_gain"], ["gain_all"]),
        node("Slice", ["order", "first", "end", "axis_0"], ["order_T"]),
        node("Mul", ["same", "order_T"], ["places"]),
        node("ReduceMax", ["places", "axis_1"], ["last"], keepdims=0),
        node("Equal", ["last", "order_T"], ["is_last"]),
        node("Cast", ["is_last"], ["is_last_float"], **to_float),
        node("Mul", ["gain_all", "is_last_float"], ["gain_T"]),
        node("Gather", ["item_vectors", "candidates"], ["candidate_rows"]),
        node("MatMul", ["candidate_rows", "session_embedding"], ["cosine"]),
        node("Mul", ["cosine", "inverse_temperature"], ["heat"]),
        node("Unsqueeze", ["candidates", "axis_1"], ["candidate_column"]),
        node("Equal", ["candidate_column", "item_columns_T"], ["found"]),
        node("Cast", ["found"], ["found_float"], **to_float),
        node("MatMul", ["found_float", "gain_T"], ["gain"]),
        node("Add", ["heat", "gain"], ["scores_0" if s.item_bias else "scores"]),
    ]
    if s.item_bias:
        nodes += [node("Gather", ["item_bias", "candidates"], ["bias"]), node("Add", ["scores_0", "bias"], ["scores"])]
    return nodes


def _head_nodes(head: str) -> list[onnx.NodeProto]:
    node = helper.make_node
    return [
        node("MatMul", ["readout", head + "_w"], [head + "_0"]),
        node("Add", [head + "_0", head + "_b"], [head + "_1"]),
        node("Sigmoid", [head + "_1"], [head + "_2"]),
        node("Squeeze", [head + "_2", "axis_0"], [head + "_probability"]),
    ]
