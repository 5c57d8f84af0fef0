"""Estimators: the FFT equals direct sums, estimates are unbiased, and variances and intervals are those of the theory."""

from __future__ import annotations

import dataclasses
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privacy.accounting.guarantees import modulus_and_collision
from privacy.errors import MechanismRefused
from privacy.estimators import (
    estimate,
    estimate_direct,
    estimate_histogram,
    interval,
    standard_deviation,
    support_of,
)  # fmt: skip
from privacy.mechanisms import AffinePoint, KAry, Mechanism, choose_mechanism
from privacy.randomizer_many import randomize_many

SMALL: tuple[Mechanism, ...] = (
    KAry(4, 5, 2),
    AffinePoint(20, 5, 2, 7, 2),
    AffinePoint(12, 3, 3, 5, 2),
    AffinePoint(14, 2, 4, 3, 2),
    AffinePoint(40, 3, 4, 3, 1),
)
LARGE = choose_mechanism(43_000, 4.0)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(SMALL), st.data())
def test_decoding_equals_direct_sums(mechanism: Mechanism, data: st.DataObject) -> None:
    messages = np.array(data.draw(st.lists(st.integers(0, mechanism.messages - 1), max_size=60)), dtype=np.uint32)
    found, direct = estimate(mechanism, messages), estimate_direct(mechanism, messages)
    np.testing.assert_allclose(found.counts, direct.counts, atol=1e-9)
    assert (found.n, found.sd) == (direct.n, direct.sd)


@pytest.mark.parametrize("epsilon", [1.0, 4.0, 8.0])
def test_decoding_equals_direct_sums_at_full_size(epsilon: float) -> None:
    """Of some of the 43,001 values; the direct sum takes each message by itself."""
    mechanism, rng = choose_mechanism(43_000, epsilon), np.random.default_rng(3)
    messages = randomize_many(mechanism, rng.integers(0, 43_001, size=150), rng)
    counts = estimate(mechanism, messages).counts
    support = support_of(mechanism)
    for value in rng.integers(0, 43_001, size=40 if epsilon > 1 else 10):
        supported = sum(mechanism.supports(int(message), int(value)) for message in messages)
        want = (supported - 150 * support.other) / (support.own - support.other)
        assert counts[value] == pytest.approx(want, abs=1e-6)


