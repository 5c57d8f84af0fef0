"""The trained model as an ONNX graph that onnxruntime runs natively and in the browser (`onnxruntime-web/wasm`).

Inputs, int32 [T] each (1 <= T <= length, oldest event first): `item` and, if the spec has them, `event_type`, `dwell_bucket`;
`candidates`, int32 [C]. Outputs: `session_embedding` float32 [d], unit length; `scores` float32 [C] = cosine / temperature, plus
what a candidate gains from having been seen in the session (`onnx_repeats`); where trained, `leave_probability` and
`purchase_probability`, float32 [1] (`onnx_heads`).
Operators of opset 18 only, float32 but for the item table (`onnx_items`); one GRU node does the recurrence.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from contracts import FeatureSpec, sha256_hex
from edge_model.errors import ModelFileError
from edge_model.files import write_whole
from edge_model.onnx_heads import head_constants, head_nodes, head_outputs
from edge_model.onnx_items import item_constants, item_nodes
from edge_model.onnx_repeats import repeat_constants, repeat_nodes
from edge_model.quantization import FloatTable, ItemTable, Quantized
from edge_model.training import Trained
from edge_model.weights import Weights, is_input_table

OPSET = 18
IR_VERSION = 9
"""The lowest that goes with opset 18 in onnxruntime's table, so that older runtimes read the file too."""
MODEL_VERSION = "1"

LETTERS = "T events, C candidates, d dim, H hidden, A attention"


def export(what: Trained | Quantized, path: Path, trained_on: str) -> bytes:
    """Write the model to `path` and return its bytes. `trained_on` names the log in the metadata."""
    data = exported_bytes(what, trained_on)
    write_whole(path, data)
    return data


def exported_bytes(what: Trained | Quantized, trained_on: str) -> bytes:
    """The model as a checked ONNX file; raises `ModelFileError` where the graph is not valid."""
    trained = what.trained if isinstance(what, Quantized) else what
    table = what.table if isinstance(what, Quantized) else FloatTable(trained.item_vectors)
    model = build(trained.weights, trained.spec, trained.settings.temperature, table)
    helper.set_model_props(model, metadata(trained, trained_on, table))
    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise ModelFileError(f"the exported graph is not valid ONNX: {str(error).splitlines()[0]}") from None
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def metadata(trained: Trained, trained_on: str, table: ItemTable) -> dict[str, str]:
    """Metadata properties of the file; the browser refuses a model whose spec hash differs from the release's."""
    return {
        "intently.feature_spec_sha256": sha256_hex(trained.spec.to_bytes()),
        "intently.format": table.format,
        "intently.item_table_sha256": sha256_hex(b"".join(value.tobytes() for value in table.arrays().values())),
        "intently.items": str(trained.spec.items),
        "intently.dim": str(trained.settings.dim),
        "intently.length": str(trained.spec.length),
        "intently.trained_on": trained_on,
        "intently.version": MODEL_VERSION,
    }


def build(weights: Weights, spec: FeatureSpec, temperature: float, table: ItemTable) -> onnx.ModelProto:
    """The graph of `model.encode_prefixes` for one prefix, and the scores of candidates."""
    constants = item_constants(table) | _constants(weights, temperature)
    inputs = [helper.make_tensor_value_info(part.name, TensorProto.INT32, ["T"]) for part in spec.inputs]
    inputs.append(helper.make_tensor_value_info("candidates", TensorProto.INT32, ["C"]))
    dim = weights["item"].shape[1]
    graph = helper.make_graph(
        item_nodes(table) + _nodes(spec, hidden=weights["gru_r"].shape[0]) + head_nodes(weights),
        "intently_session_model",
        inputs,
        [
            helper.make_tensor_value_info("session_embedding", TensorProto.FLOAT, [dim]),
            helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["C"]),
            *head_outputs(weights),
        ],
        initializer=[numpy_helper.from_array(value, name) for name, value in constants.items()],
        doc_string=LETTERS,
    )
    opset = [helper.make_opsetid("", OPSET)]
    return helper.make_model(
        graph, opset_imports=opset, ir_version=IR_VERSION, producer_name="intently", producer_version=MODEL_VERSION
    )


