"""What noise guarantees: against an enumeration of the channel, against OpenDP and dp-accounting, and rounded up."""

from __future__ import annotations

import itertools
import math
from typing import Any

import dp_accounting
import numpy as np
import pytest
from dp_accounting import rdp
from noise_parts import exact_delta, exact_epsilon

from privacy.accounting import check_receipt, guarantees
from privacy.accounting.noise import epsilon_of, noise_for, noised_epsilon, rho_of
from privacy.mechanisms import AffinePoint, Mechanism, choose_mechanism
from privacy.noise import least_noise, reference_noised_epsilon

DELTA = 1e-8
SMALL = AffinePoint(12, 5, 2, 27, 5)
"""13 values on F_5^2: all pairs of messages can be looked at."""


def record(mechanism: Mechanism) -> dict[str, Any]:
    return mechanism.record().model_dump()


def supported(mechanism: Mechanism, message: int) -> set[int]:
    return {value for value in range(mechanism.domain_size + 1) if mechanism.supports(message, value)}


def most_moved(mechanism: Mechanism) -> int:
    """Counts that replacing one report by another moves, at most, over all pairs of messages."""
    sets = [supported(mechanism, message) for message in range(mechanism.messages)]
    return max(len(one ^ other) for one, other in itertools.combinations(sets, 2))


@pytest.mark.parametrize("mechanism", [SMALL, AffinePoint(20, 5, 2, 54, 1), choose_mechanism(6, 4.0)])
@pytest.mark.parametrize("epsilon", [1.0, 4.0])
def test_no_pair_of_messages_of_a_small_field_loses_more_than_is_stated(mechanism: Mechanism, epsilon: float) -> None:
    """Exact: the worst pair's loss, enumerated, is within the claim; and the claim, by way of zCDP, is not far above it."""
    noise = least_noise(mechanism, epsilon, DELTA)
    moved = most_moved(mechanism)
    assert moved <= 2 * noise["support_most"]
    stated = noised_epsilon([(noise["support_most"], noise["sigma"], 1)], DELTA)
    exact = exact_epsilon(noise["sigma"], moved, DELTA)
    assert exact <= stated <= epsilon + 1e-6
    if moved == 2 * noise["support_most"]:
        assert stated < 1.1 * exact


@pytest.mark.parametrize("fault", ["sensitivity of 1", "sigma too small by 25 %"])
def test_planted_too_little_noise_loses_more_than_is_stated(fault: str) -> None:
    """The enumeration catches both, though zCDP leaves some room above the exact loss."""
    noise = least_noise(SMALL, 1.0, 1e-6)
    shrunk = math.sqrt(2 * noise["support_most"]) if fault == "sensitivity of 1" else 4 / 3
    assert exact_epsilon(noise["sigma"] / shrunk, most_moved(SMALL), 1e-6) > 1.1


@pytest.mark.parametrize(("support", "sigma"), [(1, 1.2), (1, 20.0), (28, 40.342), (848, 222.007), (7203, 1500.0)])
@pytest.mark.parametrize("delta", [1e-10, 1e-8, 1e-6, 1e-3])
def test_opendp_and_dp_accounting_say_the_same(support: int, sigma: float, delta: float) -> None:
    stated = noised_epsilon([(support, sigma, 1)], delta)
    assert reference_noised_epsilon(support, sigma, delta) == pytest.approx(stated, rel=1e-5, abs=2e-6)
    accountant = rdp.RdpAccountant(orders=1 + np.exp(np.linspace(-6, 12, 4000)))
    accountant.compose(dp_accounting.GaussianDpEvent(sigma / math.sqrt(2 * support)))
    assert accountant.get_epsilon(delta) == pytest.approx(stated, rel=1e-4, abs=2e-6)


def test_closes_add_up_as_one_and_rise_with_their_number() -> None:
    """Habit 9: n at once are n singles."""
    parts = [(28, 40.0, 1), (28, 40.0, 2), (1, 7.0, 3)]
    assert noised_epsilon([(28, 40.0, 3), (1, 7.0, 3)], DELTA) == noised_epsilon(parts, DELTA)
    curve = [noised_epsilon([(28, 40.0, closes)], DELTA) for closes in (1, 2, 30, 365)]
    assert curve == sorted(curve)
    assert curve[3] < 365 * curve[0] / 5, "far below the sum"
    assert noised_epsilon([], DELTA) == 0.0


def test_boundary_values() -> None:
    """Pinned, rounded up."""
    assert noise_for(record(choose_mechanism(43_000, 4.0)), 43_000, 1.0, DELTA) == {
        "kind": "discrete_gaussian", "sigma": 222.007, "support_most": 848,
    }  # fmt: skip
    assert noised_epsilon([(848, 222.007, 1)], DELTA) == 1.0
    assert noised_epsilon([(848, 222.006, 1)], DELTA) > 1.0
    assert noise_for(record(choose_mechanism(12, 8.0)), 12, 8.0, 0.1)["sigma"] == 1.0, "never below what receipts may state"
    with pytest.raises(ValueError, match=r"0\.01 to 8"):
        noise_for(record(SMALL), 12, 8.5, DELTA)
    with pytest.raises(ValueError, match="delta"):
        epsilon_of(1.0, 1.0)


