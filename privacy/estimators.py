"""Unbiased counts from messages.

S(x) counts the messages that support x. With p = w / (w + v (m - 1)) and r = v / (w + v (m - 1)), a report of x supports x with
probability p, a report of another value with probability s = C p + (1 - C) r, C the collision probability, the same for every
pair. So n(x) = (S(x) - n s) / (p - s) is unbiased, with variance close to n s (1 - s) / (p - s)^2 for values that few report.

For affine points S is a discrete Radon transform: S(x) = sum over directions a of H[a, <a, x>]. Its Fourier transform over F_q^D
has on the line {k a} the transform of row a of H, so one FFT of the rows, one scatter and one inverse FFT give all S at once
(the projection-slice theorem); 8.8 million cells for d = 43,000 at epsilon 8.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from privacy.accounting.score import Support, score_interval, support_of_weights
from privacy.affine_arrays import directions, grid_index, points
from privacy.errors import MechanismRefused
from privacy.mechanisms import AffinePoint, Mechanism

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]


@dataclass(frozen=True)
class Estimate:
    """Counts of all values."""

    counts: Float64
    """float64[d + 1]: estimated reports of each value, value 0 (NONE) first; unbiased, may be negative."""
    n: int
    """Reports."""
    support: Support
    """How reports support their own value and others: with `n`, all that the interval of a count needs."""

    @property
    def sd(self) -> float:
        """Standard deviation of the count of a value that nobody reports."""
        return math.sqrt(self.support.variance(self.n))


def message_histogram(mechanism: Mechanism, messages: NDArray[np.integer]) -> Int64:
    """int64[mechanism.messages]; raises `MechanismRefused` for a message out of range."""
    found = np.asarray(messages, dtype=np.int64)
    if found.size and (found.min() < 0 or found.max() >= mechanism.messages):
        raise MechanismRefused(f"messages: got {found.min()} to {found.max()}, want 0 to {mechanism.messages - 1}")
    return np.bincount(found, minlength=mechanism.messages)


def estimate(mechanism: Mechanism, messages: NDArray[np.integer]) -> Estimate:
    """Counts of all values from uint32[n] messages."""
    return estimate_histogram(mechanism, message_histogram(mechanism, messages))


def estimate_histogram(mechanism: Mechanism, histogram: Int64) -> Estimate:
    """As `estimate`, from the histogram of messages."""
    n = int(histogram.sum())
    support = _support(mechanism, histogram) if isinstance(mechanism, AffinePoint) else histogram.astype(np.float64)
    return _estimate_of(support, n, mechanism)


def estimate_direct(mechanism: Mechanism, messages: NDArray[np.integer]) -> Estimate:
    """As `estimate`, by summing over every pair of message and value: the check of the FFT, for small domains."""
    histogram = message_histogram(mechanism, messages)
    support = np.zeros(mechanism.domain_size + 1)
    for message in np.flatnonzero(histogram):
        supported = [mechanism.supports(int(message), value) for value in range(mechanism.domain_size + 1)]
        support += histogram[message] * np.array(supported)
    return _estimate_of(support, int(histogram.sum()), mechanism)


def _estimate_of(supported: Float64, n: int, mechanism: Mechanism) -> Estimate:
    support = support_of(mechanism)
    return Estimate((supported - n * support.other) / (support.own - support.other), n, support)


def support_of(mechanism: Mechanism) -> Support:
    """Probabilities that a report supports its own value, and another given one."""
    return support_of_weights(mechanism.w, mechanism.v, mechanism.modulus, mechanism.collision)


def standard_deviation(mechanism: Mechanism, n: int, reported: int = 0) -> float:
    """Of the estimated count of a value that `reported` of `n` clients hold."""
    return math.sqrt(support_of(mechanism).variance(n, reported))


def interval(found: Estimate, confidence: float) -> tuple[Float64, Float64]:
    """One-sided bounds (low, high) on each count, each holding with `confidence` in [0.5, 1): Wilson's score interval (1927),
    corrected for whole numbers and skewness; formula in `privacy.accounting.score`. Raises `MechanismRefused`.
    """
    try:
        score = score_interval(found.support, found.n, confidence)
    except ValueError as error:
        raise MechanismRefused(str(error)) from None
    bounds = np.array([score.around(count) for count in found.counts.tolist()])
    return bounds[:, 0], bounds[:, 1]


def _support(mechanism: AffinePoint, histogram: Int64) -> Float64:
    """float64[d + 1]: S(x), by the projection-slice theorem; rounded to the integers that they are.

    S is real, so only the half of its spectrum whose last coordinate is at most q div 2 is filled.
    """
    q, dimension, half = mechanism.q, mechanism.dimension, mechanism.q // 2 + 1
    rows = np.fft.rfft(histogram.reshape(mechanism.directions, q).astype(np.float64), axis=1)  # [K, half]
    spectrum = np.zeros((*[q] * (dimension - 1), half), dtype=np.complex128)
    a = directions(mechanism)  # [K, D]
    for k in range(1, half):
        for line, values in ((k * a % q, rows[:, k]), (-k * a % q, rows[:, k].conj())):
            low = line[:, -1] < half
            spectrum.ravel()[grid_index(line[low, :-1], q) * half + line[low, -1]] = values[low]
    spectrum.ravel()[0] = histogram.sum()
    image = np.fft.irfftn(spectrum, s=(q,) * dimension, axes=range(dimension)).ravel() * float(q ** (dimension - 1))
    return np.rint(image[grid_index(points(mechanism), q)])