def _constants(weights: Weights, temperature: float) -> dict[str, np.ndarray]:
    dim, attention = weights["item"].shape[1], weights["query"].shape[1]
    constants = {
        "input_scale": np.array(dim**0.5, np.float32),
        "gru_w": weights["gru_w"].T[None],  # [1, 3H, d]
        "gru_r": weights["gru_r"].T[None],  # [1, 3H, H]
        "gru_b": np.concatenate([weights["gru_wb"], weights["gru_rb"]])[None],  # [1, 6H]
        "query": weights["query"] * np.float32(attention**-0.5),
        "key": weights["key"],
        "position": weights["position"][::-1],  # oldest first
        "out": weights["out"],
        "inverse_temperature": np.array(1 / temperature, np.float32),
        "axis_0": np.array([0], np.int64),
        "axis_1": np.array([1], np.int64),
        "end": np.array([np.iinfo(np.int64).max], np.int64),
        "axes_1_2": np.array([1, 2], np.int64),
    }
    constants |= repeat_constants(weights) | head_constants(weights)
    constants |= {name + "_vectors": weights[name] for name in weights if is_input_table(name)}
    return {name: np.ascontiguousarray(value) for name, value in constants.items()}


def _nodes(spec: FeatureSpec, hidden: int) -> list[onnx.NodeProto]:
    node = helper.make_node
    nodes = [
        node("Gather", ["item_vectors", "item"], ["seen_items"]),  # [T, d]
        node("Mul", ["seen_items", "input_scale"], ["x_item"]),
    ]
    x = "x_item"
    for name in [part.name for part in spec.inputs if part.name != "item"]:
        nodes += [
            node("Gather", [name + "_vectors", name], [name + "_rows"]),  # [T, d]
            node("Add", [x, name + "_rows"], ["x_" + name]),
        ]
        x = "x_" + name
    nodes += [
        node("Unsqueeze", [x, "axis_1"], ["gru_x"]),  # [T, 1, d]
        node("GRU", ["gru_x", "gru_w", "gru_r", "gru_b"], ["states", "last_state"], hidden_size=hidden, linear_before_reset=1),
        node("Squeeze", ["states", "axes_1_2"], ["h"]),  # [T, H]
        node("Squeeze", ["last_state", "axis_0"], ["r"]),  # [1, H]
        node("MatMul", ["r", "query"], ["q"]),  # [1, A]
        node("MatMul", ["h", "key"], ["k"]),  # [T, A]
        node("Transpose", ["k"], ["k_t"], perm=[1, 0]),
        node("MatMul", ["q", "k_t"], ["match"]),  # [1, T]
        node("Shape", ["item"], ["events"]),  # [1], T
        node("Neg", ["events"], ["first"]),
        node("Slice", ["position", "first", "end", "axis_0"], ["position_of_event"]),  # [T]
        node("Add", ["match", "position_of_event"], ["logits"]),  # [1, T]
        node("Softmax", ["logits"], ["share"], axis=-1),
        node("MatMul", ["share", "h"], ["state"]),  # [1, H]
        node("MatMul", ["share", x], ["interest"]),  # [1, d]
        node("Concat", ["r", "state", "interest"], ["readout"], axis=1),  # [1, 2H + d]
        node("MatMul", ["readout", "out"], ["e"]),  # [1, d]
        node("ReduceL2", ["e", "axis_1"], ["length"], keepdims=1),
        node("Div", ["e", "length"], ["unit"]),
        node("Squeeze", ["unit", "axis_0"], ["session_embedding"]),  # [d]
        node("Gather", ["item_vectors", "candidates"], ["candidate_rows"]),  # [C, d]
        node("MatMul", ["candidate_rows", "session_embedding"], ["cosine"]),  # [C]
        node("Mul", ["cosine", "inverse_temperature"], ["likeness"]),
    ]
    return [*nodes, *repeat_nodes(), node("Add", ["likeness", "gain"], ["scores"])]
