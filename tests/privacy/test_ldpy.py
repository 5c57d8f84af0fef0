"""Estimators against multi-freq-ldpy's: the same reports give the same counts, many runs the same mean and variance."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from privacy.estimators import estimate, estimate_histogram, standard_deviation
from privacy.mechanisms import KAry, choose_mechanism
from privacy.randomizer_many import randomize_many

GOLDEN = json.loads((Path(__file__).parent / "ldpy_golden.json").read_text())
COUNTS = np.array(GOLDEN["counts"])
CASES = pytest.mark.parametrize("case", GOLDEN["randomized_response"], ids=lambda case: f"{case['w']}:{case['v']}")


@CASES
def test_the_same_reports_give_the_same_counts(case: dict[str, Any]) -> None:
    histogram, theirs = np.array(case["histogram"]), np.array(case["estimate"])
    ours = estimate_histogram(KAry(len(COUNTS) - 1, case["w"], case["v"]), histogram).counts
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)
    planted = estimate_histogram(KAry(len(COUNTS) - 1, case["w"] + 1, case["v"]), histogram).counts
    assert abs(planted - theirs).max() > 1, "another weight would have been seen"


@CASES
def test_bias_and_variance_are_theirs_and_those_of_the_theory(case: dict[str, Any]) -> None:
    mechanism, rounds = KAry(len(COUNTS) - 1, case["w"], case["v"]), GOLDEN["rounds"]
    values, rng = np.repeat(np.arange(len(COUNTS)), COUNTS), np.random.default_rng(3)
    ours = np.array([estimate(mechanism, randomize_many(mechanism, values, rng)).counts for _ in range(rounds)])
    theory = [standard_deviation(mechanism, len(values), int(count)) ** 2 for count in COUNTS]
    np.testing.assert_allclose(theory, case["theory"], rtol=1e-9)
    error = np.sqrt(np.array(theory) / rounds)
    for mean in (ours.mean(axis=0), np.array(case["mean"])):
        assert (abs(mean - COUNTS) < 4.5 * error).all(), "biased"
    for variance in (ours.var(axis=0, ddof=1), np.array(case["variance"])):
        np.testing.assert_allclose(variance, theory, rtol=4.5 * np.sqrt(2 / rounds))


@pytest.mark.parametrize("case", GOLDEN["subset_selection"], ids=lambda case: f"{case['values']} at {case['epsilon']}")
def test_for_large_domains_the_variance_is_near_that_of_subset_selection(case: dict[str, Any]) -> None:
    """Whose message is a subset: 11,565 items at d = 43,000, epsilon 1; ours has 4 bytes. At 200 values, just above where
    k-ary response ends, the prime that fits leaves us 15 % above it."""
    mechanism, n = choose_mechanism(case["values"] - 1, case["epsilon"]), 100_000
    ratio = standard_deviation(mechanism, n) ** 2 / (n * case["variance"])
    assert 0.99 < ratio < (1.10 if case["values"] > 1_000 else 1.16)
