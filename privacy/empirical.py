"""Lower bounds on epsilon by experiment: two values, many messages, an event learned on one half and counted on the other.

If a randomizer is epsilon-private then P_a(E) <= e^epsilon P_b(E) for every event E, so ln(low P_a / high P_b), with exact
Clopper-Pearson bounds at half the error each, is below epsilon with the stated confidence, whatever the event. The event is
learned: a fixed one is blind to faults elsewhere, such as poor randomness.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from privacy.affine_arrays import directions, points
from privacy.mechanisms import AffinePoint, Mechanism

Int64 = NDArray[np.int64]
Sampler = Callable[[int, int], NDArray[np.integer]]
"""(value, n) -> n messages of the randomizer under test for that value."""
VIOLATION_CONFIDENCE = 1 - 1e-6
"""A bound above the claim counts as a violation only at this confidence."""


@dataclass(frozen=True)
class EmpiricalBound:
    """What the experiment shows."""

    claimed: float
    lower: float
    """With the confidence asked for."""
    lower_violation: float
    """With `VIOLATION_CONFIDENCE`."""
    samples: int
    """Test messages of each value."""

    @property
    def violated(self) -> bool:
        """Whether the randomizer spends more than it claims."""
        return self.lower_violation > self.claimed


def clopper_pearson(hits: int, n: int, error: float) -> tuple[float, float]:
    """Exact one-sided bounds (low, high) of a probability, each wrong with probability at most `error`."""
    low, high = 0.0, 1.0
    if hits > 0:  # P[X >= hits] = I_p(hits, n - hits + 1) grows with p
        low, _ = _bisect(lambda p: _beta(hits, n - hits + 1, p) <= error, 0.0, hits / n)
    if hits < n:  # P[X <= hits] = I_(1-p)(n - hits, hits + 1) falls with p
        _, high = _bisect(lambda p: _beta(n - hits, hits + 1, 1 - p) > error, hits / n, 1.0)
    return low, high


def audit_randomizer(mechanism: Mechanism, sample: Sampler, a: int, b: int, n: int, confidence: float = 0.95) -> EmpiricalBound:
    """Bound the epsilon of `sample`, which claims to be `mechanism`, from n training and n test messages of each of a and b."""
    learned = _learn(mechanism, _offsets(mechanism, sample(a, n), a, b), _offsets(mechanism, sample(b, n), a, b))
    hits_a = int(learned[_offsets(mechanism, sample(a, n), a, b)].sum())
    hits_b = int(learned[_offsets(mechanism, sample(b, n), a, b)].sum())
    lower, lower_violation = (_log_ratio(hits_a, hits_b, n, 1 - level) for level in (confidence, VIOLATION_CONFIDENCE))
    return EmpiricalBound(mechanism.epsilon, lower, lower_violation, n)


def _log_ratio(hits_a: int, hits_b: int, n: int, error: float) -> float:
    low, high = clopper_pearson(hits_a, n, error / 2)[0], clopper_pearson(hits_b, n, error / 2)[1]
    return math.log(low / high) if low > 0 else -math.inf


def _offsets(mechanism: Mechanism, messages: NDArray[np.integer], a: int, b: int) -> Int64:
    """int64[n]: m * (offset from a's residue) + (offset from b's): all that two values can be told apart by."""
    messages, m = np.asarray(messages, dtype=np.int64), mechanism.modulus
    index, answer = messages // m, messages % m
    if isinstance(mechanism, AffinePoint):
        unique, back = np.unique(index, return_inverse=True)
        residues: Int64 = (directions(mechanism, unique) @ points(mechanism, np.array([a, b])).T % m)[back]
        return np.asarray((answer - residues[:, 0]) % m * m + (answer - residues[:, 1]) % m)
    return np.asarray((answer - a) % m * m + (answer - b) % m)


def _learn(mechanism: Mechanism, of_a: Int64, of_b: Int64) -> NDArray[np.bool_]:
    """bool[m * m]: pairs of offsets (i, j), ordered on one half of these samples, cut where the bound is best on the other half.

    The score of a pair is the margin of i under a, over that of i under b and that of j under b: m numbers each, not m * m.
    """
    m, half = mechanism.modulus, len(of_a) // 2
    kept, shown = np.bincount(of_a[:half] // m, minlength=m) + 1.0, np.bincount(of_b[:half] % m, minlength=m) + 1.0
    elsewhere = np.bincount(of_b[:half] // m, minlength=m) + 1.0
    score = np.log(kept / elsewhere)[:, None] - np.log(shown)[None, :]
    np.fill_diagonal(score, -np.inf)  # the same offset from both says nothing
    order = np.argsort(-score.ravel(), kind="stable")
    hits_a, hits_b = (np.cumsum(np.bincount(of[half:], minlength=m * m)[order]) for of in (of_a, of_b))
    cuts = np.unique([*np.geomspace(1, m * m, 24).astype(int), m - 1]) - 1
    best = max(cuts, key=lambda cut: _log_ratio(int(hits_a[cut]), int(hits_b[cut]), half, 1 - VIOLATION_CONFIDENCE))
    event = np.zeros(m * m, dtype=np.bool_)
    event[order[: best + 1]] = True
    return event


def _bisect(holds: Callable[[float], bool], low: float, high: float) -> tuple[float, float]:
    """Narrow [low, high] around the point above which `holds` no longer holds."""
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low, high


def _beta(a: float, b: float, x: float) -> float:
    """Regularized incomplete beta function I_x(a, b), by Lentz's continued fraction (Numerical Recipes, 6.4)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(a, b, x) / a
    return 1 - front * _fraction(b, a, 1 - x) / b


def _fraction(a: float, b: float, x: float) -> float:
    tiny, c = 1e-300, 1.0
    d = 1 / (1 - (a + b) * x / (a + 1) or tiny)
    found = d
    for k in range(1, 100_000):
        for step in (
            k * (b - k) * x / ((a + 2 * k - 1) * (a + 2 * k)),
            -(a + k) * (a + b + k) * x / ((a + 2 * k) * (a + 2 * k + 1)),
        ):
            d = 1 / (1 + step * d or tiny)
            c = 1 + step / c or tiny
            found *= d * c
        if abs(d * c - 1) < 1e-15:
            break
    return found
