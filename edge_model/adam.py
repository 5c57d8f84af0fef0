"""Adam (Kingma & Ba, ICLR 2015, algorithm 1), over a dict of arrays."""

from __future__ import annotations

from typing import Any

from edge_model.model import Array, import_jax

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8

State = tuple[dict[str, Array], dict[str, Array], Array]
"""First moments, second moments, steps done."""


def start(weights: dict[str, Array]) -> State:
    """The state before the first step."""
    jnp = import_jax().numpy
    zeros = {name: jnp.zeros_like(value) for name, value in weights.items()}
    return zeros, dict(zeros), jnp.zeros((), jnp.float32)


def update(weights: dict[str, Array], gradient: dict[str, Array], state: State, rate: Any) -> tuple[dict[str, Array], State]:
    """One step at learning rate `rate`."""
    jnp = import_jax().numpy
    mean, square, count = state
    count = count + 1
    mean = {k: BETA_1 * m + (1 - BETA_1) * gradient[k] for k, m in mean.items()}
    square = {k: BETA_2 * s + (1 - BETA_2) * gradient[k] ** 2 for k, s in square.items()}
    scale = rate * jnp.sqrt(1 - BETA_2**count) / (1 - BETA_1**count)
    moved = {k: w - scale * mean[k] / (jnp.sqrt(square[k]) + EPSILON) for k, w in weights.items()}
    return moved, (mean, square, count)
