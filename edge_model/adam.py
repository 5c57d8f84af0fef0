"""Adam (Kingma & Ba, ICLR 2015, algorithm 1), over a dict of arrays and over the rows of a large table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_model.model_math import Array, import_jax
from edge_model.weights import Float32, Weights

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8

State = tuple[dict[str, Array], dict[str, Array], Array]
"""First moments, second moments, steps done."""


def start(weights: Weights) -> State:
    """The state before the first step."""
    return {k: np.zeros_like(v) for k, v in weights.items()}, {k: np.zeros_like(v) for k, v in weights.items()}, np.float32(0)


def update(weights: dict[str, Array], gradient: dict[str, Array], state: State, rate: Array) -> tuple[dict[str, Array], State]:
    """One step at learning rate `rate`."""
    mean, square, count = state
    new = {k: move(w, gradient[k], mean[k], square[k], rate, count + 1) for k, w in weights.items()}
    moved, mean, square = ({k: parts[n] for k, parts in new.items()} for n in range(3))
    return moved, (mean, square, count + 1)


def move(value: Array, gradient: Array, mean: Array, square: Array, rate: Array, count: Array) -> tuple[Array, Array, Array]:
    """(value, mean, square) after step number `count`."""
    jnp = import_jax().numpy
    mean = BETA_1 * mean + (1 - BETA_1) * gradient
    square = BETA_2 * square + (1 - BETA_2) * gradient**2
    scale = rate * jnp.sqrt(1 - BETA_2**count) / (1 - BETA_1**count)
    return value - scale * mean / (jnp.sqrt(square) + EPSILON), mean, square


@dataclass
class Rows:
    """A table of which a step moves a few rows only; the others, moments included, rest (lazy Adam)."""

    value: Float32
    """[N, d]"""
    mean: Float32
    square: Float32

    @classmethod
    def start(cls, value: Float32) -> Rows:
        """The state before the first step."""
        return cls(value.copy(), np.zeros_like(value), np.zeros_like(value))

    def take(self, rows: NDArray[np.int64]) -> tuple[Float32, Float32, Float32]:
        """(value, mean, square) of these rows."""
        return self.value[rows], self.mean[rows], self.square[rows]

    def put(self, rows: NDArray[np.int64], moved: tuple[Any, Any, Any]) -> None:
        """Write back the first len(rows) of what a step returned."""
        for table, new in zip((self.value, self.mean, self.square), moved, strict=True):
            table[rows] = np.asarray(new)[: len(rows)]
