"""Draws second-level noise: OpenDP's discrete Gaussian on the support counts, with the system's randomness.

OpenDP samples it exactly, in integers (Canonne, Kamath, Steinke 2020, section 5), some 10 us a value. It is drawn once for a
closed bucket, in the moment its close is planned, and kept with the plan as the noised counts alone: two draws over the same
counts would average out (docs/decisions/0111-noise-on-the-counts.md).
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
import opendp.prelude as dp
from numpy.typing import NDArray

from privacy.accounting.noise import noise_for, noised_epsilon, rho_of
from privacy.errors import MechanismRefused
from privacy.mechanisms import Mechanism

Int64 = NDArray[np.int64]
AGREEMENT = 1e-9
"""Most by which OpenDP's maps, in float64 that rounds up, may exceed the accountant's."""


def draw_noise(sigma: float, values: int) -> Int64:
    """int64[values] of the discrete Gaussian with parameter `sigma`, independent, by OpenDP."""
    return np.array(_measurement(sigma)([0] * values), dtype=np.int64)


@lru_cache(maxsize=64)
def _measurement(sigma: float) -> Any:
    dp.enable_features("contrib")
    return dp.m.make_gaussian(dp.vector_domain(dp.atom_domain(T="i64")), dp.l2_distance(T="f64"), sigma)


def least_noise(mechanism: Mechanism, epsilon: float, delta: float) -> dict[str, Any]:
    """{kind, sigma, support_most} of the least noise that keeps a close within (epsilon, delta); raises `MechanismRefused`."""
    try:
        return noise_for(mechanism.record().model_dump(), mechanism.domain_size, epsilon, delta)
    except ValueError as error:
        raise MechanismRefused(str(error)) from None


def reference_noised_epsilon(support: int, sigma: float, delta: float) -> float:
    """Epsilon of one close by OpenDP's own maps; raises `MechanismRefused` where the accountant states less."""
    measurement, distance = _measurement(sigma), math.sqrt(2 * support)
    if measurement.map(distance) > rho_of(support, sigma) * (1 + AGREEMENT):
        raise MechanismRefused(f"noise: OpenDP computes rho = {measurement.map(distance)}, want {rho_of(support, sigma)}")
    found = float(dp.c.make_zCDP_to_approxDP(measurement).map(distance).epsilon(delta))
    stated = noised_epsilon([(support, sigma, 1)], delta)
    if found > stated + AGREEMENT:
        raise MechanismRefused(f"noise: OpenDP computes epsilon {found} at delta {delta:g}, the accountant {stated}")
    return found