def expected_histogram(mechanism: Mechanism, value: int) -> np.ndarray:
    """Exact weights of each message of a value."""
    u = np.arange(mechanism.draws)
    offsets = np.where(u < mechanism.w, 0, 1 + (u - mechanism.w) // mechanism.v)
    found = np.zeros(mechanism.messages, dtype=np.int64)
    for index in range(mechanism.directions):
        residue = mechanism.residue(index, value)
        np.add.at(found, index * mechanism.modulus + (residue + offsets) % mechanism.modulus, 1)
    return found


@pytest.mark.parametrize("mechanism", SMALL, ids=str)
def test_estimates_are_exactly_unbiased(mechanism: Mechanism) -> None:
    """The estimate is linear in the histogram: over all draws of one client it averages to one report of the true value."""
    for value in range(mechanism.domain_size + 1):
        histogram = expected_histogram(mechanism, value)
        counts = estimate_histogram(mechanism, histogram).counts / histogram.sum()
        np.testing.assert_allclose(counts, np.eye(mechanism.domain_size + 1)[value], atol=1e-9)


def test_a_wrong_weight_is_caught_as_bias() -> None:
    """Planted: clients answer with w + 1 while the estimator believes w."""
    mechanism = AffinePoint(20, 5, 2, 7, 2)
    histogram = expected_histogram(dataclasses.replace(mechanism, w=8), 3)
    assert abs(estimate_histogram(mechanism, histogram).counts[3] / histogram.sum() - 1) > 0.05


@pytest.mark.parametrize("epsilon", [1.0, 2.0, 4.0, 6.0])
def test_error_over_the_optimum(epsilon: float) -> None:
    """n MSE / (4 e^eps / (e^eps - 1)^2), the optimum at the nominal epsilon, over the values that nobody holds."""
    mechanism, rng, n = choose_mechanism(43_000, epsilon), np.random.default_rng(11), 100_000
    values = rng.integers(0, 500, size=n)
    counts = estimate(mechanism, randomize_many(mechanism, values, rng)).counts
    optimum = 4 * np.exp(epsilon) / (np.exp(epsilon) - 1) ** 2 * n
    ratio = float((counts[500:] ** 2).mean()) / optimum
    assert 0.97 < ratio < 1.10


@pytest.mark.parametrize(
    "mechanism", [KAry(100, 54, 1), AffinePoint(600, 53, 2, 54, 1), AffinePoint(5_000, 101, 2, 102, 1)], ids=str
)
def test_variance_is_that_of_the_theory(mechanism: Mechanism) -> None:
    """Of a value that nobody holds, and of one that a fifth of the clients hold."""
    rng, n, rounds = np.random.default_rng(5), 3_000, 300
    values = np.where(np.arange(n) < n // 5, 7, 1 + rng.integers(20, 60, size=n))
    found = np.array([estimate(mechanism, randomize_many(mechanism, values, rng)).counts[[3, 7]] for _ in range(rounds)])
    want = [standard_deviation(mechanism, n), standard_deviation(mechanism, n, n // 5)]
    np.testing.assert_allclose(found.std(axis=0), want, rtol=0.15)  # sd of an sd over 300 rounds: 4 %
    np.testing.assert_allclose(found.mean(axis=0), [0, n // 5], atol=5 * max(want) / np.sqrt(rounds))


def test_the_interval_holds_with_its_confidence() -> None:
    """Of messages, end to end (exact sums are in test_score.py). The plain count +- z sd would hold far too seldom: planted."""
    mechanism, rng, n, rounds = AffinePoint(600, 53, 2, 54, 1), np.random.default_rng(9), 2_000, 600
    held = 400
    values = np.where(np.arange(n) < held, 7, 20 + rng.integers(0, 400, size=n))
    covered, plain, nobody = 0, 0, 0
    for _ in range(rounds):
        found = estimate(mechanism, randomize_many(mechanism, values, rng))
        low, high = interval(found, 0.95)
        covered += int(low[7] <= held) + int(high[7] >= held)
        plain += int(found.counts[7] - 1.645 * found.sd <= held)
        nobody += int((low[500:] <= 0).sum())
    assert 0.94 < covered / (2 * rounds) < 0.98
    assert plain / rounds < 0.90
    assert 0.95 <= nobody / (101 * rounds) < 0.98


def test_the_accountant_and_the_estimator_agree_on_the_channel() -> None:
    for mechanism in (*SMALL, LARGE):
        record = mechanism.record().model_dump()
        assert modulus_and_collision(record, mechanism.domain_size) == (mechanism.modulus, mechanism.collision)


def test_messages_out_of_range_and_bad_confidence_are_refused() -> None:
    with pytest.raises(MechanismRefused, match="messages"):
        estimate(SMALL[0], np.array([SMALL[0].messages]))
    with pytest.raises(MechanismRefused, match="confidence"):
        interval(estimate(SMALL[0], np.array([], dtype=np.uint32)), 0.4)


def test_no_reports_give_zeros() -> None:
    assert not estimate(LARGE, np.array([], dtype=np.uint32)).counts.any()


def test_decoding_takes_under_a_second_at_epsilon_4() -> None:
    messages = randomize_many(LARGE, np.zeros(100_000, dtype=np.int64), np.random.default_rng(0))
    began = time.process_time()
    estimate(LARGE, messages)
    assert time.process_time() - began < 1.0


def test_a_million_items_decode_as_direct_sums_say() -> None:
    """q = 53, D = 4: the shape with three transformed axes. Time and memory are in benchmarks/privacy.py."""
    mechanism, rng = choose_mechanism(1_000_000, 4.0), np.random.default_rng(4)
    messages = randomize_many(mechanism, rng.integers(0, 1_000_001, size=120), rng)
    counts, support = estimate(mechanism, messages).counts, support_of(mechanism)
    for value in (0, 1_000_000, *rng.integers(0, 1_000_001, size=10)):
        supported = sum(mechanism.supports(int(message), int(value)) for message in messages)
        assert counts[value] == pytest.approx((supported - 120 * support.other) / (support.own - support.other), abs=1e-6)
