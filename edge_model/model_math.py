"""JAX, imported only where training happens, and the few functions that every part of the trainer uses."""

from __future__ import annotations

from typing import Any

from edge_model.errors import TrainExtraMissing

Array = Any
"""A JAX array."""


def import_jax() -> Any:
    """JAX, or `TrainExtraMissing`."""
    try:
        import jax
    except ImportError:
        raise TrainExtraMissing(
            "Training needs JAX, which is not installed here; install the train extra: pip install 'intently[train]'."
        ) from None
    return jax


def unit(vectors: Array) -> Array:
    """Vectors of length one along the last axis."""
    jax = import_jax()
    return vectors * jax.lax.rsqrt(jax.numpy.sum(vectors * vectors, axis=-1, keepdims=True) + 1e-12)