def test_exact_delta_is_that_of_the_gaussian_where_both_are_known() -> None:
    """Of the test's own ruler: at a large sigma the discrete Gaussian is the Gaussian (Balle and Wang 2018, theorem 8)."""
    from statistics import NormalDist

    mu, phi = math.sqrt(4) / 12.0, NormalDist().cdf
    want = phi(mu / 2 - 0.3 / mu) - math.exp(0.3) * phi(-mu / 2 - 0.3 / mu)
    assert exact_delta(12.0, 4, 0.3) == pytest.approx(want, rel=0.02)


# -- guarantees and receipts --------------------------------------------------------------------------------------------------


def receipt(reports: int = 5_000, operators: int = 2, **changed: Any) -> dict[str, Any]:
    mechanism = choose_mechanism(600, 4.0)
    noise = least_noise(mechanism, 0.3, DELTA)
    stated = guarantees(record(mechanism), 600, reports, 1_000, operators, DELTA, noise=noise)
    collection = {"mechanism": record(mechanism), "domain_size": 600, "epsilon": 4.0, "epsilon_micro": mechanism.epsilon_micro}
    return {
        "collection": collection, "reports": reports, "minimum_batch": 1_000, "operators": operators, "guarantees": stated,
        "noise": noise, **changed,
    }  # fmt: skip


def test_the_public_guarantee_is_the_smaller_of_the_two() -> None:
    mechanism = choose_mechanism(600, 4.0)
    noise = {"kind": "discrete_gaussian", "sigma": 30.0, "support_most": rho_support()}
    noised = noised_epsilon([(rho_support(), 30.0, 1)], DELTA)
    few, many = (guarantees(record(mechanism), 600, reports, 100, 2, DELTA, noise=noise) for reports in (200, 10**6))
    assert few["noised"] == many["noised"] == noised
    assert few["public"] == noised < (few["shuffled"] or 0)
    assert many["public"] == many["shuffled"] < noised, "the analyzer's operator gains nothing from noise that he adds"
    alone = guarantees(record(mechanism), 600, 10**6, 100, 2, DELTA, n_honest=1, noise=noise)
    assert alone["public"] == noised < alone["shuffled"] == alone["local"], "needs no other honest report"  # type: ignore[operator]


def rho_support() -> int:
    mechanism = choose_mechanism(600, 4.0)
    return int(least_noise(mechanism, 1.0, DELTA)["support_most"])


def test_without_noise_nothing_is_stated_of_it() -> None:
    assert set(guarantees(record(SMALL), 12, 5_000, 1_000, 2)) == {"local", "shuffled", "public", "delta"}


def test_noise_never_promises_less_than_the_channel() -> None:
    mechanism = choose_mechanism(600, 1.0)
    noise = {"kind": "discrete_gaussian", "sigma": 1.0, "support_most": 600}
    found = guarantees(record(mechanism), 600, 5_000, 1_000, 1, DELTA, noise=noise)
    assert found["noised"] == found["local"]


def test_an_honest_receipt_with_noise_has_no_fault() -> None:
    assert check_receipt(receipt()) == []


@pytest.mark.parametrize(
    ("planted", "field"),
    [
        ({"sigma": 1.0}, "guarantees.noised"),
        ({"support_most": 1}, "noise.support_most"),
        ({"kind": "laplace"}, "noise.kind"),
        ({"sigma": 0.1}, "noise.sigma"),
        ({"sigma": 0}, "noise.sigma"),
        ({"sigma": 1e308}, "noise.sigma"),
        ({"sigma": math.nan}, "noise.sigma"),
    ],
)
def test_each_number_of_the_noise_that_is_stated_wrongly_is_named(planted: dict[str, Any], field: str) -> None:
    found = receipt()
    found["noise"] = {**found["noise"], **planted}
    assert field in {fault.split(":")[0] for fault in check_receipt(found)}


def test_planted_sensitivity_of_one_is_named() -> None:
    """Noise made for counts that move by 1: the receipt claims too much for its sigma."""
    found = receipt()
    small = {
        **found["noise"],
        "sigma": max(1.0, round(found["noise"]["sigma"] / math.sqrt(2 * found["noise"]["support_most"]), 3)),
    }
    assert "guarantees.noised" in {fault.split(":")[0] for fault in check_receipt({**found, "noise": small})}


def test_a_guarantee_by_noise_without_noise_is_named() -> None:
    found = receipt()
    del found["noise"]
    faults = {fault.split(":")[0] for fault in check_receipt(found)}
    assert faults == {"guarantees.noised", "guarantees.public"}


def test_rho_is_half_the_squared_sensitivity_over_the_variance() -> None:
    assert rho_of(848, 222.0) == pytest.approx((math.sqrt(2 * 848) / 222.0) ** 2 / 2)
