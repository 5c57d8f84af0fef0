"""A client's budget: the arithmetic twin of the ledger in the browser (contracts/vectors/v1/client_ledger.json).

All sums are integers, in millionths of epsilon. A debit counts for `cap_days` from its time; a debit in the future, which a
clock that went back leaves behind, counts too, so that no change of the clock backwards frees anything.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from contracts import CAP_DAYS, CAP_LIMIT_EPSILON, MICRO
from privacy.errors import LedgerRefused

DAY_MS = 86_400_000


@dataclass(frozen=True)
class Debit:
    """One report's cost, recorded before it is sent."""

    time_ms: int
    micro: int


@dataclass(frozen=True)
class Decision:
    """What the ledger answers."""

    allowed: bool
    spent_micro: int
    """After the debit where it is allowed, else as before."""


def spent_micro(debits: Sequence[Debit], now_ms: int, cap_days: int = CAP_DAYS) -> int:
    """Sum of the debits that still count at `now_ms`."""
    return sum(debit.micro for debit in debits if now_ms - debit.time_ms < cap_days * DAY_MS)


def check_client_budget(
    debits: Sequence[Debit], now_ms: int, micro: int, cap_epsilon: float, cap_days: int = CAP_DAYS
) -> Decision:
    """Whether a report of `micro` millionths fits under the cap now. Records nothing; raises `LedgerRefused` for bad numbers."""
    if not 0 < cap_epsilon <= CAP_LIMIT_EPSILON:
        raise LedgerRefused(f"client budget: got a cap of {cap_epsilon}, want above 0 and at most {CAP_LIMIT_EPSILON}")
    if micro < 1:
        raise LedgerRefused(f"client budget: got a debit of {micro} millionths, want at least 1")
    spent = spent_micro(debits, now_ms, cap_days)
    allowed = spent + micro <= math.floor(cap_epsilon * MICRO)
    return Decision(allowed, spent + micro if allowed else spent)
