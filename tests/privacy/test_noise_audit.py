"""Noise that is really drawn: by OpenDP's shipped call, measured with learned events, and seen in the counts themselves."""

from __future__ import annotations

import math

import numpy as np
import pytest
from noise_parts import masses
from numpy.typing import NDArray

from aggregator.analyzer.guarantees import Draw
from intently.auditing.noise import audit_analyzer_noise
from privacy.accounting import noise_check
from privacy.accounting.noise_check import noise_shortfall
from privacy.accounting.score import Support
from privacy.errors import MechanismRefused
from privacy.estimators import Int64, estimate, support_counts, support_of
from privacy.mechanisms import choose_mechanism
from privacy.noise import draw_noise, reference_noised_epsilon
from privacy.noise_audit import SeparationBound, residual_fault
from privacy.randomizer_many import discrete_gaussian_many, randomize_many

DELTA = 1e-8
CLOSES = 800


def audited(draw: Draw, closes: int) -> SeparationBound:
    """`intently audit randomizer --noise-epsilon 8`."""
    return audit_analyzer_noise(8.0, closes, draw)[1]


def test_shipped_noise_separates_neighbours_no_further_than_claimed() -> None:
    """And the audit is no blunt one: it shows half of what is claimed at the least."""
    found = audited(draw_noise, CLOSES)
    assert not found.violated
    assert found.lower > found.claimed / 2


RNG = np.random.default_rng(60)


def seeded(sigma: float, n: int) -> Int64:
    return discrete_gaussian_many(sigma, n, RNG)


PLANTED: dict[str, tuple[int, Draw]] = {
    "sigma too small by 25 %": (3500, lambda sigma, n: seeded(0.75 * sigma, n)),
    "sensitivity of 1": (800, lambda sigma, n: seeded(sigma / math.sqrt(6), n)),
    "one draw for all values": (400, lambda sigma, n: seeded(sigma, 1).repeat(n)),
    "one draw for all closes": (400, lambda sigma, n: np.arange(n) - n // 2),
    "left out": (400, lambda sigma, n: np.zeros(n, dtype=np.int64)),
    "none below zero": (1500, lambda sigma, n: np.maximum(0, seeded(sigma, n))),
}
"""By name: how many closes show it, and what is drawn instead."""


@pytest.mark.parametrize("fault", PLANTED)
def test_planted_noise_is_caught_by_learned_events(fault: str) -> None:
    closes, draw = PLANTED[fault]
    assert audited(draw, closes).violated


def test_opendp_draws_the_discrete_gaussian_of_the_definition() -> None:
    """Chi-square over -4..4 and beyond, and whole numbers."""
    sigma, n = 1.7, 20_000
    drawn, one = draw_noise(sigma, n), masses(sigma)
    middle = len(one) // 2
    cells = [one[middle + k] for k in range(-4, 5)]
    seen = np.array([int((drawn == k).sum()) for k in range(-4, 5)])
    want = np.array([*cells, 1 - sum(cells)]) * n
    assert ((np.array([*seen, n - seen.sum()]) - want) ** 2 / want).sum() < 45, "chi-square of 9 degrees: 1e-6"


def test_each_call_draws_anew() -> None:
    assert (draw_noise(50.0, 100) != draw_noise(50.0, 100)).any()


def test_opendp_s_maps_are_asked_and_a_smaller_claim_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert reference_noised_epsilon(28, 40.342, DELTA) <= 1.0
    monkeypatch.setattr("privacy.noise.noised_epsilon", lambda parts, delta: 0.9)
    with pytest.raises(MechanismRefused, match="OpenDP computes epsilon"):
        reference_noised_epsilon(28, 40.342, DELTA)


# -- one close: counts beside the messages, and counts alone ------------------------------------------------------------------

D, N, SIGMA = 43_000, 20_000, 222.007


@pytest.fixture(scope="module")
def quiet() -> tuple[NDArray[np.float64], Support]:
    """Support counts of 20,000 reports, half of them of a hundred items, without noise."""
    mechanism, rng = choose_mechanism(D, 4.0), np.random.default_rng(6)
    values = np.where(rng.random(N) < 0.5, rng.integers(1, 101, N), rng.integers(0, D + 1, N))
    found = estimate(mechanism, randomize_many(mechanism, values, rng))
    return np.rint(support_counts(mechanism, found.counts, N)), support_of(mechanism, SIGMA)


FAULTS = {
    "none": lambda: draw_noise(SIGMA, D + 1),
    "sigma too small by 25 %": lambda: seeded(0.75 * SIGMA, D + 1),
    "sensitivity of 1": lambda: seeded(SIGMA / math.sqrt(2 * 848), D + 1),
    "left out": lambda: np.zeros(D + 1, dtype=np.int64),
    "not whole": lambda: np.random.default_rng(1).normal(0, SIGMA, D + 1),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_one_close_shows_whether_the_noise_is_in_it(quiet: tuple[NDArray[np.float64], Support], fault: str) -> None:
    """From the published counts alone, and beside the counts of the messages."""
    counted, support = quiet
    published = counted + FAULTS[fault]()
    counts = (published - N * support.other) / (support.own - support.other)
    found = (noise_shortfall(counts.tolist(), N, support), residual_fault(published, counted, SIGMA))
    assert [bool(each) for each in found] == [fault != "none"] * 2, found


def test_noise_larger_than_stated_is_seen_beside_the_messages(quiet: tuple[NDArray[np.float64], Support]) -> None:
    assert "its receipt says" in residual_fault(quiet[0] + seeded(1.1 * SIGMA, D + 1), quiet[0], SIGMA)
    assert "mean" in residual_fault(quiet[0] + seeded(SIGMA, D + 1) + 8, quiet[0], SIGMA)


def test_the_quick_bound_of_a_large_sigma_is_above_the_sum_and_near_it() -> None:
    for reach in (0.5, 1.0, 2.0):
        numbers = int(2 * reach * 400) + 1
        quick, middle = noise_check._likeliest(400.0, numbers), len(masses(400.0)) // 2
        exact = float(masses(400.0)[middle - numbers // 2 : middle - numbers // 2 + numbers].sum())
        assert exact <= quick < exact + 0.002


def test_demand_of_any_shape_never_makes_honest_noise_suspicious() -> None:
    """No false alarm where all support counts are equal: the nearest that honest counts can be."""
    support = support_of(choose_mechanism(600, 4.0), 30.0)
    for shape in (np.zeros(601), np.full(601, 1.0), np.arange(601) % 2):
        counted: NDArray[np.float64] = np.rint(1000 * support.other) + shape
        drawn: Int64 = draw_noise(30.0, 601)
        counts = (counted + drawn - 1000 * support.other) / (support.own - support.other)
        assert noise_shortfall(counts.tolist(), 1000, support) == ""
