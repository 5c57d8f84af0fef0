"""The client's ledger in Python: every vector that the browser replays, and what a cap means under any clock."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import CAP_DAYS, MICRO
from privacy.accounting import forecast
from privacy.budget import DAY_MS, Debit, check_client_budget, spent_micro
from privacy.errors import LedgerRefused
from privacy.vectors import load_cases

CASES = load_cases("client_ledger")
Operation = tuple[int, int]


def replay(operations: list[Operation], cap_epsilon: float, skip_debit: int = -1) -> tuple[list[tuple[bool, int]], list[Debit]]:
    """(allowed, spent after) of each (time, micro). `skip_debit` plants a fault: that one is sent and not recorded."""
    debits, answers = list[Debit](), []
    for number, (time_ms, micro) in enumerate(operations):
        decision = check_client_budget(debits, time_ms, micro, cap_epsilon)
        answers.append((decision.allowed, decision.spent_micro))
        if decision.allowed and number != skip_debit:
            debits.append(Debit(time_ms, micro))
    return answers, debits


def test_all_vectors() -> None:
    replayed = 0
    for case in CASES:
        operations = case["operations"]
        answers, _ = replay([(time_ms, micro) for time_ms, micro, _, _ in operations], case["cap_epsilon"])
        assert answers == [(allowed, spent) for _, _, allowed, spent in operations], case["why"]
        replayed += len(operations)
    assert (len(CASES), replayed) == (5, 26)


def test_a_debit_that_is_skipped_is_caught_by_the_vectors() -> None:
    """A report sent before it is recorded: in every case that goes on after it, another answer comes out."""
    caught = 0
    for case in CASES:
        operations = [(time_ms, micro) for time_ms, micro, _, _ in case["operations"]]
        answers, _ = replay(operations, case["cap_epsilon"], skip_debit=0)
        caught += answers != [(allowed, spent) for _, _, allowed, spent in case["operations"]]
    assert caught == len(CASES) - 1, "all but the case whose one report is refused"


@given(
    steps=st.lists(st.tuples(st.integers(-200 * DAY_MS, 200 * DAY_MS), st.integers(1, 8 * MICRO)), max_size=30),
    cap=st.integers(1, 64),
)
def test_no_ninety_days_hold_more_than_the_cap_whatever_the_clock_does(steps: list[Operation], cap: int) -> None:
    _, debits = replay(steps, cap)
    for first in debits:
        window = [each.micro for each in debits if first.time_ms <= each.time_ms < first.time_ms + CAP_DAYS * DAY_MS]
        assert sum(window) <= cap * MICRO


def test_without_the_debits_of_the_future_a_clock_set_back_would_spend_twice() -> None:
    """The planted fault that the property above exists for."""
    debits = [Debit(100 * DAY_MS, 5 * MICRO)]
    forgetful = sum(debit.micro for debit in debits if 0 <= 0 - debit.time_ms < CAP_DAYS * DAY_MS)
    assert (forgetful, spent_micro(debits, 0)) == (0, 5 * MICRO)


@given(spent=st.integers(0, 40 * MICRO), micro=st.integers(1, 8 * MICRO), cap=st.integers(1, 64))
def test_the_accountants_forecast_is_the_clients_decision(spent: int, micro: int, cap: int) -> None:
    debits = [Debit(0, spent)] if spent else []
    assert check_client_budget(debits, 1, micro, cap).allowed == forecast(spent, micro, cap)


@pytest.mark.parametrize(("micro", "cap", "what"), [(1, 64.1, "cap of 64.1"), (1, 0.0, "cap of 0"), (0, 8.0, "debit of 0")])
def test_bad_numbers_are_refused(micro: int, cap: float, what: str) -> None:
    with pytest.raises(LedgerRefused, match=what):
        check_client_budget([], 0, micro, cap)
