"""Products, the recurrence, normalisations and look-ups."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx

from browser_runtime.kernel.builder import Builder, matrix_of, refuse
from browser_runtime.kernel.dims import EVENTS, ONE, Dim, Shape, fixed
from browser_runtime.kernel.elementwise import along_columns, combined
from browser_runtime.kernel.node import attribute, floats, what
from browser_runtime.kernel.shaping import sliced
from browser_runtime.kernel.values import Constant, Sizes, Tensor, Value, shape_of


def matmul(b: Builder, node: onnx.NodeProto, operands: Sequence[Value]) -> Value:
    """MatMul of matrices and vectors."""
    left, right = floats(node, operands, 2)
    a, c = shape_of(left), shape_of(right)
    if any(dim != ONE for dim in (*a[:-2], *c[:-2])):
        refuse(f"{what(node)}: of more than one matrix at once")
    rows, inner = (ONE, a[0]) if len(a) == 1 else a[-2:]
    below, cols = (c[0], ONE) if len(c) == 1 else c[-2:]
    if inner != below:
        refuse(f"{what(node)}: inner sizes {inner.a} and {below.a}")
    tail = any(isinstance(value, Tensor) and value.tail for value in (left, right))
    slots = [b.operand(left, what(node), (rows, inner)), b.operand(right, what(node), (inner, cols))]
    batch = (ONE,) * (max(len(a), len(c)) - 2)
    shape = (*batch, *(() if len(a) == 1 else (rows,)), *(() if len(c) == 1 else (cols,)))
    return b.result(b.emit("MATMUL", slots, tail), (rows, cols), shape, "float", tail, what(node))


def gemm(b: Builder, node: onnx.NodeProto, operands: Sequence[Value]) -> Value:
    """alpha * A' B' + beta * C."""
    left, right = (_turned(b, node, value, name) for value, name in zip(operands[:2], ("transA", "transB"), strict=True))
    product = matmul(b, node, [left, right])
    assert isinstance(product, Tensor)
    alpha, beta = attribute(node, "alpha", 1.0), attribute(node, "beta", 1.0)
    if alpha != 1:
        product = combined(b, node, "MUL", (product, b.scalar(alpha)), "float")
    if len(operands) < 3:
        return product
    (shift,) = floats(node, operands[2:], 1)
    if beta != 1:
        shift = combined(b, node, "MUL", (shift, b.scalar(beta)), "float")
    return combined(b, node, "ADD", (product, shift), "float")


def gru(b: Builder, node: onnx.NodeProto, operands: Sequence[Value]) -> tuple[Value, Value]:
    """GRU, forward, one sequence: all states [T, 1, 1, H] and the last [1, 1, H]."""
    plain = {"direction": b"forward", "linear_before_reset": 1, "layout": 0, "clip": None, "activations": None}
    plain_default = {"direction": b"forward", "linear_before_reset": 0, "layout": 0, "clip": None, "activations": None}
    for name, value in plain.items():
        got = attribute(node, name, plain_default[name])
        if got != value:
            refuse(f"{what(node)}: attribute {name} is {got!r}, the kernel computes {value!r}")
    x, w, r, *more = operands
    if any(not isinstance(value, Constant) for value in (w, r, *more)) or len(more) > 3:
        refuse(f"{what(node)}: weights or a first state that depend on the session")
    weights, recurrent = (value.value for value in (w, r) if isinstance(value, Constant))
    biases = more[0].value if more and isinstance(more[0], Constant) else np.zeros((1, 2 * weights.shape[1]), np.float32)
    first = more[2].value if len(more) > 2 and isinstance(more[2], Constant) else np.zeros(1)
    if weights.shape[0] != 1 or np.any(first) or (len(more) > 1 and isinstance(more[1], Constant) and more[1].value.size):
        refuse(f"{what(node)}: two directions, a first state or lengths of sequences")
    hidden = recurrent.shape[2]
    if hidden % 4:
        refuse(f"{what(node)}: hidden size {hidden}, the kernel computes multiples of 4")
    (inputs,) = floats(node, [x], 1)
    if shape_of(inputs) != (EVENTS, ONE, Dim(weights.shape[2])):
        refuse(f"{what(node)}: input that is not [T, 1, {weights.shape[2]}]")
    slots = [b.operand(inputs, what(node)), b.constant(weights[0]), b.constant(recurrent[0]), b.constant(biases)]
    states = b.emit("GRU", slots, False)
    last = b.emit("SLICE_ROWS", [states], False, [-1, 1, 0, 1])
    return (
        Tensor(states, (EVENTS, ONE, ONE, Dim(hidden)), root=states),
        Tensor(last, (ONE, ONE, Dim(hidden)), root=last),
    )


def softmax(b: Builder, node: onnx.NodeProto, operands: Sequence[Value]) -> Value:
    """Softmax along one axis."""
    (value,) = floats(node, operands, 1)
    assert isinstance(value, Tensor)
    return along_columns(b, node, value, attribute(node, "axis", -1), lambda slot: b.emit("SOFTMAX", [slot], value.tail))


def layer_norm(b: Builder, node: onnx.NodeProto, operands: Sequence[Value]) -> Value:
    """LayerNormalization along the last axis."""
    value, gain, *shift = floats(node, operands, len(operands))
    assert isinstance(value, Tensor)
    if attribute(node, "axis", -1) % len(value.shape) != len(value.shape) - 1 or len(node.output) > 1:
        refuse(f"{what(node)}: along more than the last axis, or with statistics as outputs")
    shifts = shift[0] if shift else Constant(np.zeros(value.shape[-1].a, np.float32))
    least = b.constant(np.full((1, 1), attribute(node, "epsilon", 1e-5), np.float32))
    others = [b.operand(gain, what(node)), b.operand(shifts, what(node)), least]
    return along_columns(b, node, value, -1, lambda slot: b.emit("LAYER_NORM", [slot, *others], value.tail))


def gather(b: Builder, node: onnx.NodeProto, operands: Sequence[Value]) -> Value:
    """Gather of rows by an input, or of one place by a constant."""
    data, index = operands
    axis = attribute(node, "axis", 0)
    if isinstance(index, Constant):
        return _one_place(b, node, data, axis, index)
    if not (isinstance(data, Constant) and isinstance(index, Tensor)) or axis != 0 or index.tail:
        refuse(f"{what(node)}: other than rows of a constant by an input, or one place of a tensor by a constant")
    table = data.value.reshape(len(data.value), -1)
    return looked_up(b, node, "GATHER", index, [b.constant(table)], data.value.shape[1:], table.shape[1])


def looked_up(
    b: Builder, node: onnx.NodeProto, operator: str, index: Tensor, table: list[int], inner: Sequence[int], width: int
) -> Tensor:
    """Rows of a table, one for each cell of `index`."""
    flat = [dim for dim in index.shape if dim != ONE]
    if len(flat) > 1:
        refuse(f"{what(node)}: by a matrix")
    count = flat[0] if flat else ONE
    shape: Shape = (*index.shape, *fixed(*inner))
    slot = b.emit(operator, [index.slot, *table], index.tail)
    return b.result(slot, (count, Dim(width)), shape, "float", index.tail, what(node))


def _one_place(b: Builder, node: onnx.NodeProto, data: Value, axis: int, index: Constant) -> Value:
    places = index.value.reshape(-1)
    if isinstance(data, Sizes):
        return Sizes(tuple(data.dims[int(place)] for place in places), scalar=index.value.ndim == 0)
    (value,) = floats(node, [data], 1)
    if places.size == 0 or np.any(np.diff(places) != 1) or (places[0] < 0) != (places[-1] < 0):
        refuse(f"{what(node)}: places that do not follow each other")
    axis %= len(shape_of(value))
    end = Dim(2**31 - 1) if places[-1] == -1 else Dim(int(places[-1]) + 1)
    cut = sliced(b, node, value, axis, Dim(int(places[0])), end)
    if index.value.ndim == 1:
        return cut
    shape = (*cut.shape[:axis], *fixed(*index.value.shape), *cut.shape[axis + 1 :])
    slot = b.reshaped(cut.slot, matrix_of(cut.shape, what(node)), matrix_of(shape, what(node)), cut.tail, what(node))
    return cut.like(slot, shape)


def _turned(b: Builder, node: onnx.NodeProto, value: Value, name: str) -> Value:
    if not attribute(node, name, 0):
        return value
    if isinstance(value, Constant):
        return Constant(value.value.T)
    (tensor,) = floats(node, [value], 1)
    assert isinstance(tensor, Tensor)
    rows, cols = tensor.shape
    return b.result(b.emit("TRANSPOSE", [tensor.slot], tensor.tail), (cols, rows), (cols, rows), "float", tensor.tail, what(node))
