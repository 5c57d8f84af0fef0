"""The most of the d + 1 values that one message supports, exactly: what one report moves, and so the sensitivity of the support
counts. Standard library alone.

Letters: q field order, D dimension, m = D - 1. A message (a, c) supports the points of the plane <a, x> = c. Values fill
F_q^D layer by layer (s = 0, 1, ...), each layer with all t of F_q^m in order of their digits, t_m first; the last layer holds
its first r.

Where a_D is not 0, completing squares makes the plane sum c_i (t_i + b_i)^2 = k - s, and (a, c) -> (b, k) is one to one: a
whole layer holds N_m(k - s) points whatever b is (Lidl and Niederreiter, Finite fields, theorems 6.26 and 6.27), and only the
last one asks for b. Each of its coordinates is free, so the best is found coordinate by coordinate. Where a_D is 0 every
whole layer holds q^(m-1). tests/privacy/test_support.py compares with counting every message of many small fields, and of the
real ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import accumulate
from typing import Any

from privacy.accounting.limits import mechanism_fault


def support_most(mechanism: Mapping[str, Any], domain_size: int) -> int:
    """For a mechanism's record; what is no mechanism is refused (`ValueError`), never guessed."""
    if fault := mechanism_fault(mechanism, domain_size):
        raise ValueError(f"mechanism {fault}")
    if mechanism["kind"] == "k_ary":
        return 1
    return plane_most(mechanism["q"], mechanism["dimension"], domain_size + 1)


@lru_cache(maxsize=256)
def plane_most(q: int, dimension: int, values: int) -> int:
    """Most of the first `values` points that a plane of F_q^D holds; q prime, values at most q^D."""
    m = dimension - 1
    layers, rest = divmod(values, q**m)
    flat: int = layers * q ** (m - 1) + min(rest, q ** (m - 1))
    if q == 2:  # t^2 = t: the points are all of a space, planes of it are planes
        return min(values, 1 << m)
    quadrics = _Quadrics(q)
    whole = quadrics.sizes(m)
    sums = list(accumulate([*whole, *whole], initial=0))  # [2 q + 1]: layers wrap around
    full = [sums[k + q + 1] - sums[k + q + 1 - layers] for k in range(q)]  # N(k) + N(k - 1) + ... + N(k - layers + 1)
    bound = [full[k] + min(rest, whole[(k - layers) % q]) for k in range(q)]
    best = flat
    for k in sorted(range(q), key=bound.__getitem__, reverse=True):
        if bound[k] <= best:
            break
        best = max(best, full[k] + quadrics.most(m, rest, (k - layers) % q))
    return best


class _Quadrics:
    """Points of sum c_i y_i^2 = k in F_q^m, q odd."""

    def __init__(self, q: int) -> None:
        self.q = q
        self.root = {square * square % q: square for square in range((q + 1) // 2)}
        """Of each square; what is absent has none."""
        self._sizes: dict[int, list[int]] = {}
        self._most: dict[tuple[int, int, int], int] = {}

    def coefficient(self, i: int) -> int:
        """c_i, as `privacy.mechanisms.coefficient`."""
        return 1 + (i - 1) % (self.q - 1)

    def sizes(self, m: int) -> list[int]:
        """N_m(k) of each k."""
        if m not in self._sizes:
            self._sizes[m] = self._counted(m)
        return self._sizes[m]

    def _counted(self, m: int) -> list[int]:
        q, product = self.q, 1
        if m == 0:
            return [1] + [0] * (q - 1)
        for i in range(1, m + 1):
            product = product * self.coefficient(i) % q
        sign = (-1) ** (m // 2) * product
        if m % 2:
            return [q ** (m - 1) + q ** (m // 2) * self._character(sign * k) for k in range(q)]
        turn = q ** (m // 2 - 1) * self._character(sign)
        return [q ** (m - 1) + (q - 1) * turn] + [q ** (m - 1) - turn] * (q - 1)

    def _character(self, number: int) -> int:
        number %= self.q
        return 0 if number == 0 else 1 if number in self.root else -1

    def most(self, m: int, first: int, k: int) -> int:
        """Most over all b of the t among the `first` in order with sum c_i (t_i + b_i)^2 = k."""
        whole = self.sizes(m)[k]
        if first == 0 or whole == 0 or first == self.q**m:
            return min(first, whole)
        if m == 1:
            return self._on_a_line(first, k)
        key = (m, first, k)
        if key not in self._most:
            self._most[key] = self._by_slabs(m, first, k)
        return self._most[key]

    def _on_a_line(self, first: int, k: int) -> int:
        """Roots +-e of c_1 y^2 = k both lie among so many neighbours if they are near enough to each other."""
        root = self.root.get(k * pow(self.coefficient(1), -1, self.q) % self.q)
        if not root:
            return 0 if root is None else 1
        apart = 2 * root % self.q
        return 2 if min(apart, self.q - apart) < first else 1

    def _by_slabs(self, m: int, first: int, k: int) -> int:
        """`slabs` whole ones t_m = 0, 1, ..., and the first `rest` points of the next."""
        q, below, c = self.q, self.sizes(m - 1), self.coefficient(m)
        slabs, rest = divmod(first, int(q ** (m - 1)))
        left = [(k - c * y * y) % q for y in range(q)]  # of t_m + b = y
        sums = list(accumulate((below[each] for each in [*left, *left]), initial=0))
        return max(sums[b + slabs] - sums[b] + self.most(m - 1, rest, left[(b + slabs) % q]) for b in range(q))
