"""Fakes: the formula equals a simulation of real messages, and the pool's cap bounds the rise. Visitors: what they yield."""

from __future__ import annotations

import numpy as np
import pytest

from aggregator.pools import PoolRules, cap_rank_change
from privacy.estimators import estimate, standard_deviation
from privacy.mechanisms import AffinePoint, KAry, Mechanism, choose_mechanism
from privacy.poisoning import epochs_to_rise, fake_messages, gain, push
from privacy.randomizer_many import randomize_many
from privacy.yields import Visitors, report_yield, stays_of


@pytest.mark.parametrize(
    "mechanism", [choose_mechanism(2_000, 4.0), KAry(40, 54, 1), AffinePoint(5_000, 101, 2, 102, 1)], ids=str
)
@pytest.mark.parametrize("share", [0.01, 0.1])
def test_the_formula_is_what_real_messages_do(mechanism: Mechanism, share: float) -> None:
    rng, n, d = np.random.default_rng(2), 20_000, mechanism.domain_size
    honest = np.bincount(rng.integers(1, d + 1, size=n), minlength=d + 1)[1:]
    said = push(mechanism, honest.tolist(), 7, share)
    values = np.repeat(np.arange(1, d + 1), honest)
    messages = np.concatenate([randomize_many(mechanism, values, rng), fake_messages(mechanism, 7, said.fakes, rng)])
    found = estimate(mechanism, messages).counts[7]
    assert found == pytest.approx(honest[6] + said.added, abs=5 * standard_deviation(mechanism, n + said.fakes))
    assert said.rank_after <= said.rank_before
    assert all(mechanism.supports(int(message), 7) for message in messages[-20:])


def test_one_fake_counts_about_twice_and_never_less_than_an_honest_report() -> None:
    gains = {epsilon: gain(choose_mechanism(43_000, epsilon)) for epsilon in (1.0, 4.0, 8.0)}
    assert gains[8.0] == pytest.approx(2.0, abs=0.02)
    assert gains[4.0] == pytest.approx(2.0, abs=0.05)
    assert 1 < gains[4.0] < gains[1.0] < 6


def test_the_cap_bounds_the_rise_whatever_the_counts_say() -> None:
    rules, order = PoolRules(size=300), list(range(1, 1201))
    pushed, previous = 1_000, order
    for epoch in range(1, 5):
        desired = [pushed, *(item for item in order if item != pushed)]
        previous = cap_rank_change(desired, previous, rules.rank_change_most, 1200)
        assert previous.index(pushed) == 999 - 100 * epoch
    assert epochs_to_rise(1_000, 1, rules.rank_change_most) == 10


def test_yield_of_visitors() -> None:
    stays = np.array([10.0, 20.0, 40.0, 60.0, 200.0])
    found = report_yield(1_000, stays, Visitors(consent=0.5, one_time=0.6, visits=3))
    assert found.stayed == pytest.approx((0 + 0 + 0.5 + 1 + 1) / 5)
    assert found.reports == pytest.approx(1_000 * 0.5 * (0.6 + 0.4 * 3) * 0.5)
    assert found.per_visitor == pytest.approx(found.reports / 1_000)
    assert report_yield(1_000, stays, Visitors(consent=0.0)).reports == 0
    capped = report_yield(1_000, np.array([100.0]), Visitors(consent=1.0, one_time=0.0, visits=30))
    assert capped.per_visitor == 8, "the cap ends it"


def test_stays_sum_the_pages_of_each_session() -> None:
    assert stays_of([2, 1, 3], lambda n: np.arange(1.0, n + 1)).tolist() == [3.0, 3.0, 15.0]
