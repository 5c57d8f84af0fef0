"""Measures noise that was really drawn: of a close, where its reports are still known, and of many draws for two neighbouring
batches.

Of one close: published support counts less those of the messages are the draw itself, whose squares add up to sigma^2 chi-
square. Of many: an event learned on one half, counted on the other. Counts that move by sqrt(M) in L2 under noise of sigma
are mu = sqrt(M) / sigma apart, so for every event Phi^-1(P_a) - Phi^-1(P_b) <= mu (Dong, Roth, Su, Gaussian differential
privacy, JRSS B 84 (2022), section 2), and exact Clopper-Pearson bounds of the two probabilities give a lower bound on mu
(Nasr et al., Tight auditing, USENIX Security 2023).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from privacy.empirical import VIOLATION_CONFIDENCE, clopper_pearson

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
Closes = Callable[[int], NDArray[np.floating]]
"""n -> float64[n, d + 1]: support counts of n closes of one batch, each with noise of its own."""
NORMAL = NormalDist()
CUTS = 40


def residual_fault(published: Float64, counted: Float64, sigma: float) -> str:
    """What shows that published - counted, support counts float64[d + 1], is no draw of noise of `sigma`; '' where nothing does.

    Judged at an error of 1e-6 by the sum of squares (Wilson and Hilferty 1931) and by the sum. A lack of 25 % shows from some
    150 values on.
    """
    drawn, most = published - counted, NORMAL.inv_cdf((1 + VIOLATION_CONFIDENCE) / 2)
    if np.max(np.abs(drawn - np.rint(drawn))) > 1e-3:
        return "differs from the messages' by numbers that are not whole"
    n, spread = len(drawn), float(np.sqrt(np.mean(drawn**2)))
    cube = ((spread / sigma) ** (2 / 3) - (1 - 2 / (9 * n))) / math.sqrt(2 / (9 * n))
    if abs(cube) > most:
        return f"holds noise of {spread:.6g}, its receipt says {sigma:g}"
    if abs(float(drawn.sum())) > most * sigma * math.sqrt(n):
        return f"holds noise whose mean is {float(drawn.mean()):.3g}, want 0"
    return ""


@dataclass(frozen=True)
class SeparationBound:
    """How far apart the closes of two neighbouring batches were seen to be, in sigmas of the counts that move."""

    claimed: float
    """mu = sqrt(2 support_most) / sigma."""
    lower: float
    """With 95 %."""
    lower_violation: float
    """With `VIOLATION_CONFIDENCE`."""
    draws: int

    @property
    def violated(self) -> bool:
        """Whether there is less noise than claimed."""
        return self.lower_violation > self.claimed


def audit_noise(of_a: Closes, of_b: Closes, support: int, sigma: float, n: int) -> SeparationBound:
    """Bound the separation of batches a and b, which differ in one report, from n training and n test closes of each."""
    train_a, train_b = of_a(n), of_b(n)
    weights = train_a.mean(axis=0) - train_b.mean(axis=0)
    score_a, score_b = train_a @ weights, train_b @ weights
    cuts = np.quantile(np.concatenate([score_a, score_b]), np.linspace(0.02, 0.98, CUTS))
    cut = max(cuts, key=lambda at: _separation(score_a, score_b, at, 1 - VIOLATION_CONFIDENCE))
    test_a, test_b = of_a(n) @ weights, of_b(n) @ weights
    lower, violation = (_separation(test_a, test_b, cut, 1 - level) for level in (0.95, VIOLATION_CONFIDENCE))
    return SeparationBound(math.sqrt(2 * support) / sigma, lower, violation, n)


def _separation(of_a: Float64, of_b: Float64, cut: float, error: float) -> float:
    low = clopper_pearson(int((of_a >= cut).sum()), len(of_a), error / 2)[0]
    high = clopper_pearson(int((of_b >= cut).sum()), len(of_b), error / 2)[1]
    return NORMAL.inv_cdf(low) - NORMAL.inv_cdf(high) if low > 0 and high < 1 else -math.inf
