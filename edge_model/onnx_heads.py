"""The probabilities of `heads` as ONNX nodes: a logistic function of `readout` [1, F], one output [1] each."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper

from edge_model.weights import Weights

HEADS = ("purchase", "leave")


def heads_of(weights: Weights) -> list[str]:
    """Names of the heads that the model has."""
    return [name for name in HEADS if name + "_head" in weights]


def head_constants(weights: Weights) -> dict[str, np.ndarray]:
    """Initializers."""
    columns = {name + "_head": weights[name + "_head"][:, None] for name in heads_of(weights)}  # [F, 1]
    return columns | {name + "_head_bias": weights[name + "_head_bias"] for name in heads_of(weights)}


def head_nodes(weights: Weights) -> list[onnx.NodeProto]:
    """From `readout` to `leave_probability` and `purchase_probability`."""
    node, nodes = helper.make_node, []
    for name in heads_of(weights):
        nodes += [
            node("MatMul", ["readout", name + "_head"], [name + "_product"]),  # [1, 1]
            node("Add", [name + "_product", name + "_head_bias"], [name + "_logit"]),
            node("Sigmoid", [name + "_logit"], [name + "_chance"]),
            node("Squeeze", [name + "_chance", "axis_0"], [name + "_probability"]),  # [1]
        ]
    return nodes


def head_outputs(weights: Weights) -> list[onnx.ValueInfoProto]:
    """Outputs of the graph."""
    return [helper.make_tensor_value_info(name + "_probability", TensorProto.FLOAT, [1]) for name in heads_of(weights)]
