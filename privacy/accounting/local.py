"""Local epsilon: of one report, and of a client's life. Exact: integer weights, sums in millionths, rounded up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

MICRO = 1_000_000
DAY_S = 86_400


def round_up(value: float, decimals: int = 6) -> float:
    """Up to the next multiple of 10^-decimals: a privacy loss is never printed smaller than it is."""
    scale = float(10**decimals)
    return math.ceil(value * scale) / scale


def epsilon_micro(w: int, v: int) -> int:
    """ln(w / v) in millionths, rounded up."""
    return math.ceil(MICRO * math.log(w / v))


def local_epsilon(w: int, v: int) -> float:
    """ln(w / v), rounded up to six decimals."""
    return epsilon_micro(w, v) / MICRO


@dataclass(frozen=True)
class Spending:
    """What one client that reports in every epoch spends, in local epsilon; sequential composition is a sum."""

    report: float
    """Of the dearest collection: at most one report an epoch."""
    epoch: float
    day: float
    cap: float
    """Most in any `cap_days`; then the client is silent."""
    epochs_until_cap: int
    """Epochs with a report until the cap refuses the next one."""
    seconds_until_cap: int


def spending(weights: Sequence[tuple[int, int]], epoch_s: int, cap_epsilon: float, cap_days: int) -> Spending:
    """Worst case over the collections with these w : v, of which a client serves at most one an epoch."""
    dearest = max((epsilon_micro(w, v) for w, v in weights), default=0)
    cap = math.floor(cap_epsilon * MICRO)
    reports = cap // dearest if dearest else 0
    most = min(reports, -(-cap_days * DAY_S // epoch_s))
    a_day = min(-(-DAY_S // epoch_s), most)
    return Spending(
        report=dearest / MICRO, epoch=dearest / MICRO, day=a_day * dearest / MICRO, cap=most * dearest / MICRO,
        epochs_until_cap=reports, seconds_until_cap=reports * epoch_s,
    )  # fmt: skip


def forecast(spent_micro: int, next_micro: int, cap_epsilon: float) -> bool:
    """Whether a debit of `next_micro` still fits under the cap: the client's own decision."""
    return spent_micro + next_micro <= math.floor(cap_epsilon * MICRO)
