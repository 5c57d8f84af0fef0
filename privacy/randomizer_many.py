"""Many randomized reports at once, by a numpy generator: for simulations only, never for a real client.

The distribution is that of `privacy.randomizer.randomize`; the randomness is not of cryptographic quality.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from privacy.affine_arrays import directions, points
from privacy.errors import MechanismRefused
from privacy.mechanisms import AffinePoint, Mechanism


def randomize_many(mechanism: Mechanism, values: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.uint32]:
    """uint32[n] messages of int[n] values in 0..d; raises `MechanismRefused` for a value out of range."""
    values = np.asarray(values, dtype=np.int64)
    if values.size and (values.min() < 0 or values.max() > mechanism.domain_size):
        raise MechanismRefused(f"values: got {values.min()} to {values.max()}, want 0 to {mechanism.domain_size}")
    index = np.zeros(len(values), dtype=np.int64)
    residue = values
    if isinstance(mechanism, AffinePoint):
        index = rng.integers(mechanism.directions, size=len(values))
        residue = (directions(mechanism, index) * points(mechanism, values)).sum(axis=1) % mechanism.q
    u = rng.integers(mechanism.draws, size=len(values))
    offset = np.where(u < mechanism.w, 0, 1 + (u - mechanism.w) // mechanism.v)
    return (index * mechanism.modulus + (residue + offset) % mechanism.modulus).astype(np.uint32)


def discrete_gaussian_many(sigma: float, size: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """int64[size] of the discrete Gaussian with parameter `sigma`, by inverting its distribution up to 12 sigma (mass e^-70).

    For simulations and tests: `privacy.noise` is what is published with.
    """
    reach = int(12 * sigma) + 1
    k = np.arange(-reach, reach + 1)
    below = np.cumsum(np.exp(-(k * k) / (2 * sigma * sigma)))
    return np.asarray(k[np.searchsorted(below, rng.random(size) * below[-1], side="right")], dtype=np.int64)
