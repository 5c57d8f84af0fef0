"""Lower bounds by experiment: close to the claim for the real randomizer, above it for each planted fault."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable

import numpy as np
import pytest

from privacy.empirical import Sampler, audit_randomizer, clopper_pearson
from privacy.mechanisms import AffinePoint, KAry, Mechanism, choose_mechanism
from privacy.opendp_reference import reference_epsilon, reference_randomize
from privacy.randomizer import randomize
from privacy.randomizer_many import randomize_many

AFFINE = choose_mechanism(43_000, 4.0)
K_ARY = KAry(12, 54, 1)


@pytest.mark.parametrize(("hits", "n", "error"), [(0, 10, 0.025), (3, 10, 0.025), (10, 10, 0.025), (1_200, 100_000, 5e-7)])
def test_clopper_pearson_equals_the_beta_quantiles(hits: int, n: int, error: float) -> None:
    from scipy.stats import beta  # comes with dp-accounting, the second opinion

    low, high = clopper_pearson(hits, n, error)
    assert low == pytest.approx(beta.ppf(error, hits, n - hits + 1) if hits else 0.0, rel=1e-8)
    assert high == pytest.approx(beta.ppf(1 - error, hits + 1, n - hits) if hits < n else 1.0, rel=1e-8)


def one_by_one(mechanism: Mechanism, source: Callable[[int], bytes]) -> Sampler:
    return lambda value, n: np.array([randomize(mechanism, value, source) for _ in range(n)])


class EightBits(np.random.Generator):
    """Planted: each draw has one random byte."""

    def __init__(self) -> None:
        super().__init__(np.random.PCG64(5))

    def integers(self, *bound: int, size: int) -> np.ndarray:  # type: ignore[override]
        return super().integers(256, size=size) % bound[0]


def many(mechanism: Mechanism, rng: np.random.Generator | None = None) -> Sampler:
    rng = rng or np.random.default_rng(3)
    return lambda value, n: randomize_many(mechanism, np.full(n, value), rng)


@pytest.mark.parametrize("mechanism", [AFFINE, K_ARY], ids=str)
def test_the_shipped_randomizer_spends_what_it_claims(mechanism: Mechanism) -> None:
    bound = audit_randomizer(mechanism, one_by_one(mechanism, os.urandom), 1, 7, 40_000)
    assert 0.93 * bound.claimed < bound.lower
    assert not bound.violated


@pytest.mark.parametrize("mechanism", [AFFINE, K_ARY], ids=str)
def test_a_weight_of_a_quarter_more_is_caught(mechanism: Mechanism) -> None:
    heavier = dataclasses.replace(mechanism, w=round(mechanism.w * 1.25))
    assert audit_randomizer(mechanism, many(heavier), 1, 7, 400_000).violated


@pytest.mark.parametrize("mechanism", [AFFINE, K_ARY], ids=str)
def test_eight_bits_of_randomness_are_caught(mechanism: Mechanism) -> None:
    assert audit_randomizer(mechanism, many(mechanism, EightBits()), 1, 7, 200_000).violated


def test_silence_when_idle_is_caught() -> None:
    """NONE always sends the same message, as if it had not been randomized."""

    def silent(value: int, n: int) -> np.ndarray:
        return np.zeros(n, dtype=np.int64) if value == 0 else many(K_ARY)(value, n)

    assert audit_randomizer(K_ARY, silent, 0, 7, 20_000).violated


@pytest.mark.parametrize("epsilon", [1.0, 2.0, 4.0, 6.0, 8.0])
@pytest.mark.parametrize("domain_size", [12, 43_000])
def test_opendps_privacy_map_is_the_logarithm_of_the_weights(epsilon: float, domain_size: int) -> None:
    mechanism = choose_mechanism(domain_size, epsilon)
    assert reference_epsilon(mechanism) == pytest.approx(mechanism.epsilon, abs=1e-12)


def test_opendp_has_the_same_offset_distribution() -> None:
    """Offsets of OpenDP's answers, as many as ours, in one chi-squared test of homogeneity."""
    mechanism, n = AffinePoint(20, 5, 2, 7, 2), 30_000
    ours = np.array([randomize(mechanism, 13, os.urandom) for _ in range(n)])
    theirs = np.array([reference_randomize(mechanism, 13) for _ in range(n)])
    a, b = (np.bincount(messages, minlength=mechanism.messages) for messages in (ours, theirs))
    assert float(((a - b) ** 2 / (a + b)).sum()) < 29 + 6 * np.sqrt(2 * 29)
    lighter = randomize_many(dataclasses.replace(mechanism, w=5), np.full(n, 13), np.random.default_rng(1))
    c = np.bincount(lighter, minlength=mechanism.messages)
    assert float(((a - c) ** 2 / (a + c)).sum()) > 29 + 6 * np.sqrt(2 * 29), "the test would see another weight"
