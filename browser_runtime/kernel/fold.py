"""Nodes that read constants alone, computed now; onnxruntime does the same when a session is created."""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator


def constants_of(model: onnx.ModelProto) -> tuple[dict[str, NDArray[np.generic]], list[onnx.NodeProto]]:
    """Every value that depends on no input, and the nodes that are left."""
    known: dict[str, NDArray[np.generic]] = {value.name: numpy_helper.to_array(value) for value in model.graph.initializer}
    left = []
    opsets = {entry.domain: entry.version for entry in model.opset_import}
    for node in model.graph.node:
        if node.domain in ("", "ai.onnx") and all(name in known for name in node.input if name):
            results = ReferenceEvaluator(node, opsets=opsets).run(None, {name: known[name] for name in node.input if name})
            known |= {name: np.asarray(result) for name, result in zip(node.output, results, strict=False) if name}
        else:
            left.append(node)
    return known, left
