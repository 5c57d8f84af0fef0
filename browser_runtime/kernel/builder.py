"""Collects instructions and constants while a graph is compiled, and numbers the slots at the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from browser_runtime.errors import NotOfTheFamily
from browser_runtime.kernel.dims import CANDIDATES, EVENTS, Dim, Shape, fixed, kept_axes, matrix
from browser_runtime.kernel.layout import MOST_SLOTS, NONE, Instruction, Program
from browser_runtime.kernel.values import Constant, Tensor, shape_of

_RESULTS = 1_000_000
"""Slots of results begin here until the number of constants is known; those of constants are below zero."""
_MOST_CELLS_A_SIDE = 0xFFFF


def refuse(sentence: str) -> NoReturn:
    """Not a graph that the kernel computes."""
    raise NotOfTheFamily(sentence)


class Builder:
    """Slots 0 ... are the inputs in order, then the candidates."""

    def __init__(self, inputs: Sequence[tuple[str, str]]) -> None:
        self.inputs = tuple(name for name, _ in inputs)
        self._constants: dict[tuple[tuple[int, ...], bytes], int] = {}
        self._values: list[NDArray[np.float32]] = []
        self._steps: dict[bool, list[Instruction]] = {False: [], True: []}
        self._results = 0
        self.named: dict[str, Tensor] = {}
        for slot, (name, kind) in enumerate(inputs):
            self.named[name] = Tensor(slot, (EVENTS,), kind, ids="item" if slot == 0 else "", root=slot)
        at = len(inputs)
        self.named["candidates"] = Tensor(at, (CANDIDATES,), "int", tail=True, ids="candidates", root=at)

    def emit(self, operator: str, operands: Sequence[int], tail: bool, arguments: Sequence[int] = ()) -> int:
        """Append an instruction; returns the slot of its result."""
        slot = _RESULTS + self._results
        self._results += 1
        if any(not -0x8000 <= argument <= 0x7FFF for argument in arguments):
            refuse(f"a size of {max(map(abs, arguments))}: the kernel counts to 32767 there")
        self._steps[tail].append(Instruction(operator, slot, tuple(operands), tuple(arguments)))
        return slot

    def constant(self, value: NDArray[Any]) -> int:
        """The slot of a constant matrix, stored once."""
        if max(value.shape) > _MOST_CELLS_A_SIDE:
            refuse(f"a constant of {value.shape[0]} x {value.shape[1]}: only the item table may be longer")
        cells = np.ascontiguousarray(value, np.float32)
        key = (cells.shape, cells.tobytes())
        if key not in self._constants:
            self._values.append(cells)
            self._constants[key] = -len(self._values)
        return self._constants[key]

    def operand(self, value: Constant | Tensor, what: str, want: tuple[Dim, Dim] | None = None) -> int:
        """The slot of `value` as a matrix of its own, or of the size `want`."""
        shape = shape_of(value)
        axes = kept_axes(shape)
        if axes is None:
            refuse(f"{what}: a tensor of more than two axes, {len(shape)}")
        have = matrix(shape, axes)
        if isinstance(value, Constant):
            rows, cols = want or have
            return self.constant(value.value.reshape(rows.a, cols.a))
        return self.reshaped(value.slot, have, want or have, value.tail, what)

    def reshaped(self, slot: int, have: tuple[Dim, Dim], want: tuple[Dim, Dim], tail: bool, what: str) -> int:
        """The same cells as another matrix."""
        if have == want:
            return slot
        if not (want[0].fixed or want[1].fixed):
            refuse(f"{what}: rows and columns both change with the session")
        return self.emit("RESHAPE", [slot], tail, [dim.a if dim.fixed else -1 for dim in want])

    def result(self, slot: int, have: tuple[Dim, Dim], shape: Shape, kind: str, tail: bool, what: str) -> Tensor:
        """A tensor of `shape` from a matrix of the size `have`."""
        axes = kept_axes(shape)
        if axes is None:
            refuse(f"{what}: a tensor of more than two axes, {len(shape)}")
        at = self.reshaped(slot, have, matrix(shape, axes), tail, what)
        return Tensor(at, shape, kind, tail, root=at)

    def scalar(self, value: float) -> Constant:
        """A constant of one cell."""
        return Constant(np.full((1, 1), value, np.float32))

    def program(self, embedding: int, bias: int | None, purchase: int | None, leave: int | None) -> Program:
        """What was collected, slots numbered as in the file; instructions whose results nobody reads are left out."""
        wanted = {slot for slot in (embedding, bias, purchase, leave) if slot is not None}
        steps = {tail: self._needed(tail, wanted) for tail in (True, False)}
        used = sorted({slot for kind in steps.values() for step in kind for slot in step.operands if slot < 0}, reverse=True)
        fixed_slots = len(self.inputs) + 1
        number = {slot: slot for slot in range(fixed_slots)} | {slot: fixed_slots + at for at, slot in enumerate(used)}
        results = [step.out for tail in (False, True) for step in steps[tail]]
        number |= {slot: fixed_slots + len(used) + at for at, slot in enumerate(results)}
        if len(number) > MOST_SLOTS:
            refuse(f"{len(number)} values: the kernel holds {MOST_SLOTS}")

        def place(slot: int | None) -> int:
            return NONE if slot is None else number[slot]

        return Program(
            inputs=self.inputs, constants=tuple(self._values[-slot - 1] for slot in used),
            session=self._numbered(steps[False], number), tail=self._numbered(steps[True], number), slots=len(number),
            embedding=place(embedding), session_bias=place(bias), purchase=place(purchase), leave=place(leave),
        )  # fmt: skip

    def _needed(self, tail: bool, wanted: set[int]) -> list[Instruction]:
        needed = []
        for step in reversed(self._steps[tail]):
            if step.out in wanted:
                needed.append(step)
                wanted.update(step.operands)
        return needed[::-1]

    @staticmethod
    def _numbered(steps: Sequence[Instruction], number: dict[int, int]) -> tuple[Instruction, ...]:
        return tuple(
            Instruction(step.operator, number[step.out], tuple(number[slot] for slot in step.operands), step.arguments)
            for step in steps
        )


def matrix_of(shape: Shape, what: str) -> tuple[Dim, Dim]:
    """Rows and columns of a tensor."""
    axes = kept_axes(shape)
    if axes is None:
        refuse(f"{what}: a tensor of more than two axes, {len(shape)}")
    return matrix(shape, axes)


__all__ = ["Builder", "fixed", "matrix_of", "refuse"]
