"""The accountant: boundary values pinned, monotone, never above local, and against an independent brute force."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import contracts
from privacy.accounting import epsilon_micro, forecast, guarantees, limit_faults, limits, round_up, shuffled_epsilon, spending
from privacy.mechanisms import Mechanism, choose_mechanism
from privacy.vectors import load_cases

DELTA = 1e-8


def shuffled(mechanism: Mechanism, n: int, delta: float = DELTA) -> float:
    return shuffled_epsilon(mechanism.w, mechanism.v, mechanism.modulus, mechanism.collision, n, delta)


def exact_delta(mechanism: Mechanism, n: int, epsilon: float) -> float:
    """Hockey-stick divergence of the dominating pair by summing over every (a, b): small n, nothing clever.

    Written from the mechanism: a message supports only x0, only x1, or tells them not apart; another client's message falls on
    each of the first two with probability at least (1 - C) v / draws, whatever the client holds.
    """
    r = (1 - mechanism.collision) * mechanism.v / mechanism.draws
    own = (1 - mechanism.collision) * mechanism.w / mechanism.draws
    base = [[math.comb(n - 1, a) * math.comb(n - 1 - a, b) * r ** (a + b) * (1 - 2 * r) ** (n - 1 - a - b) if a + b < n else 0.0
             for b in range(n + 1)] for a in range(n + 1)]  # fmt: skip

    def at(a: int, b: int) -> float:
        return base[a][b] if a >= 0 and b >= 0 else 0.0

    total = 0.0
    for a in range(n + 1):
        for b in range(n + 1 - a):
            rest = (1 - own - r) * at(a, b)
            one = own * at(a - 1, b) + r * at(a, b - 1) + rest
            other = r * at(a - 1, b) + own * at(a, b - 1) + rest
            total += max(0.0, one - math.exp(epsilon) * other)
    return total


@pytest.mark.parametrize(("domain_size", "epsilon"), [(43_000, 1.0), (40, 4.0), (600, 2.0)])
@pytest.mark.parametrize(("n", "delta"), [(30, 1e-3), (60, 1e-4)])
def test_the_bound_is_above_a_brute_force(domain_size: int, epsilon: float, n: int, delta: float) -> None:
    mechanism = choose_mechanism(domain_size, epsilon)
    assert exact_delta(mechanism, n, shuffled(mechanism, n, delta)) <= delta


@settings(max_examples=10, deadline=None)
@given(st.sampled_from([1.0, 2.0, 4.0]), st.integers(2, 20_000), st.integers(2, 20_000))
def test_more_clients_never_cost_more_and_nothing_exceeds_local(epsilon: float, n: int, m: int) -> None:
    mechanism = choose_mechanism(43_000, epsilon)
    few, many = sorted((n, m))
    assert shuffled(mechanism, many) <= shuffled(mechanism, few) * 1.01 <= mechanism.epsilon * 1.01  # strata differ with n


def test_monotone_in_epsilon_and_alone_there_is_no_crowd() -> None:
    bounds = [shuffled(choose_mechanism(43_000, epsilon), 20_000) for epsilon in (1.0, 2.0, 4.0, 6.0, 8.0)]
    assert bounds == sorted(bounds)
    assert shuffled(choose_mechanism(43_000, 4.0), 1) == pytest.approx(math.log(54))


RECORD: dict[str, Any] = {"kind": "affine_point", "q": 53, "dimension": 3, "w": 54, "v": 1}


@pytest.mark.parametrize(
    ("reports", "operators", "shuffled_claimed", "public_below_local"),
    [(100_000, 1, False, True), (100_000, 2, True, True), (9_999, 2, False, False)],
)
def test_guarantees_by_audience(reports: int, operators: int, shuffled_claimed: bool, public_below_local: bool) -> None:
    found = guarantees(RECORD, 43_000, reports, 10_000, operators)
    local, public = found["local"], found["public"]
    assert local == 3.988985, "boundary: ln 54 = 3.98898404..., rounded up"
    assert local is not None
    assert public is not None
    assert (found["shuffled"] is not None) == shuffled_claimed
    assert (public < local) == public_below_local
    assert found["delta"] == (DELTA if public_below_local else 0.0)


def test_an_unknown_mechanism_is_refused_never_guessed() -> None:
    with pytest.raises(ValueError, match="identity"):
        guarantees({**RECORD, "kind": "identity"}, 43_000, 20_000, 10_000, 1)


@given(st.integers(1, 65_535), st.integers(1, 65_535))
def test_epsilon_micro_rounds_up(w: int, v: int) -> None:
    if w > v:
        assert 0 <= epsilon_micro(w, v) - 1e6 * math.log(w / v) < 1 + 1e-9


@given(st.floats(0, 100))
def test_rounding_never_goes_down(value: float) -> None:
    assert value <= round_up(value) <= value + 1.0000001e-6


@given(st.lists(st.integers(1, 9_000_000), max_size=30), st.floats(0.5, 64))
def test_forecast_is_the_later_decision(debits: list[int], cap: float) -> None:
    from privacy.budget import Debit, check_client_budget

    past = [Debit(0, micro) for micro in debits[1:]]
    if debits:
        assert check_client_budget(past, 1, debits[0], cap).allowed == forecast(sum(debits[1:]), debits[0], cap)


def test_spending_of_the_defaults() -> None:
    found = spending([(54, 1), (54, 1)], epoch_s=21_600, cap_epsilon=32, cap_days=90)
    assert (found.report, found.day, found.cap) == (3.988985, 4 * 3.988985, 8 * 3.988985)
    assert (found.epochs_until_cap, found.seconds_until_cap) == (8, 8 * 21_600)


def test_limit_vectors() -> None:
    cases = load_cases("limits")
    for case in cases:
        assert (limit_faults(case["configuration"], case["demo_bundle"]) == []) == case["accepted"], case["why"]
    assert len(cases) >= 14


def test_the_limits_are_those_of_the_contracts() -> None:
    names = ("EPSILON_LIMIT", "EPOCH_LIMIT_S", "DEMO_EPOCH_LIMIT_S", "CAP_LIMIT_EPSILON", "CAP_DAYS")
    assert [getattr(limits, name) for name in names] == [getattr(contracts, name) for name in names]


def test_a_configuration_that_is_none_is_one_fault() -> None:
    assert [field for field, _ in limit_faults({}, False)] == ["configuration"]


def test_importing_the_package_or_the_accountant_loads_nothing_heavy() -> None:
    heavy = ("numpy", "opendp", "cryptography", "brotli")
    code = f"import sys, privacy, privacy.accounting; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
