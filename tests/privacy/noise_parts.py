"""The discrete Gaussian by its definition, in plain sums: what the tests of the noise compare with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]


def masses(sigma: float) -> Float64:
    """float64[2 r + 1]: probabilities of -r..r, r = 12 sigma or more; what lies beyond is below e^-70."""
    reach = int(12 * sigma) + 1
    k = np.arange(-reach, reach + 1, dtype=np.float64)
    weights = np.exp(-k * k / (2 * sigma * sigma))
    return np.asarray(weights / weights.sum())


def exact_delta(sigma: float, moved: int, epsilon: float) -> float:
    """Hockey-stick divergence at e^epsilon of counts of which `moved` have moved by one, by enumeration.

    The loss of a draw is (2 T - moved) / (2 sigma^2), T the sum of the moved counts' noise in the direction they moved, so T is
    all there is to enumerate: moved-fold convolution of the masses.
    """
    one = masses(sigma)
    total = np.ones(1)
    for _ in range(moved):
        total = np.convolve(total, one)
    away = np.concatenate([np.zeros(moved), total])  # T - moved under the other input
    here = np.concatenate([total, np.zeros(moved)])
    return float(np.maximum(0.0, away - np.exp(epsilon) * here).sum())


def exact_epsilon(sigma: float, moved: int, delta: float) -> float:
    """Least epsilon with (epsilon, delta), by bisection of `exact_delta`."""
    low, high = 0.0, 40.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if exact_delta(sigma, moved, middle) <= delta else (middle, high)
    return high
