"""The server's filter: refuses the close beyond the budget, by the integers and by OpenDP, and a refusal leaves no trace."""

from __future__ import annotations

import pytest

from contracts import MICRO
from privacy.errors import LedgerRefused
from privacy.mechanisms import AffinePoint, KAry, choose_mechanism
from privacy.server_filter import ServerFilter

SMALL = choose_mechanism(600, 4.0)


def test_the_close_beyond_the_budget_is_refused_and_the_next_smaller_one_still_fits() -> None:
    budget = ServerFilter(10.0)
    budget.spend(SMALL)
    budget.spend(SMALL)
    with pytest.raises(LedgerRefused, match=r"the integer ledger refuses 3\.988985 more after 7\.97797 of 10"):
        budget.spend(SMALL)
    assert budget.spent_micro == 2 * SMALL.epsilon_micro
    budget.spend(choose_mechanism(12, 1.0))
    assert budget.left_micro == 10 * MICRO - 2 * SMALL.epsilon_micro - choose_mechanism(12, 1.0).epsilon_micro


def test_exactly_the_budget_fits() -> None:
    budget = ServerFilter(3 * SMALL.epsilon_micro / MICRO)
    for _ in range(3):
        budget.spend(SMALL)
    assert budget.left_micro == 0
    with pytest.raises(LedgerRefused):
        budget.spend(KAry(1, 65535, 65534))


def test_what_was_spent_beyond_a_budget_lowered_since_stays_spent() -> None:
    budget = ServerFilter(4.0, [SMALL.epsilon_micro] * 3)
    assert (budget.spent_micro, budget.left_micro) == (3 * SMALL.epsilon_micro, 0)
    with pytest.raises(LedgerRefused):
        budget.spend(SMALL)


def test_opendp_refuses_by_itself_where_the_integers_were_told_too_little() -> None:
    """A planted fault: a mechanism that understates what it costs. The second accountant sees the channel itself."""

    class Understating(AffinePoint):
        @property
        def epsilon_micro(self) -> int:
            return 1

    budget = ServerFilter(5.0)
    budget.spend(SMALL)
    with pytest.raises(LedgerRefused, match="OpenDP's filter refuses"):
        budget.spend(Understating(600, 53, 2, 54, 1))
    assert budget.spent_micro == SMALL.epsilon_micro
    budget.spend(choose_mechanism(12, 1.0))
