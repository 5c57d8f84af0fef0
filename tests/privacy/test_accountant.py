"""The accountant's sums against dp-accounting and a receipt's numbers against the sums."""

from __future__ import annotations

from typing import Any

import pytest
from dp_accounting import NeighboringRelation, dp_event
from dp_accounting.pld import PLDAccountant
from dp_accounting.pld import privacy_loss_distribution as pld
from hypothesis import given, settings
from hypothesis import strategies as st

from privacy.accounting import check_receipt, guarantees, local_epsilon, spending
from privacy.accounting.guarantees import DELTA
from privacy.mechanisms import Mechanism, choose_mechanism

MECHANISMS = [choose_mechanism(12, 1.0), choose_mechanism(100, 4.0), choose_mechanism(600, 4.0), choose_mechanism(43_000, 6.0)]


def loss(mechanism: Mechanism) -> Any:
    """dp-accounting's privacy loss of the k-ary answer. Its `noise_parameter` is the share that is replaced by a uniform residue:
    prob_truth = 1 - noise + noise / m, so noise = m v / draws (OpenDP's parameter is prob_truth itself).
    """
    noise = mechanism.modulus * mechanism.v / mechanism.draws
    return pld.from_randomized_response(noise, mechanism.modulus, value_discretization_interval=1e-4)


@pytest.mark.parametrize("mechanism", MECHANISMS, ids=str)
def test_local_epsilon_of_one_report_is_dp_accountings(mechanism: Mechanism) -> None:
    theirs = loss(mechanism).get_epsilon_for_delta(0.0)
    assert theirs == pytest.approx(mechanism.epsilon, abs=2e-4)
    assert mechanism.epsilon <= local_epsilon(mechanism.w, mechanism.v) < mechanism.epsilon + 2e-6


@pytest.mark.parametrize("count", [2, 8])
def test_many_reports_cost_the_sum(count: int) -> None:
    """Pure epsilon composes to the sum; `self_compose` on the distribution itself, for the accountant's own count is wrong."""
    mechanism = choose_mechanism(100, 4.0)
    theirs = loss(mechanism).self_compose(count, tail_mass_truncation=0).get_epsilon_for_delta(0.0)
    ours = spending([(mechanism.w, mechanism.v)], 21_600, count * 4.0, 90).cap
    assert ours == pytest.approx(theirs, abs=count * 3e-4)
    assert ours >= count * mechanism.epsilon


def test_the_fault_of_the_reference_that_we_must_not_copy() -> None:
    """dp-accounting 0.6.0 forgets `count` for randomized response. When this fails, it was mended: the note in STYLE can go."""
    event = dp_event.RandomizedResponseDpEvent(noise_parameter=0.5, num_buckets=4)
    once, ten = (PLDAccountant(NeighboringRelation.REPLACE_ONE) for _ in range(2))
    once.compose(event)
    ten.compose(event, 10)
    assert ten.get_epsilon(0.0) == once.get_epsilon(0.0)


@settings(max_examples=60)
@given(
    epochs=st.sampled_from([3_600, 21_600, 86_400, 200_000]), cap=st.floats(0.5, 64), weights=st.lists(
        st.sampled_from([(54, 1), (19, 7), (2980, 1)]), min_size=1, max_size=3))  # fmt: skip
def test_spending_keeps_the_cap_and_counts_the_dearest(epochs: int, cap: float, weights: list[tuple[int, int]]) -> None:
    found = spending(weights, epochs, cap, 90)
    assert found.report == found.epoch == max(local_epsilon(*pair) for pair in weights)
    assert found.day <= found.cap <= cap
    assert found.cap + found.report > cap or found.cap >= (90 * 86_400 // epochs) * found.report - 1e-9
    assert found.seconds_until_cap == found.epochs_until_cap * epochs


def record(mechanism: Mechanism) -> dict[str, Any]:
    return mechanism.record().model_dump()


@pytest.mark.parametrize("mechanism", MECHANISMS, ids=str)
def test_the_audiences_of_a_batch(mechanism: Mechanism) -> None:
    one = guarantees(record(mechanism), mechanism.domain_size, 5_000, 1_000, 1)
    two = guarantees(record(mechanism), mechanism.domain_size, 5_000, 1_000, 2)
    assert (one["shuffled"], one["delta"]) == (None, DELTA), "one operator: nothing is claimed against it"
    assert two["shuffled"] == two["public"] == one["public"]
    assert one["public"] is not None
    assert one["local"] is not None
    assert 0 < one["public"] < one["local"]


def test_a_batch_below_its_minimum_claims_only_what_is_local() -> None:
    small = guarantees(record(MECHANISMS[2]), 600, 999, 1_000, 2)
    assert small == {"local": 3.988985, "shuffled": None, "public": 3.988985, "delta": 0.0}


def receipt(**changed: Any) -> dict[str, Any]:
    mechanism = choose_mechanism(600, 4.0)
    stated = guarantees(record(mechanism), 600, 5_000, 1_000, 2)
    collection = {"mechanism": record(mechanism), "domain_size": 600, "epsilon": 4.0, "epsilon_micro": mechanism.epsilon_micro}
    honest = {"collection": collection, "reports": 5_000, "minimum_batch": 1_000, "operators": 2, "guarantees": stated}
    return {**honest, **changed}


def test_an_honest_receipt_recomputes() -> None:
    assert check_receipt(receipt()) == []


@pytest.mark.parametrize("field", ["local", "shuffled", "public"])
@pytest.mark.parametrize("error", [-0.001, 0.001, None])
def test_a_guarantee_that_is_off_by_a_thousandth_is_named(field: str, error: float | None) -> None:
    stated = dict(receipt()["guarantees"])
    stated[field] = None if error is None else stated[field] + error
    assert [fault.split(":")[0] for fault in check_receipt(receipt(guarantees=stated))] == [f"guarantees.{field}"]


@pytest.mark.parametrize("delta", [1e-7, 1e-4])
def test_another_delta_is_named_for_what_it_buys(delta: float) -> None:
    """Whoever states another delta must state its epsilons; the ones of 1e-8 no longer recompute."""
    stated = {**receipt()["guarantees"], "delta": delta}
    found = {fault.split(":")[0] for fault in check_receipt(receipt(guarantees=stated))}
    assert found - {"guarantees.delta"} == {"guarantees.shuffled", "guarantees.public"}


@pytest.mark.parametrize(("delta", "faults"), [(1e-7, []), (1e-3, ["guarantees.delta: states 0.001, want at most 1e-06"])])
def test_a_delta_that_means_nothing_buys_no_epsilon(delta: float, faults: list[str]) -> None:
    stated = guarantees(record(choose_mechanism(600, 4.0)), 600, 5_000, 1_000, 2, delta)
    assert check_receipt(receipt(guarantees=stated)) == faults
