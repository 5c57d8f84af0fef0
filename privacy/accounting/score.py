"""How an estimated count spreads, and the score interval around it. Standard library alone: one definition for the estimator, the
pool's maker and the auditor's browser.

Of n reports S support a value that x clients hold: S is the sum of a Binomial(x, p) and a Binomial(n - x, s). The estimate
(S - n s) / (p - s) is unbiased, with variance A + B x, A = n s (1 - s) / (p - s)^2, B = (p (1 - p) - s (1 - s)) / (p - s)^2.
Where noise of variance sigma^2 was added to S (privacy.accounting.noise), A has sigma^2 / (p - s)^2 more; it is symmetric, so
what is said of skewness below holds all the more.
Wilson's score interval takes the variance at each candidate x, not at 0 nor at the estimate:
all x with |count - x| <= z sqrt(A + B x), which are those between count + z^2 B / 2 -+ sqrt(z^2 (A + B count) + (z^2 B / 2)^2).

Both ends are then moved outwards, because S is whole and skew and z is large: the quantile of S is z sd + skew (z^2 - 1) sd / 6
(Cornish-Fisher), skew sd <= 1 - 2 s upwards and <= 2 p - 1 downwards, and half a report for whole numbers. So
low is Wilson's of count - (1/2 + (1 - 2 s) (z^2 - 1) / 6) / (p - s),
high is Wilson's of count + (1/2 + max(0, 2 p - 1) (z^2 - 1) / 6) / (p - s).
By exact sums over S each end fails at most as often as stated (tests/privacy/test_score.py; without the correction up to twenty
times as often, at d = 43,000, epsilon 8 and n = 20,000).

E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927), 209-212.
E. A. Cornish, R. A. Fisher, Moments and cumulants in the specification of distributions, Revue ISI 5 (1937), 307-320.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any

from privacy.accounting.guarantees import modulus_and_collision


@dataclass(frozen=True)
class Support:
    """Probabilities that a report supports its own value, and another given one."""

    own: float
    """p = w / (w + v (m - 1))."""
    other: float
    """s = C p + (1 - C) r, r = v / (w + v (m - 1))."""
    sigma: float = 0.0
    """Of the noise on each support count; 0: none."""

    def variance(self, reports: int, held: int = 0) -> float:
        """Of the estimated count of a value that `held` of `reports` clients hold; exact, since reports are independent."""
        p, s = self.own, self.other
        spread = (reports - held) * s * (1 - s) + held * p * (1 - p) + self.sigma * self.sigma
        return spread / ((p - s) * (p - s))


def support_of_weights(w: int, v: int, modulus: int, collision: float) -> Support:
    """Of a channel with these weights, modulus m and collision probability C."""
    draws = w + v * (modulus - 1)
    p, r = w / draws, v / draws
    return Support(p, collision * p + (1 - collision) * r)


def support_of_record(mechanism: Mapping[str, Any], domain_size: int, noise: Mapping[str, Any] | None = None) -> Support:
    """Of a collection's mechanism, and of the noise, as receipts state them; raises ValueError for an unknown kind."""
    found = support_of_weights(int(mechanism["w"]), int(mechanism["v"]), *modulus_and_collision(mechanism, domain_size))
    return replace(found, sigma=float(noise["sigma"])) if noise is not None else found


@dataclass(frozen=True)
class ScoreInterval:
    """The interval of each count of one estimate; `score_interval` makes it."""

    z: float
    base: float
    """A."""
    slope: float
    """B, below 0 where p > 1 - s."""
    down: float
    """What the correction takes from the count before its lower end, in reports."""
    up: float

    def around(self, count: float) -> tuple[float, float]:
        """(low, high), in reports; each holds by itself with the confidence stated."""
        return self._end(count - self.down, -1.0), self._end(count + self.up, 1.0)

    def _end(self, count: float, side: float) -> float:
        if self.base + self.slope * count < 0:  # no such count exists: the nearest that does
            count = -self.base / self.slope
        z2 = self.z * self.z
        half = z2 * self.slope / 2
        return count + half + side * math.sqrt(max(0.0, z2 * (self.base + self.slope * count) + half * half))


def score_interval(support: Support, reports: int, confidence: float) -> ScoreInterval:
    """For `reports` reports and a one-sided confidence from 0.5 to below 1; raises ValueError for another."""
    return summed_interval([(support, reports, 1.0)], confidence)


def summed_interval(parts: Sequence[tuple[Support, int, float]], confidence: float) -> ScoreInterval:
    """Around sum_k v_k c_k of independent epochs; `parts` are (support, reports n_k, factor v_k), the newest epoch first.

    Its variance is sum v_k^2 (A_k + B_k x_k), with x_k = x n_k / n_0 at the count x of the newest. Skewness adds up as
    sum v_k^3 mu3_k <= max(v_k mu3_k / var_k) sum v_k^2 var_k, so the largest of the parts' corrections does. Raises ValueError.
    """
    if not 0.5 <= confidence < 1:
        raise ValueError(f"confidence: got {confidence}, want 0.5 or more and below 1")
    z = NormalDist().inv_cdf(confidence)
    skew, newest = (z * z - 1) / 6, parts[0][1]
    base = slope = down = up = 0.0
    for support, reports, factor in parts:
        gap = support.own - support.other
        base += factor * factor * support.variance(reports)
        slope += factor * factor * (support.variance(1, 1) - support.variance(1)) * (reports / newest if newest else 1.0)
        down = max(down, factor * (0.5 + (1 - 2 * support.other) * skew) / gap)
        up = max(up, factor * (0.5 + max(0.0, 2 * support.own - 1) * skew) / gap)
    return ScoreInterval(z=z, base=base, slope=slope, down=down, up=up)
