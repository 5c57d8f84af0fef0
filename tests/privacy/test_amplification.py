"""The shuffled epsilon is an upper bound: of the design's figures, of a brute-force double sum, and of what one can reach."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privacy.accounting.amplification import (
    EPSILON_STEP,
    ROUNDING_SLACK,
    Batch,
    counting_attack,
    shuffled_epsilon,
    shuffled_epsilon_at_least,
)
from privacy.mechanisms import Mechanism, choose_mechanism

DELTA = 1e-8
DESIGN = {  # nominal local epsilon -> central one at n = 1k, 10k, 100k, 1M, d = 43,000 (DESIGN.md, "The guarantees")
    4.0: (1.12, 0.35, 0.105, 0.031),
    6.0: (2.20, 1.00, 0.31, 0.092),
    8.0: (3.58, 2.05, 0.86, 0.26),
}
SIZES = (1_000, 10_000, 100_000, 1_000_000)


def central(mechanism: Mechanism, n: int, delta: float = DELTA) -> float:
    return shuffled_epsilon(mechanism.w, mechanism.v, mechanism.modulus, mechanism.collision, n, delta)


@pytest.mark.parametrize("epsilon", sorted(DESIGN))
def test_the_designs_figures(epsilon: float) -> None:
    """Pinned: a change of the sums or of the mechanism shows here."""
    found = [central(choose_mechanism(43_000, epsilon), n) for n in SIZES]
    assert found == pytest.approx(DESIGN[epsilon], rel=0.02)


def binomial(n: int, k: int, share: float) -> float:
    return math.comb(n, k) * share**k * (1 - share) ** (n - k) if 0 <= k <= n else 0.0


def brute_force(p: float, beta: float, n: int, epsilon: float) -> float:
    """The hockey-stick divergence of the dominating pair by its definition: both distributions, point by point."""
    alpha = beta / (p - 1)
    mass: dict[tuple[int, int], list[float]] = {}
    for clones in range(n):
        for a in range(clones + 1):
            here = binomial(n - 1, clones, 2 * alpha) * binomial(clones, a, 0.5)
            for (left, right), share_p, share_q in (
                ((a + 1, clones - a), p * alpha, alpha),
                ((a, clones - a + 1), alpha, p * alpha),
                ((a, clones - a), 1 - alpha - p * alpha, 1 - alpha - p * alpha),
            ):
                cell = mass.setdefault((left, right), [0.0, 0.0])
                cell[0] += here * share_p
                cell[1] += here * share_q
    return math.fsum(max(0.0, of_p - math.exp(epsilon) * of_q) for of_p, of_q in mass.values())


@settings(max_examples=60, deadline=None)
@given(w=st.integers(2, 60), v=st.integers(1, 3), modulus=st.integers(3, 60), n=st.integers(2, 30), share=st.floats(0.02, 0.95))
def test_the_counting_attack_equals_the_double_sum_and_stays_below_the_bound(
    w: int, v: int, modulus: int, n: int, share: float
) -> None:
    if w <= v:
        w = v + 1
    p, beta = w / v, (w - v) / (w + v * (modulus - 1))
    epsilon = share * math.log(p)
    found, exact = counting_attack(w, v, modulus, 0.0, n).divergence(epsilon), brute_force(p, beta, n, epsilon)
    assert found == pytest.approx(exact, abs=1e-11)
    assert exact <= Batch(w, v, modulus, 0.0, n).delta(epsilon) + ROUNDING_SLACK


@pytest.mark.parametrize("n", [5, 20, 60])
@pytest.mark.parametrize("mechanism", [choose_mechanism(12, 1.0), choose_mechanism(600, 4.0)])
def test_no_less_than_what_the_counting_attack_reaches(mechanism: Mechanism, n: int) -> None:
    delta = 1e-4
    p, beta = mechanism.w / mechanism.v, (1 - mechanism.collision) * (mechanism.w - mechanism.v) / mechanism.draws
    words = (mechanism.w, mechanism.v, mechanism.modulus, mechanism.collision, n, delta)
    found, reached = central(mechanism, n, delta), shuffled_epsilon_at_least(*words)
    assert brute_force(p, beta, n, found) <= delta
    assert brute_force(p, beta, n, reached) > delta
    assert reached <= found <= mechanism.epsilon


@pytest.mark.parametrize("epsilon", [0.5, 1.0, 2.0, 4.0, 8.0])
def test_falls_with_the_batch_and_never_exceeds_the_local_epsilon(epsilon: float) -> None:
    mechanism = choose_mechanism(43_000, epsilon)
    found = [central(mechanism, n) for n in (1, 2, 10, 50, 200, 1_000, 5_000, 20_000)]
    assert found[:2] == [mechanism.epsilon] * 2
    assert all(later <= earlier + EPSILON_STEP * earlier for earlier, later in pairwise(found))
    assert max(found) <= mechanism.epsilon


@pytest.mark.parametrize("n", [200, 2_000, 20_000])
def test_rises_with_the_local_epsilon(n: int) -> None:
    found = [shuffled_epsilon(w, 1, 53, 0.0, n, DELTA) for w in (2, 4, 8, 16, 32, 54, 100)]
    assert all(smaller < larger for smaller, larger in pairwise(found))


def test_falls_with_delta() -> None:
    mechanism = choose_mechanism(600, 4.0)
    found = [central(mechanism, 2_000, 10.0**-power) for power in (4, 6, 8, 10)]
    assert all(smaller < larger for smaller, larger in pairwise(found))


def reached(mechanism: Mechanism, n: int, epsilon: float) -> float:
    """delta of a real attack: no other client holds x, and who sees the multiset counts the reports that support x.

    Every other report supports x with probability s; the victim's with probability p if it holds x, else with s.
    """
    p, r = mechanism.w / mechanism.draws, mechanism.v / mechanism.draws
    s = mechanism.collision * p + (1 - mechanism.collision) * r
    others = [binomial(n - 1, k, s) for k in range(n)]
    with_x = [p * (others[k - 1] if k else 0) + (1 - p) * (others[k] if k < n else 0) for k in range(n + 1)]
    without = [s * (others[k - 1] if k else 0) + (1 - s) * (others[k] if k < n else 0) for k in range(n + 1)]
    e = math.exp(epsilon)
    forward = math.fsum(max(0.0, a - e * b) for a, b in zip(with_x, without, strict=True))
    return max(forward, math.fsum(max(0.0, b - e * a) for a, b in zip(with_x, without, strict=True)))


@pytest.mark.parametrize("n", [20, 100, 400])
@pytest.mark.parametrize("epsilon", [1.0, 2.0, 4.0])
def test_no_attack_by_counting_does_better_than_the_bound(epsilon: float, n: int) -> None:
    mechanism = choose_mechanism(600, epsilon)
    bound = central(mechanism, n, 1e-6)
    assert reached(mechanism, n, bound) <= 1e-6
    assert reached(mechanism, n, bound * 0.45) > 1e-6, "the bound is far too loose, or the attack counts nothing"


@pytest.mark.parametrize(("n", "delta"), [(0, 1e-8), (10, 0.0), (10, 1.0)])
def test_refuses_what_has_no_meaning(n: int, delta: float) -> None:
    with pytest.raises(ValueError, match="want n >= 1"):
        shuffled_epsilon(54, 1, 53, 0.0, n, delta)
