"""What a name of the graph stands for while it is compiled."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from numpy.typing import NDArray

from browser_runtime.kernel.dims import Dim, Shape, fixed


@dataclass(frozen=True)
class Constant:
    """Known now."""

    value: NDArray[Any]


@dataclass(frozen=True)
class Sizes:
    """Integers that follow from T and C: what Shape gives. A scalar where `scalar`."""

    dims: tuple[Dim, ...]
    scalar: bool = False


@dataclass(frozen=True)
class Tensor:
    """In a slot of the kernel, as the matrix of `kept_axes(shape)`."""

    slot: int
    shape: Shape
    kind: str = "float"
    """float, int or bool; all are stored as float32."""
    tail: bool = False
    """Depends on the candidates."""
    ids: str = ""
    """`item` or `candidates` where it holds their indices and nothing else."""
    root: int = -1
    """Slot whose cells these are, through reshapes."""

    def like(self, slot: int, shape: Shape) -> Tensor:
        """The same cells in another shape."""
        return replace(self, slot=slot, shape=shape)


@dataclass(frozen=True)
class CandidateRows:
    """The candidates' vectors, [C, d]."""


@dataclass(frozen=True)
class ItemBias:
    """A table's entry for each candidate, [C]; the table by its name."""

    table: str


@dataclass(frozen=True)
class Score:
    """scale * cosine + bias + terms, [C]."""

    scale: float
    bias: ItemBias | None = None
    terms: tuple[Tensor, ...] = field(default=())


Value = Constant | Sizes | Tensor | CandidateRows | ItemBias | Score


def shape_of(value: Value) -> Shape:
    """Shape of a constant or tensor."""
    if isinstance(value, Constant):
        return fixed(*value.value.shape)
    assert isinstance(value, Tensor)
    return value.shape
