"""Sizes that depend on the run: a + t * T + c * C, where T is the number of events and C that of candidates."""

from __future__ import annotations

from typing import NamedTuple


class Dim(NamedTuple):
    """One size."""

    a: int = 0
    t: int = 0
    c: int = 0

    @property
    def fixed(self) -> bool:
        """Whether it is the same in every run."""
        return self.t == 0 and self.c == 0

    def plus(self, other: Dim, sign: int = 1) -> Dim:
        """Their sum, or difference."""
        return Dim(self.a + sign * other.a, self.t + sign * other.t, self.c + sign * other.c)


ONE, EVENTS, CANDIDATES = Dim(1), Dim(0, 1), Dim(0, 0, 1)
Shape = tuple[Dim, ...]


def fixed(*sizes: int) -> Shape:
    """A shape of numbers."""
    return tuple(Dim(int(size)) for size in sizes)


def kept_axes(shape: Shape) -> tuple[int, int] | None:
    """The two axes of a matrix with the same cells; -1 stands for an axis of size 1 in front. None if there are more than two."""
    axes = list(range(len(shape)))
    while len(axes) > 2:
        ones = [axis for axis in axes if shape[axis] == ONE]
        if not ones:
            return None
        axes.remove(ones[0])
    front = [-1] * (2 - len(axes))
    rows, cols = (*front, *axes)
    return rows, cols


def matrix(shape: Shape, axes: tuple[int, int]) -> tuple[Dim, Dim]:
    """Rows and columns of `shape` along `axes`."""
    rows, cols = (ONE if axis < 0 else shape[axis] for axis in axes)
    return rows, cols


def broadcast(a: Shape, b: Shape) -> Shape | None:
    """NumPy's rule; None where it does not hold for every T and C."""
    rank = max(len(a), len(b))
    a, b = (ONE,) * (rank - len(a)) + a, (ONE,) * (rank - len(b)) + b
    if any(x != y and ONE not in (x, y) for x, y in zip(a, b, strict=True)):
        return None
    return tuple(y if x == ONE else x for x, y in zip(a, b, strict=True))
