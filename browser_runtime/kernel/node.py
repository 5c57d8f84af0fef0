"""Reading nodes of an ONNX graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import onnx

from browser_runtime.kernel.builder import refuse
from browser_runtime.kernel.values import Constant, Tensor, Value


def what(node: onnx.NodeProto) -> str:
    """How a person finds the node."""
    return f"operator {node.op_type} ({node.output[0]})"


def attribute(node: onnx.NodeProto, name: str, default: Any) -> Any:
    """An attribute's value."""
    for entry in node.attribute:
        if entry.name == name:
            return onnx.helper.get_attribute_value(entry)
    return default


def floats(node: onnx.NodeProto, operands: Sequence[Value], count: int) -> tuple[Constant | Tensor, ...]:
    """`count` operands, each a constant or a tensor."""
    if len(operands) != count:
        refuse(f"{what(node)}: of {len(operands)} operands, the kernel takes {count}")
    taken = []
    for value in operands:
        if not isinstance(value, Constant | Tensor):
            refuse(f"{what(node)}: reads scores, rows of candidates or sizes")
        taken.append(value)
    return tuple(taken)
