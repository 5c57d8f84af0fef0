"""The server's privacy filter: refuses a close that would take a collection beyond the shop's own budget.

The ledger counts integers. Beside it, OpenDP composes the very channels (fully adaptive composition, a filter around it; Rogers,
Roth, Ullman, Vadhan, NeurIPS 2016; Whitehouse et al., ICML 2023). A close passes only if both let it: two accountants that share
no code. A closed bucket holds at most one report of a client, so each close costs that client ln(w / v), in pure differential
privacy, and a client who reports in every epoch is the worst case.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import opendp.prelude as dp

from contracts import MICRO
from privacy.errors import LedgerRefused
from privacy.mechanisms import KAry, Mechanism
from privacy.opendp_reference import reference_response

ROUNDING = 1e-9
"""Relative slack of the OpenDP filter for its float64 sums, which round up; the integers have none."""


class ServerFilter:
    """Budget of one collection for its whole life. State lives in the ledger: build it from the ledger's entries at the start."""

    def __init__(self, budget_epsilon: float, spent_micro: Iterable[int] = ()) -> None:
        """`spent_micro`: epsilon_micro of each close so far. What was published is spent, even beyond a budget lowered since."""
        if not (math.isfinite(budget_epsilon) and budget_epsilon > 0):
            raise LedgerRefused(f"server budget: got epsilon {budget_epsilon}, want a number above 0")
        self.budget_micro = math.floor(budget_epsilon * MICRO)
        self._past = list(spent_micro)
        self.spent_micro = sum(self._past)
        self._filter: Any = None

    @property
    def left_micro(self) -> int:
        """What is left, in millionths; 0 where nothing is."""
        return max(0, self.budget_micro - self.spent_micro)

    def spend(self, mechanism: Mechanism) -> None:
        """Record one close with this mechanism; raises `LedgerRefused`, and then nothing is recorded."""
        micro = mechanism.epsilon_micro
        if self.spent_micro + micro > self.budget_micro:
            raise self._refused(micro, "the integer ledger")
        if self._filter is None:
            self._filter = self._restored()
        try:
            self._filter(reference_response(mechanism))
        except dp.OpenDPException as error:
            self._filter = None  # OpenDP's filter answers nothing after a refusal; a refused close must leave no trace
            if "filter" not in str(error):
                raise
            raise self._refused(micro, "OpenDP's filter") from None
        self._past.append(micro)
        self.spent_micro += micro

    def _refused(self, micro: int, who: str) -> LedgerRefused:
        return LedgerRefused(
            f"server budget: {who} refuses {micro / MICRO} more after {self.spent_micro / MICRO} of {self.budget_micro / MICRO}; "
            "raise the budget, or stop the collection"
        )

    def _restored(self) -> Any:
        """A fresh filter that has answered everything in `_past`."""
        probe = reference_response(KAry(1, 2, 1))
        odometer = dp.c.make_fully_adaptive_composition(probe.input_domain, probe.input_metric, probe.output_measure)
        budget = self.budget_micro / MICRO * (1 + ROUNDING)
        made = dp.c.make_privacy_filter(odometer, d_in=1, d_out=budget)(0)
        for micro in self._past:
            made(_binary_response(micro))
        return made


def _binary_response(micro: int) -> Any:
    """Binary randomized response of epsilon micro / 10^6: what a past close cost, whatever its mechanism was."""
    return dp.m.make_randomized_response([0, 1], 1 / (1 + math.exp(-micro / MICRO)), T="i32")
