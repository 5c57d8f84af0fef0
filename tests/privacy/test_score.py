"""The score interval: by exact sums over all supports, each end fails at most as often as stated; planted narrow ones do not."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.accounting.score import ScoreInterval, Support, score_interval, support_of_record
from privacy.estimators import support_of
from privacy.mechanisms import KAry, Mechanism, choose_mechanism

CASES = [
    (200, 4.0, 60), (200, 4.0, 400), (600, 4.0, 2000), (43_000, 1.0, 400), (43_000, 8.0, 2000), (12, 1.0, 400), (4, 4.0, 400),
]  # fmt: skip
ATOM = 1e-9
"""Float sums of a bound that is the true count itself."""
Make = Callable[[Support, int, float], ScoreInterval]


def binomial(n: int, p: float) -> np.ndarray:
    """Probabilities of 0..n."""
    logs = [math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) for k in range(n + 1)]
    k = np.arange(n + 1)
    return np.exp(np.array(logs) + k * math.log(p) + (n - k) * math.log1p(-p))


def misses(support: Support, n: int, held: int, interval: ScoreInterval) -> tuple[float, float]:
    """Exact probabilities that low is above `held` and that high is below."""
    p, s = support.own, support.other
    law = np.convolve(binomial(n - held, s), binomial(held, p))
    bounds = np.array([interval.around((supported - n * s) / (p - s)) for supported in range(n + 1)])
    return float(law[bounds[:, 0] > held + ATOM].sum()), float(law[bounds[:, 1] < held - ATOM].sum())


def worst(domain_size: int, epsilon: float, n: int, make: Make = score_interval) -> float:
    """Largest ratio of the failures to those that are stated: rare and popular values, a usual confidence and a pool's."""
    support, found = support_of(choose_mechanism(domain_size, epsilon)), 0.0
    for confidence in (0.95, 1 - 0.5 / domain_size):
        interval = make(support, n, confidence)
        for held in (0, 1, n // 40, n // 5, n // 2, n):
            found = max(found, *(missed / (1 - confidence) for missed in misses(support, n, held, interval)))
    return found


@pytest.mark.parametrize(("domain_size", "epsilon", "n"), CASES)
def test_each_end_holds_with_its_confidence(domain_size: int, epsilon: float, n: int) -> None:
    assert worst(domain_size, epsilon, n) <= 1.01  # at most 1 % over, of the failures: the expansion is no exact bound


def uncorrected(support: Support, reports: int, confidence: float) -> ScoreInterval:
    """Planted: Wilson's interval as the normal approximation has it."""
    return dataclasses.replace(score_interval(support, reports, confidence), down=0.0, up=0.0)


def narrow(support: Support, reports: int, confidence: float) -> ScoreInterval:
    """Planted: z sd, with the standard deviation of a value that nobody holds."""
    return dataclasses.replace(score_interval(support, reports, confidence), slope=0.0)


@pytest.mark.parametrize(("domain_size", "epsilon", "n"), [case for case in CASES if case[0] >= 200 and case[1] > 1])
@pytest.mark.parametrize("planted", [uncorrected, narrow])
def test_a_planted_narrow_interval_is_caught(planted: Make, domain_size: int, epsilon: float, n: int) -> None:
    assert worst(domain_size, epsilon, n, planted) > 1.3


MECHANISMS = [choose_mechanism(43_000, 8.0), choose_mechanism(43_000, 4.0), choose_mechanism(12, 1.0), KAry(4, 54, 1)]


@pytest.mark.parametrize("mechanism", MECHANISMS, ids=str)
def test_a_receipts_mechanism_has_the_support_of_the_estimator(mechanism: Mechanism) -> None:
    assert support_of_record(mechanism.record().model_dump(), mechanism.domain_size) == support_of(mechanism)


@given(st.sampled_from(MECHANISMS), st.integers(0, 5000), st.floats(0.5, 0.999999), st.data())
def test_order_of_low_count_and_high(mechanism: Mechanism, n: int, confidence: float, data: st.DataObject) -> None:
    """Over all counts that messages can give; and both ends grow with the count."""
    support = support_of(mechanism)
    interval, last = score_interval(support, n, confidence), (-math.inf, -math.inf)
    for supported in sorted(data.draw(st.sets(st.integers(0, n), min_size=1, max_size=5))):
        count = (supported - n * support.other) / (support.own - support.other)
        low, high = interval.around(count)
        assert low <= count + ATOM
        assert high >= count - ATOM
        assert (low, high) >= last
        last = (low - ATOM, high - ATOM)


def test_low_is_above_zero_where_the_count_is_beyond_the_corrected_quantile() -> None:
    support = support_of(MECHANISMS[1])
    interval = score_interval(support, 2000, 0.999)
    edge = NormalDist().inv_cdf(0.999) * math.sqrt(support.variance(2000)) + interval.down
    assert interval.around(edge - 1e-6)[0] < 0 < interval.around(edge + 1e-6)[0]


@pytest.mark.parametrize("confidence", [0.49, 1.0, float("nan")])
def test_a_confidence_without_meaning_is_refused(confidence: float) -> None:
    with pytest.raises(ValueError, match="confidence: got"):
        score_interval(support_of(MECHANISMS[0]), 10, confidence)
