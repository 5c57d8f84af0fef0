"""Privacy amplification by shuffling: an upper bound on the central epsilon of a batch, by the variation-ratio method.

Wang et al., "Privacy Amplification via Shuffling: Unified, Simplified, and Tightened" (VLDB 2024), theorem 1, with p = q = w / v
and total variation beta = (1 - C)(w - v) / (w + v (m - 1)), C the collision probability of the mechanism and m its modulus.
The pair below dominates every pair of neighbouring batches (one client's value replaced; n clients, all honest):

    C ~ Binomial(n - 1, 2 alpha), A ~ Binomial(C, 1/2), alpha = beta / (p - 1)
    P = (A + 1, C - A) with probability p alpha, (A, C - A + 1) with alpha, else (A, C - A);   Q with the two swapped

Its hockey-stick divergence is summed exactly over the likely totals; what is cut off is added to delta,
so the result is an upper bound.
"""

from __future__ import annotations

import math
from functools import lru_cache

CUT_MASS = 1e-13
"""Probability of totals that are not summed: added to delta."""
ROUNDING_SLACK = 1e-12
"""Added to delta for the rounding of at most some 10^4 float64 sums of terms below 1."""
EPSILON_STEP = 1e-4
"""The bound is searched to this width and its upper end is returned."""


@lru_cache(maxsize=4096)
def shuffled_epsilon(w: int, v: int, modulus: int, collision: float, n: int, delta: float) -> float:
    """Least epsilon found with (epsilon, delta) for one report among n honest ones; never above ln(w / v).

    Falls with n, rises with w / v. Raises ValueError for n < 1 or delta outside (0, 1).
    """
    if n < 1 or not 0 < delta < 1:
        raise ValueError(f"got n = {n} and delta = {delta}, want n >= 1 and 0 < delta < 1")
    local = math.log(w / v)
    pair = _Pair(w / v, (1 - collision) * (w - v) / (w + v * (modulus - 1)), n)
    if n < 2 or pair.delta(local) > delta:
        return local
    low, high = 0.0, local
    while high - low > EPSILON_STEP * max(high, 0.01):
        middle = (low + high) / 2
        low, high = (low, middle) if pair.delta(middle) <= delta else (middle, high)
    return high


class _Pair:
    """The dominating pair; the distribution of the total is computed once."""

    def __init__(self, p: float, beta: float, n: int) -> None:
        self.p, self.alpha = p, beta / (p - 1)
        self.clones, self.share = n - 1, min(1.0, 2 * beta / (p - 1))
        self.low, self.high = self._likely_totals()
        self.mass = [self._mass(total) for total in range(self.low - 1, self.high + 1)]

    def _likely_totals(self) -> tuple[int, int]:
        """Totals m outside of which less than `CUT_MASS` lies (Bernstein's inequality, both sides)."""
        mean = self.clones * self.share
        log = math.log(2 / CUT_MASS)
        reach = math.sqrt(2 * mean * log) + log
        return max(1, math.floor(mean - reach)), min(self.clones + 1, math.ceil(mean + reach) + 1)

    def _mass(self, total: int) -> float:
        return math.exp(_log_binomial(self.clones, total, self.share)) if 0 <= total <= self.clones else 0.0

    def delta(self, epsilon: float) -> float:
        """Upper bound on the hockey-stick divergence of P over Q at e^epsilon."""
        e, p, alpha = math.exp(epsilon), self.p, self.alpha
        rest = 1 - p * alpha - alpha
        up, down = p * alpha - e * alpha, alpha - e * p * alpha
        found, tail = 0.0, _Tail()
        for position, m in enumerate(range(self.low, self.high + 1)):
            before, here = self.mass[position], self.mass[position + 1]
            if before <= 0.0:
                continue
            # P - e Q at (a, m - a) grows with a and is positive beyond this threshold.
            threshold = ((e - 1) * rest * m * here / (2 * before) + m * alpha * (e * p - 1)) / (alpha * (p - 1) * (1 + e))
            a = max(0, math.floor(threshold) + 1)
            if a > m:
                continue
            above, at = tail.at(m - 1, a - 1)  # P[X >= a - 1], P[X = a - 1] for X ~ Binomial(m - 1, 1/2)
            beyond = above - at
            found += here * (1 - e) * rest * (above + beyond) / 2 + before * (up * above + down * beyond)
        return max(found, 0.0) + CUT_MASS + ROUNDING_SLACK


class _Tail:
    """P[X >= t] and P[X = t] for X ~ Binomial(n, 1/2), t near the last one asked for; steps of one are O(1)."""

    def __init__(self) -> None:
        self.n, self.t, self.value = -1, 0, 0.0

    def at(self, n: int, t: int) -> tuple[float, float]:
        """(P[X >= t], P[X = t])."""
        if t <= 0:
            self.n = -1
            return 1.0, (0.5**n if t == 0 else 0.0)
        if self.n < 0 or not 0 <= n - self.n <= 4 or abs(t - self.t) > 64:
            self.n, self.t, self.value = n, t, _tail_sum(n, t)
        while self.n < n:  # P[X_{n+1} >= t] = P[X_n >= t] + P[X_n = t - 1] / 2
            self.value += _half(self.n, self.t - 1) / 2
            self.n += 1
        while self.t < t:
            self.value -= _half(n, self.t)
            self.t += 1
        while self.t > t:
            self.t -= 1
            self.value += _half(n, self.t)
        return self.value, _half(n, t)


def _tail_sum(n: int, t: int) -> float:
    """P[Binomial(n, 1/2) >= t] by its terms from t up, until they no longer count."""
    if t > n:
        return 0.0
    if 2 * t < n:
        return 1.0 - _tail_sum(n, n - t + 1)
    term, total, a = _half(n, t), 0.0, t
    while term > total * 1e-18 and a <= n:
        total += term
        term *= (n - a) / (a + 1)
        a += 1
    return total


def _half(n: int, a: int) -> float:
    return math.exp(_log_binomial(n, a, 0.5)) if 0 <= a <= n else 0.0


def _log_binomial(n: int, k: int, share: float) -> float:
    """Natural logarithm of the probability of k under Binomial(n, share)."""
    if share >= 1.0:
        return 0.0 if k == n else -math.inf
    ways = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return ways + k * math.log(share) + (n - k) * math.log1p(-share)
