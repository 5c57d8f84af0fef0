"""Operators that work cell by cell, and reductions along an axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import onnx

from browser_runtime.kernel.builder import Builder, matrix_of, refuse
from browser_runtime.kernel.dims import ONE, Dim, Shape, broadcast, fixed, kept_axes, matrix
from browser_runtime.kernel.node import attribute, floats, what
from browser_runtime.kernel.values import Constant, Sizes, Tensor, Value, shape_of

BINARY = {
    "Add": "ADD", "Sub": "SUB", "Mul": "MUL", "Div": "DIV", "Max": "MAXIMUM", "Min": "MINIMUM", "Equal": "EQUAL",
    "Greater": "GREATER", "Less": "LESS", "Pow": "POW", "And": "MUL", "Or": "MAXIMUM",
}  # fmt: skip
UNARY = {
    "Sigmoid": "SIGMOID", "Tanh": "TANH", "Relu": "RELU", "Sqrt": "SQRT", "Exp": "EXP", "Log": "LOG", "Neg": "NEG", "Abs": "ABS",
}  # fmt: skip
REDUCE = {"ReduceL2": "REDUCE_L2", "ReduceSum": "REDUCE_SUM", "ReduceMax": "REDUCE_MAX", "ReduceMean": "REDUCE_MEAN"}
TESTS = ("Equal", "Greater", "Less", "And", "Or")


def pairwise(b: Builder, node: onnx.NodeProto, operands: Sequence[Value]) -> Value:
    """Two operands, broadcast."""
    if all(isinstance(value, Constant | Sizes) for value in operands):
        return _sizes(node, operands)
    left, right = floats(node, operands, 2)
    if node.op_type == "Div" and isinstance(left, Tensor) and left.kind == "int":
        refuse(f"{what(node)}: a division of integers")
    _ids(node, left, right)
    if node.op_type == "Pow" and isinstance(right, Constant) and right.value.size == 1:
        power = float(right.value.reshape(-1)[0])
        if power in (2.0, 0.5) and isinstance(left, Tensor):
            return _square_or_root(b, node, left, power)
    kind = "bool" if node.op_type in TESTS else _kind(left, right)
    return combined(b, node, BINARY[node.op_type], (left, right), kind)


def combined(b: Builder, node: onnx.NodeProto, operator: str, operands: Sequence[Constant | Tensor], kind: str) -> Tensor:
    """An operator of several operands, all broadcast to one shape."""
    shape: Shape | None = ()
    for value in operands:
        shape = None if shape is None else broadcast(shape, shape_of(value))
    if shape is None:
        refuse(f"{what(node)}: shapes that do not broadcast whatever the session's length")
    axes = kept_axes(shape)
    if axes is None:
        refuse(f"{what(node)}: a tensor of more than two axes, {len(shape)}")
    tail = any(isinstance(value, Tensor) and value.tail for value in operands)
    slots = []
    for value in operands:
        own = shape_of(value)
        padded = (ONE,) * (len(shape) - len(own)) + own
        slots.append(b.operand(value, what(node), matrix(padded, axes)))
    return b.result(b.emit(operator, slots, tail), matrix(shape, axes), shape, kind, tail, what(node))


def where(b: Builder, node: onnx.NodeProto, operands: Sequence[Value]) -> Value:
    """Where."""
    test, yes, no = floats(node, operands, 3)
    return combined(b, node, "WHERE", (test, yes, no), _kind(yes, no))


def unary(b: Builder, node: onnx.NodeProto, operands: Sequence[Value]) -> Value:
    """One operand, cell by cell."""
    if isinstance(operands[0], Sizes) and node.op_type == "Neg":
        return Sizes(tuple(Dim().plus(dim, -1) for dim in operands[0].dims), operands[0].scalar)
    (value,) = floats(node, operands, 1)
    return _each(b, node, UNARY[node.op_type], value)


def negation(b: Builder, node: onnx.NodeProto, operands: Sequence[Value]) -> Value:
    """Not."""
    (value,) = floats(node, operands, 1)
    return combined(b, node, "SUB", (b.scalar(1), value), "bool")


def cast(b: Builder, node: onnx.NodeProto, operands: Sequence[Value]) -> Value:
    """Cast: everything is stored as float32, so only fractions need work."""
    (value,) = operands
    if isinstance(value, Sizes):
        return value
    if not isinstance(value, Tensor):
        refuse(f"{what(node)}: of scores")
    to = attribute(node, "to", 0)
    if to in (onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE, onnx.TensorProto.FLOAT16):
        if to != onnx.TensorProto.FLOAT:
            refuse(f"{what(node)}: to a float of another width than 32 bits")
        kind = "float"
    elif to == onnx.TensorProto.BOOL:
        if value.kind != "bool":
            refuse(f"{what(node)}: to bool")
        kind = "bool"
    else:
        kind = "int"
    if kind == "int" and value.kind == "float":
        return _each(b, node, "TRUNC", value, "int")
    return Tensor(value.slot, value.shape, kind, value.tail, value.ids, value.root)


def reduce(b: Builder, node: onnx.NodeProto, operands: Sequence[Value]) -> Value:
    """A reduction along axes given as a constant."""
    value = operands[0]
    if not isinstance(value, Tensor):
        refuse(f"{what(node)}: of scores")
    given = operands[1] if len(operands) > 1 else None
    if given is not None and not isinstance(given, Constant):
        refuse(f"{what(node)}: axes that depend on the session")
    rank = len(value.shape)
    axes = {int(axis) % rank for axis in given.value.reshape(-1)} if given is not None else set(range(rank))
    keep = attribute(node, "keepdims", 1)
    shape = tuple(ONE if at in axes else dim for at, dim in enumerate(value.shape) if keep or at not in axes)
    return _reduced(b, node, value, axes, shape)


def along_columns(b: Builder, node: onnx.NodeProto, value: Tensor, axis: int, act: Callable[[int], int]) -> Tensor:
    """`act` on the slot of a matrix whose columns run along `axis`; the result has the shape of `value`."""
    axes, have = kept_axes(value.shape), matrix_of(value.shape, what(node))
    assert axes is not None
    axis %= len(value.shape)
    turned = axis != axes[1]
    if turned and axis != axes[0]:
        refuse(f"{what(node)}: along an axis of size 1")
    slot = b.emit("TRANSPOSE", [value.slot], value.tail) if turned else value.slot
    slot = act(slot)
    slot = b.emit("TRANSPOSE", [slot], value.tail) if turned else slot
    return b.result(slot, have, value.shape, "float", value.tail, what(node))


def _reduced(b: Builder, node: onnx.NodeProto, value: Tensor, axes: set[int], shape: Shape) -> Tensor:
    kept, have = kept_axes(value.shape), matrix_of(value.shape, what(node))
    assert kept is not None
    over = [at in axes and dim != ONE for at, dim in zip(kept, have, strict=True)]
    slot, left = value.slot, have
    if all(over):
        slot, left = b.reshaped(slot, have, (ONE, _product(have, node)), value.tail, what(node)), (ONE, ONE)
    elif over[0]:
        slot, left = b.emit("TRANSPOSE", [slot], value.tail), (have[1], ONE)
    elif over[1]:
        left = (have[0], ONE)
    else:
        slot = b.reshaped(slot, have, (_product(have, node), ONE), value.tail, what(node))
        left = (_product(have, node), ONE)
    done = b.emit(REDUCE[node.op_type], [slot], value.tail)
    return b.result(done, left, shape, value.kind if node.op_type == "ReduceMax" else "float", value.tail, what(node))


def _product(have: tuple[Dim, Dim], node: onnx.NodeProto) -> Dim:
    rows, cols = have
    if ONE not in have and not (rows.fixed and cols.fixed):
        refuse(f"{what(node)}: over both axes of a matrix whose size changes with the session")
    return cols if rows == ONE else rows if cols == ONE else Dim(rows.a * cols.a)


def _each(b: Builder, node: onnx.NodeProto, operator: str, value: Constant | Tensor, kind: str = "float") -> Tensor:
    assert isinstance(value, Tensor)
    slot = b.emit(operator, [value.slot], value.tail)
    return Tensor(slot, value.shape, kind, value.tail, root=slot)


def _square_or_root(b: Builder, node: onnx.NodeProto, value: Tensor, power: float) -> Tensor:
    if power == 0.5:
        return _each(b, node, "SQRT", value)
    return combined(b, node, "MUL", (value, value), "float")


def _kind(*values: Constant | Tensor) -> str:
    kinds = {
        value.kind if isinstance(value, Tensor) else ("float" if value.value.dtype.kind == "f" else "int") for value in values
    }
    return "float" if "float" in kinds else "int" if "int" in kinds else "bool"


def _ids(node: onnx.NodeProto, *values: Constant | Tensor) -> None:
    """Candidates' indices may only be compared with those of the session."""
    ids = {value.ids if isinstance(value, Tensor) else "" for value in values}
    if "candidates" in ids and ids != {"item", "candidates"}:
        refuse(f"{what(node)}: compares the candidates' indices with something other than the session's items")


def _sizes(node: onnx.NodeProto, operands: Sequence[Value]) -> Sizes:
    dims = []
    for value in operands:
        dims.append(value if isinstance(value, Sizes) else sizes_of(node, value))
    left, right = dims
    if node.op_type not in ("Add", "Sub") or (1 not in (len(left.dims), len(right.dims)) and len(left.dims) != len(right.dims)):
        refuse(f"{what(node)}: of sizes of tensors")
    count = max(len(left.dims), len(right.dims))
    sign = 1 if node.op_type == "Add" else -1
    pairs = zip(left.dims * (count // len(left.dims)), right.dims * (count // len(right.dims)), strict=True)
    return Sizes(tuple(x.plus(y, sign) for x, y in pairs), left.scalar and right.scalar)


def sizes_of(node: onnx.NodeProto, value: Value) -> Sizes:
    """Whole numbers, known or following from T."""
    if isinstance(value, Sizes):
        return value
    if not isinstance(value, Constant) or not np.issubdtype(value.value.dtype, np.integer):
        refuse(f"{what(node)}: a size that is neither constant nor the session's length")
    return Sizes(fixed(*value.value.reshape(-1)), value.value.ndim == 0)
