"""Privacy amplification by shuffling: bounds on the central epsilon of a batch, from above and from below.

One client's value is replaced; n clients, all honest. alpha = (1 - C) v / (w + v (m - 1)), C the collision probability of the
mechanism and m its modulus, is the least with which any report supports one given value of two, and not the other.

From above: the privacy blanket (Balle, Bell, Gascon, Nissim, CRYPTO 2019). Every message has at least the probability v / w of
the likeliest, whatever its sender holds, so with probability g = v m / (w + v (m - 1)) a report is a uniform message and depends
on nothing. Let an attacker know which of the others' reports are not, and take them out. There remain N = 1 + Binomial(n - 1, g)
messages, the changed client's and uniform ones. If a, b and e of them support the one value alone, the other alone and both, the
likelihoods stand to each other as g + x (a + e) / N to g + x (b + e) / N, x = (w - v) m / (w + v (m - 1)). N and e are
rounded down within strata: fewer uniform messages hide less, and so do fewer messages that support both.

From below: `shuffled_epsilon_at_least`, a real attack on real batches. The two differ by some percent at most.

The variation-ratio bound (Wang et al., VLDB 2024, theorem 1) is not used: its pair equals the one from below, so it understates
where reports of the others can be told from the rest of the changed client's (decision 0070).

Hockey-stick divergences are summed exactly over the likely totals a + b; what is cut off is added to delta.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

CUT_MASS = 1e-13
"""Probability of totals that are not summed: added to delta."""
ROUNDING_SLACK = 1e-12
"""Added to delta for the rounding of at most some 10^4 float64 sums of terms below 1."""
EPSILON_STEP = 1e-4
"""The bound is searched to this width and its upper end is returned."""
STRATA_MOST = 64
STRATA_WORK = 3000
"""Strata of N: as many as `STRATA_MOST`, fewer where each has many totals."""

MANY_BOTH = 5000
"""From this mean of e on, one stratum is enough: its spread is small beside it."""


@lru_cache(maxsize=4096)
def shuffled_epsilon(w: int, v: int, modulus: int, collision: float, n: int, delta: float) -> float:
    """Least epsilon found with (epsilon, delta) for one report among n honest ones; never above ln(w / v).

    Falls with n, rises with w / v. Raises ValueError for n < 1 or delta outside (0, 1).
    """
    _check(n, delta)
    local = math.log(w / v)
    batch = Batch(w, v, modulus, collision, n)
    if n < 2 or batch.delta(local * (1 - EPSILON_STEP)) > delta:
        return local
    low, high = _bracket(batch, delta, local)
    while high - low > EPSILON_STEP * max(high, 0.01):
        middle = (low + high) / 2
        low, high = (low, middle) if batch.delta(middle) <= delta else (middle, high)
    return high


def _bracket(batch: Batch, delta: float, local: float) -> tuple[float, float]:
    """Around the least epsilon: the likeliest stratum alone says where to look."""
    _, pair = max(batch.strata, key=lambda part: part[0])
    low, high = 0.0, local
    while high - low > 0.01 * high:
        middle = (low + high) / 2
        low, high = (low, middle) if pair.divergence(middle) <= delta else (middle, high)
    low, high, step = low, low, max(0.02 * low, EPSILON_STEP)
    while high < local and batch.delta(high) > delta:
        low, high, step = high, min(local, high + step), 2 * step
    while low > 0 and low == high:
        low = max(0.0, low - step) if batch.delta(max(0.0, low - step)) > delta else 0.0
    return low, high


@lru_cache(maxsize=256)
def shuffled_epsilon_at_least(w: int, v: int, modulus: int, collision: float, n: int, delta: float) -> float:
    """What some pair of neighbouring batches really loses at `delta`: nobody can claim less. Falls with n.

    All other clients hold a third value, whose point lies on the line through the two of the changed client (the paraboloid
    holds such lines as soon as d >= 2 q^(D-1)). Wherever the residues of the two differ, theirs is neither, so their reports
    support each of the two alone with exactly alpha. The attack counts those, and nothing else.
    In a field of two residues there is no third: 0.0, nothing shown. Raises ValueError as `shuffled_epsilon`.
    """
    _check(n, delta)
    if modulus < 3:
        return 0.0
    pair = counting_attack(w, v, modulus, collision, n)
    low, high = 0.0, math.log(w / v)
    while high - low > EPSILON_STEP * max(low, 0.001):
        middle = (low + high) / 2
        low, high = (middle, high) if pair.divergence(middle) - ROUNDING_SLACK > delta else (low, middle)
    return low


def _check(n: int, delta: float) -> None:
    if n < 1 or not 0 < delta < 1:
        raise ValueError(f"got n = {n} and delta = {delta}, want n >= 1 and 0 < delta < 1")


def counting_attack(w: int, v: int, modulus: int, collision: float, n: int) -> Pair:
    """Counts of reports that support one value alone, in the batch of `shuffled_epsilon_at_least`."""
    p, alpha = w / v, (1 - collision) * v / (w + v * (modulus - 1))
    rest = (1 - (p + 1) * alpha) / (1 - 2 * alpha)
    return Pair(n, 2 * alpha, rest, p - rest, 1 - rest)


@dataclass(frozen=True)
class Batch:
    """A mechanism's blanket in a batch of n honest clients."""

    w: int
    v: int
    modulus: int
    collision: float
    n: int
    work: int = STRATA_WORK
    levels: tuple[float, ...] = (-0.5, -2.5)
    """Where strata of e begin, in standard deviations from its mean, besides the lowest."""

    @property
    def blanket(self) -> float:
        """g: probability that a report is a uniform message, whatever its sender holds."""
        return self.v * self.modulus / (self.w + self.v * (self.modulus - 1))

    @cached_property
    def strata(self) -> tuple[tuple[float, Pair], ...]:
        """(probability, pair) of each stratum of N and e."""
        low, high = likely(self.n - 1, self.blanket)
        found = []
        for chance, begin in _strata(low, self._begins(low, high), high, self.n - 1, self.blanket):
            found += [(chance * share, self._pair(1 + begin, both)) for share, both in self._both(1 + begin)]
        return tuple(found)

    @property
    def shown(self) -> float:
        """Mass of the changed client's reports that support both values, as far as the strata of e give them away: no loss."""
        return max(0.0, 1.0 - math.fsum(chance * pair.whole for chance, pair in self.strata))

    def _begins(self, low: int, high: int) -> list[int]:
        """Where strata of N - 1 begin: closer to each other around the mean than far below it."""
        mean, sd = (self.n - 1) * self.blanket, math.sqrt((self.n - 1) * self.blanket * (1 - self.blanket))
        many = max(3, min(STRATA_MOST, self.work // len(self._pair(max(1, round(mean)), 0).mass)))
        if high - low < many:
            return list(range(low, high + 1))
        places = (mean + sd * (1 - 10 * (k / many) ** 2) for k in range(many))
        return sorted({low, *(min(high, max(low, math.floor(place))) for place in places)})

    def _both(self, messages: int) -> list[tuple[float, int]]:
        """Strata of e, for the most messages that may support one value alone, hence the fewest others."""
        if self.collision == 0:
            return [(1.0, 0)]
        alone = 2 * (1 - self.collision) / self.modulus
        others, share = messages - likely(messages, alone)[1], self.collision / self.modulus / (1 - alone)
        mean, sd = others * share, math.sqrt(others * share * (1 - share))
        low, high = likely(others, share)
        levels = self.levels if mean < MANY_BOTH else ()
        begins = sorted({low, *(min(high, max(low, math.floor(mean + level * sd))) for level in levels)})
        return _strata(low, begins, high, others, share)

    def _pair(self, messages: int, both: int) -> Pair:
        excess = (self.w - self.v) * self.modulus / (self.w + self.v * (self.modulus - 1))
        return Pair(messages, 2 * (1 - self.collision) / self.modulus, self.blanket + excess * both / messages, excess, 0.0)

    def delta(self, epsilon: float) -> float:
        """Upper bound on the hockey-stick divergence of the two batches at e^epsilon."""
        return math.fsum(chance * pair.divergence(epsilon) for chance, pair in self.strata) + 3 * CUT_MASS + ROUNDING_SLACK


def _strata(low: int, begins: list[int], high: int, n: int, share: float) -> list[tuple[float, int]]:
    """(probability, least count) of the strata of Binomial(n, share) on [low, high] that begin there."""
    masses = [math.exp(log_binomial(n, k, share)) for k in range(low, high + 1)]
    whole, ends = math.fsum(masses), [*begins[1:], high + 1]
    return [(math.fsum(masses[one - low : end - low]) / whole, one) for one, end in zip(begins, ends, strict=True)]


class Pair:
    """Two likelihoods over counts (a, b): a + b ~ Binomial(n, share), each of the two alike, and on it the likelihoods
    P = base + (own a + other b) / n and Q with a and b swapped.
    """

    def __init__(self, n: int, share: float, base: float, own: float, other: float) -> None:
        self.n, self.base, self.own, self.other = n, base, own, other
        self.low, high = likely(n, share)
        mass = [math.exp(log_binomial(n, total, share)) for total in range(self.low, high + 1)]
        whole = math.fsum(mass)  # 1, but for lgamma's rounding, some 1e-10 at a million clients
        self.mass = [each / whole for each in mass]

    @property
    def whole(self) -> float:
        """Sum of all likelihoods: 1, or less where some messages were left out."""
        mean = math.fsum(total * mass for total, mass in self.totals())
        return self.base + (self.own + self.other) / 2 * mean / self.n

    def divergence(self, epsilon: float) -> float:
        """Hockey-stick divergence of P over Q at e^epsilon; totals that are not summed could add at most `CUT_MASS`."""
        e, tail, found = math.exp(epsilon), Tail(), 0.0
        for total, mass in self.totals():
            a = self.least_above(e, total)
            if a <= total:
                of_p, of_q = self.from_a(a, total, tail)
                found += mass * (of_p - e * of_q)
        return max(0.0, found)

    def totals(self) -> Iterator[tuple[int, float]]:
        """(a + b, its probability)."""
        return enumerate(self.mass, start=self.low)

    def least_above(self, e: float, total: int) -> int:
        """Least a whose ratio P / Q is above e; total + 1 if there is none. The ratio grows with a."""
        above = (e - 1) * self.base * self.n + (e * self.own - self.other) * total
        return min(total + 1, max(0, math.floor(above / ((self.own - self.other) * (1 + e))) + 1))

    def from_a(self, a: int, total: int, tail: Tail) -> tuple[float, float]:
        """(P, Q) of all a' >= a, given the total."""
        if total == 0:
            return (self.base, self.base) if a <= 0 else (0.0, 0.0)
        above, at = tail.at(total - 1, a - 1)  # P[X >= a - 1], P[X = a - 1] for X ~ Binomial(total - 1, 1/2)
        beyond = above - at
        common, half = self.base * (above + beyond) / 2, total / (2 * self.n)
        return common + half * (self.own * above + self.other * beyond), common + half * (self.other * above + self.own * beyond)


def likely(n: int, share: float) -> tuple[int, int]:
    """Counts of Binomial(n, share) outside of which less than `CUT_MASS` lies (Bernstein's inequality, both sides)."""
    log = math.log(2 / CUT_MASS)
    reach = math.sqrt(2 * n * share * (1 - share) * log) + log
    return max(0, math.floor(n * share - reach)), min(n, math.ceil(n * share + reach))


class Tail:
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
    return math.exp(log_binomial(n, a, 0.5)) if 0 <= a <= n else 0.0


def log_binomial(n: int, k: int, share: float) -> float:
    """Natural logarithm of the probability of k under Binomial(n, share)."""
    if share >= 1.0:
        return 0.0 if k == n else -math.inf
    ways = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return ways + k * math.log(share) + (n - k) * math.log1p(-share)
