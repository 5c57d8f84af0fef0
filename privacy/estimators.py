"""Unbiased counts from messages.

S(x) counts the messages that support x. With p = w / (w + v (m - 1)) and r = v / (w + v (m - 1)), a report of x supports x with
probability p, a report of another value with probability s = C p + (1 - C) r, C the collision probability, the same for every
pair. So n(x) = (S(x) - n s) / (p - s) is unbiased, with variance close to n s (1 - s) / (p - s)^2 for values that few report.

For affine points S is a discrete Radon transform: S(x) = sum over directions a of H[a, <a, x>]. Its Fourier transform over F_q^D
has on the line {k a} the transform of row a of H, so one FFT of the rows, one scatter and one inverse FFT give all S at once
(the projection-slice theorem); 8.8 million cells for d = 43,000 at epsilon 8, 64 million for a million items at epsilon 6.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from contracts import Noise
from privacy.accounting.score import Support, score_interval, support_of_weights
from privacy.affine_arrays import directions, grid_index
from privacy.errors import MechanismRefused
from privacy.mechanisms import AffinePoint, Mechanism, coefficient

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]


@dataclass(frozen=True)
class DrawnNoise:
    """Noise on the support counts, as `privacy.noise` draws it."""

    stated: Noise
    drawn: Int64
    """int64[d + 1], value 0 first."""


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


def estimate(mechanism: Mechanism, messages: NDArray[np.integer], noise: DrawnNoise | None = None) -> Estimate:
    """Counts of all values from uint32[n] messages; `noise` goes on the support counts, before they are unbiased."""
    return estimate_histogram(mechanism, message_histogram(mechanism, messages), noise)


def estimate_histogram(mechanism: Mechanism, histogram: Int64, noise: DrawnNoise | None = None) -> Estimate:
    """As `estimate`, from the histogram of messages."""
    n = int(histogram.sum())
    support = _support(mechanism, histogram) if isinstance(mechanism, AffinePoint) else histogram.astype(np.float64)
    return _estimate_of(support, n, mechanism, noise)


def support_counts(mechanism: Mechanism, counts: Float64, n: int) -> Float64:
    """float64[d + 1]: the support counts S(x), whole but for rounding, that the estimated counts of n reports were made of."""
    support = support_of(mechanism)
    return counts * (support.own - support.other) + n * support.other


def estimate_direct(mechanism: Mechanism, messages: NDArray[np.integer]) -> Estimate:
    """As `estimate`, by summing over every pair of message and value: the check of the FFT, for small domains."""
    histogram = message_histogram(mechanism, messages)
    support = np.zeros(mechanism.domain_size + 1)
    for message in np.flatnonzero(histogram):
        supported = [mechanism.supports(int(message), value) for value in range(mechanism.domain_size + 1)]
        support += histogram[message] * np.array(supported)
    return _estimate_of(support, int(histogram.sum()), mechanism)


def _estimate_of(supported: Float64, n: int, mechanism: Mechanism, noise: DrawnNoise | None = None) -> Estimate:
    support = support_of(mechanism, noise.stated.sigma if noise else 0.0)
    if noise is not None:
        supported = supported + noise.drawn
    return Estimate((supported - n * support.other) / (support.own - support.other), n, support)


def support_of(mechanism: Mechanism, sigma: float = 0.0) -> Support:
    """Probabilities that a report supports its own value, and another given one; `sigma` of the noise on the support counts."""
    return replace(support_of_weights(mechanism.w, mechanism.v, mechanism.modulus, mechanism.collision), sigma=sigma)


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

    Along the last axis no transform is needed: the paraboloid puts the d + 1 points at few heights s over each t, and S is real,
    so each height is a sum over the half spectrum k = 0..q div 2. Slices k come in blocks: memory stays near that of the rows.
    """
    q, dimension, half = mechanism.q, mechanism.dimension, mechanism.q // 2 + 1
    plane = q ** (dimension - 1)
    rows = np.fft.rfft(histogram.reshape(mechanism.directions, q), axis=1)  # [K, half]
    lift, layers = _lift(mechanism), mechanism.domain_size // plane + 1
    turn = np.exp(2j * np.pi * np.arange(q) / q)
    heights = np.zeros((plane, layers))
    slices = _Slices(mechanism, rows)
    for begin in range(0, half, block := max(1, BLOCK_CELLS // plane)):
        ks = np.arange(begin, min(half, begin + block))
        spectrum = np.stack([slices.at(int(k)) for k in ks]).reshape(len(ks), *[q] * (dimension - 1))
        image = np.fft.ifftn(spectrum, axes=range(1, dimension)).reshape(len(ks), plane)
        image *= turn[np.outer(ks, lift) % q]
        weights = (
            np.where((ks == 0) | (2 * ks == q), 1.0, 2.0)[:, None] * turn[np.outer(ks, np.arange(layers)) % q]
        )  # [ks, layers]
        heights += image.real.T @ weights.real - image.imag.T @ weights.imag
    # ifftn divided by plane; the sum over k lacks its 1 / q; the theorem gives plane times their product.
    found: Float64 = np.rint(heights.T.ravel()[: mechanism.domain_size + 1] / q * plane)
    return found


BLOCK_CELLS = 1 << 21
"""Cells of the spectrum transformed at a time: 32 MiB of complex128."""


def _lift(mechanism: AffinePoint) -> Int64:
    """int64[q^(D-1)]: sum of c_i t_i^2 mod q at t = (t_{D-1}, ..., t_1), in C order: that of the values."""
    q, squares = mechanism.q, np.arange(mechanism.q) ** 2
    found = np.zeros(1, dtype=np.int64)
    for i in range(mechanism.dimension - 1, 0, -1):
        found = (found[:, None] + coefficient(i, q) * squares[None, :]).ravel() % q
    return found


class _Slices:
    """Slices of the spectrum of S at one height k of the last axis; a line {j a} crosses each height k > 0 in one point."""

    def __init__(self, mechanism: AffinePoint, rows: NDArray[np.complex128]) -> None:
        q, all_of = mechanism.q, directions(mechanism)
        self.mechanism, self.rows = mechanism, rows
        self.flat, self.steep = np.flatnonzero(all_of[:, -1] == 0), np.flatnonzero(all_of[:, -1])
        inverse = np.array([0, *(pow(j, -1, q) for j in range(1, q))])
        unit = inverse[all_of[self.steep, -1]]  # j with j a_D = 1
        small = np.int32 if q < 1 << 15 else np.int64  # products of two below q
        self.unit = unit.astype(small)
        self.base = [(unit * all_of[self.steep, i] % q).astype(small) for i in range(mechanism.dimension - 2, -1, -1)]
        self.along = all_of[self.flat, -2::-1]

    def at(self, k: int) -> NDArray[np.complex128]:
        """complex128[q^(D-1)]."""
        q = self.mechanism.q
        found = np.zeros(q ** (self.mechanism.dimension - 1), dtype=np.complex128)
        if k:
            place: NDArray[np.integer] = np.zeros(len(self.steep), dtype=np.int64)
            for column in self.base:  # the last free coordinate first, as in `_lift`
                place = place * q + k * column % q
            found[place] = self._values(self.steep, k * self.unit % q)
            return found
        for j in range(1, q):
            found[grid_index(j * self.along % q, q)] = self._values(self.flat, np.full(len(self.flat), j))
        found[0] = self.rows[:, 0].real.sum()
        return found

    def _values(self, which: Int64, j: NDArray[np.integer]) -> NDArray[np.complex128]:
        q = self.mechanism.q
        values: NDArray[np.complex128] = self.rows[which, np.minimum(j, q - j)]
        np.negative(values.imag, out=values.imag, where=2 * j > q)
        return values
