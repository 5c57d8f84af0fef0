"""Operators that move cells or name them anew."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx

from browser_runtime.kernel.builder import Builder, matrix_of, refuse
from browser_runtime.kernel.dims import EVENTS, ONE, Dim, Shape, fixed, kept_axes
from browser_runtime.kernel.elementwise import sizes_of
from browser_runtime.kernel.node import attribute, floats, what
from browser_runtime.kernel.values import Constant, Sizes, Tensor, Value, shape_of


def renamed(b: Builder, node: onnx.NodeProto, value: Tensor, shape: Shape) -> Tensor:
    """The same cells in the same order, in another shape."""
    slot = b.reshaped(value.slot, matrix_of(value.shape, what(node)), matrix_of(shape, what(node)), value.tail, what(node))
    return value.like(slot, shape)


def squeeze(b: Builder, node: onnx.NodeProto, operands: Sequence[Value]) -> Value:
    """Squeeze."""
    value = operands[0]
    if isinstance(value, Sizes):
        return Sizes(value.dims, scalar=True)
    assert isinstance(value, Tensor)
    rank = len(value.shape)
    given = None if len(operands) < 2 else {dim.a % rank for dim in sizes_of(node, operands[1]).dims}
    drop = {at for at, dim in enumerate(value.shape) if dim == ONE} if given is None else given
    if any(value.shape[at] != ONE for at in drop):
        refuse(f"{what(node)}: an axis that is not of size 1 in every session")
    return renamed(b, node, value, tuple(dim for at, dim in enumerate(value.shape) if at not in drop))


def unsqueeze(b: Builder, node: onnx.NodeProto, operands: Sequence[Value]) -> Value:
    """Unsqueeze."""
    value = operands[0]
    if isinstance(value, Sizes):
        return Sizes(value.dims)
    assert isinstance(value, Tensor)
    axes = [dim.a for dim in sizes_of(node, operands[1]).dims]
    rank = len(value.shape) + len(axes)
    new, old = {axis % rank for axis in axes}, iter(value.shape)
    return renamed(b, node, value, tuple(ONE if at in new else next(old) for at in range(rank)))


def reshape(b: Builder, node: onnx.NodeProto, operands: Sequence[Value]) -> Value:
    """Reshape and Flatten."""
    value = operands[0]
    if isinstance(value, Sizes):
        return Sizes(value.dims)
    assert isinstance(value, Tensor)
    if node.op_type == "Flatten":
        want: list[Dim] = [Dim(0), Dim(-1)] if attribute(node, "axis", 1) == 1 else refuse(f"{what(node)}: axis other than 1")
    else:
        want = list(sizes_of(node, operands[1]).dims)
    shape = [value.shape[at] if dim == Dim(0) else dim for at, dim in enumerate(want)]
    if Dim(-1) in shape:
        shape[shape.index(Dim(-1))] = _left_over(node, value.shape, [dim for dim in shape if dim != Dim(-1)])
    return renamed(b, node, value, tuple(shape))


def transpose(b: Builder, node: onnx.NodeProto, operands: Sequence[Value]) -> Value:
    """Transpose."""
    (value,) = floats(node, operands, 1)
    assert isinstance(value, Tensor)
    order = attribute(node, "perm", list(range(len(value.shape)))[::-1])
    shape = tuple(value.shape[axis] for axis in order)
    kept = [axis for axis in kept_axes(value.shape) or () if axis >= 0 and value.shape[axis] != ONE]
    if [axis for axis in order if axis in kept] == kept:
        return renamed(b, node, value, shape)
    rows, cols = matrix_of(value.shape, what(node))
    slot = b.emit("TRANSPOSE", [value.slot], value.tail)
    return b.result(slot, (cols, rows), shape, value.kind, value.tail, what(node))


def concat(b: Builder, node: onnx.NodeProto, operands: Sequence[Value]) -> Value:
    """Concat, pair by pair."""
    if any(isinstance(value, Sizes) for value in operands):
        return Sizes(tuple(dim for value in operands for dim in sizes_of(node, value).dims))
    parts = floats(node, operands, len(operands))
    whole = parts[0]
    for part in parts[1:]:
        whole = _joined(b, node, whole, part)
    return whole


def slice_(b: Builder, node: onnx.NodeProto, operands: Sequence[Value]) -> Value:
    """Slice by steps of one, its ends constant or following from T."""
    value = operands[0]
    starts, ends = (sizes_of(node, operand).dims for operand in operands[1:3])
    steps = sizes_of(node, operands[4]).dims if len(operands) > 4 else fixed(*[1] * len(starts))
    if set(steps) != {ONE}:
        refuse(f"{what(node)}: steps other than 1")
    if isinstance(value, Sizes):
        return Sizes(value.dims[starts[0].a : ends[0].a])
    (value,) = floats(node, [value], 1)
    rank = len(shape_of(value))
    axes = [dim.a % rank for dim in sizes_of(node, operands[3]).dims] if len(operands) > 3 else list(range(len(starts)))
    for axis, start, end in zip(axes, starts, ends, strict=True):
        value = sliced(b, node, value, axis, start, end)
    return value


def sliced(b: Builder, node: onnx.NodeProto, value: Constant | Tensor, axis: int, start: Dim, end: Dim) -> Tensor:
    """From `start` to `end` along `axis`, negative ones counted from the end."""
    shape = shape_of(value)
    size = shape[axis]
    first, last = _from_front(start, size), _from_front(end, size)
    if last.fixed and size.fixed:
        last = Dim(min(last.a, size.a))
    elif last.fixed and last.a > 2**30:
        last = size
    after = (*shape[:axis], last.plus(first, -1), *shape[axis + 1 :])
    slot, axes = b.operand(value, what(node)), kept_axes(shape)
    assert axes is not None
    if axis not in axes:
        refuse(f"{what(node)}: along an axis of size 1")
    tail = isinstance(value, Tensor) and value.tail
    if first.c or last.c:
        refuse(f"{what(node)}: of the candidates")
    done = b.emit(("SLICE_ROWS", "SLICE_COLUMNS")[axes.index(axis)], [slot], tail, [first.a, first.t, last.a, last.t])
    rows, cols = matrix_of(shape, what(node))
    have = (after[axis], cols) if axes.index(axis) == 0 else (rows, after[axis])
    kind = value.kind if isinstance(value, Tensor) else "float"
    cut = b.result(done, have, after, kind, tail, what(node))
    return Tensor(cut.slot, cut.shape, kind, tail, value.ids if isinstance(value, Tensor) else "", cut.slot)


def shape(b: Builder, node: onnx.NodeProto, operands: Sequence[Value]) -> Value:
    """Shape."""
    (value,) = floats(node, operands, 1)
    if attribute(node, "start", 0) or attribute(node, "end", None) is not None:
        refuse(f"{what(node)}: of some axes only")
    return Sizes(shape_of(value))


def range_(b: Builder, node: onnx.NodeProto, operands: Sequence[Value]) -> Value:
    """Range from 0 to T - 1."""
    start, limit, delta = (sizes_of(node, value).dims[0] for value in operands)
    if (start, limit, delta) != (Dim(0), EVENTS, ONE):
        refuse(f"{what(node)}: other than from 0 to the session's length")
    slot = b.emit("RANGE", [], False)
    return Tensor(slot, (EVENTS,), "int", root=slot)


def identity(b: Builder, node: onnx.NodeProto, operands: Sequence[Value]) -> Value:
    """Identity."""
    return operands[0]


def expand(b: Builder, node: onnx.NodeProto, operands: Sequence[Value]) -> Value:
    """Expand to a constant shape."""
    from browser_runtime.kernel.elementwise import combined

    (value,) = floats(node, operands[:1], 1)
    if not isinstance(operands[1], Constant):
        refuse(f"{what(node)}: to a shape that changes with the session")
    zeros = Constant(np.zeros(operands[1].value, np.float32))
    return combined(b, node, "ADD", (value, zeros), "float")


def _from_front(at: Dim, size: Dim) -> Dim:
    return size.plus(at) if at.t < 0 or (at.t == 0 and at.a < 0) else at


def _left_over(node: onnx.NodeProto, shape: Shape, others: Sequence[Dim]) -> Dim:
    """The size that -1 stands for."""
    left = list(shape)
    known = 1
    for dim in others:
        if not dim.fixed:
            if dim not in left:
                refuse(f"{what(node)}: a size that cannot be told before the session")
            left.remove(dim)
        else:
            known *= dim.a
    number = int(np.prod([dim.a for dim in left if dim.fixed], dtype=np.int64))
    open_dims = [dim for dim in left if not dim.fixed]
    if number % known or len(open_dims) > 1 or (open_dims and number != known):
        refuse(f"{what(node)}: a size that cannot be told before the session")
    return open_dims[0] if open_dims else Dim(number // known)


def _joined(b: Builder, node: onnx.NodeProto, first: Constant | Tensor, second: Constant | Tensor) -> Tensor:
    a, c = shape_of(first), shape_of(second)
    if len(a) != len(c):
        refuse(f"{what(node)}: of tensors of different ranks")
    axis = attribute(node, "axis", 0) % len(a)
    joined = (*a[:axis], a[axis].plus(c[axis]), *a[axis + 1 :])
    axes = kept_axes(joined)
    if axes is None or axis not in axes:
        refuse(f"{what(node)}: along an axis that is none of a matrix")
    tail = any(isinstance(value, Tensor) and value.tail for value in (first, second))

    def at(value: Constant | Tensor, own: Shape) -> int:
        rows, cols = (ONE if kept < 0 else own[kept] for kept in axes)
        return b.operand(value, what(node), (rows, cols))

    slot = b.emit(("CONCAT_ROWS", "CONCAT_COLUMNS")[axes.index(axis)], [at(first, a), at(second, c)], tail)
    return b.result(slot, matrix_of(joined, what(node)), joined, "float", tail, what(node))
