"""What the counts of the newest epochs say together: one count and one interval an item.

Letters: epoch k has n_k reports and unbiased counts c_k of variance A_k + B_k x (privacy.accounting.score); k = 0 is the newest.
The smoothed count is n_0 times the average share, weighed by reports and by `decay` ^ age: sum_k v_k c_k with
v_k = decay^age_k n_0 / sum_j decay^age_j n_j. It is unbiased for the same average of what was truly reported, and its interval
follows from independent epochs, so its variance is that of the sum and not a guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aggregator.pools.rules import PoolRules
from contracts import POOL_DECIMALS, EpochTerm
from privacy.accounting.score import ScoreInterval, Support, summed_interval

Float64 = NDArray[np.float64]


@dataclass(frozen=True)
class Counts:
    """Estimated reports of items 1..d (position 0 is item 1) in one epoch, and what their intervals follow from."""

    counts: Sequence[float] | Float64
    support: Support
    reports: int


@dataclass(frozen=True)
class EpochCounts:
    """Counts of an epoch that was published before, or of the one that is being closed."""

    epoch: int
    sha256: str
    """Of the published counts file."""
    found: Counts


@dataclass(frozen=True)
class Evidence:
    """Smoothed counts in reports of the newest epoch, rounded as a pool states them."""

    counts: Float64
    low: Float64
    high: Float64
    epoch: int
    reports: int
    confidence: float
    interval: ScoreInterval
    terms: tuple[EpochTerm, ...]
    """What was summed, newest first; empty where it is the newest epoch alone."""

    def __len__(self) -> int:
        return len(self.counts)


def confidence_of(domain_size: int, false_entries: float) -> float:
    """1 - f/d, kept within [0.5, 1 - 1e-12]."""
    return min(max(1.0 - false_entries / domain_size, 0.5), 1.0 - 1e-12)


def gather(newest: EpochCounts, earlier: Sequence[EpochCounts], rules: PoolRules) -> Evidence:
    """Sum the newest epoch with those of `earlier` that are young enough and count the same items."""
    items = len(newest.found.counts)
    oldest = newest.epoch - rules.smoothing_epochs
    used = [newest, *(each for each in earlier if oldest < each.epoch < newest.epoch and len(each.found.counts) == items)]
    weights = [rules.smoothing_decay ** (newest.epoch - each.epoch) for each in used]
    total = sum(weight * each.found.reports for weight, each in zip(weights, used, strict=True))
    factors = [weight * newest.found.reports / total if total else 1.0 for weight in weights]
    summed = sum(factor * np.asarray(each.found.counts) for factor, each in zip(factors, used, strict=True))
    confidence = confidence_of(items, rules.false_entries)
    parts = [(each.found.support, each.found.reports, factor) for each, factor in zip(used, factors, strict=True)]
    interval = summed_interval(parts, confidence)
    low, high = bounds_around(interval, np.asarray(summed))
    terms = tuple(
        EpochTerm(epoch=each.epoch, counts=each.sha256, factor=factor) for each, factor in zip(used, factors, strict=True)
    )
    return Evidence(
        counts=rounded(np.asarray(summed)), low=rounded(low), high=rounded(high), epoch=newest.epoch,
        reports=newest.found.reports, confidence=confidence, interval=interval, terms=terms if len(terms) > 1 else (),
    )  # fmt: skip


def bounds_around(interval: ScoreInterval, counts: Float64) -> tuple[Float64, Float64]:
    """`interval.around` of many counts at once, to the last bit: a pool is the same bytes whoever recomputes it."""
    z2, base, slope = interval.z * interval.z, interval.base, interval.slope
    half = z2 * slope / 2

    def end(moved: Float64, side: float) -> Float64:
        if slope:
            moved = np.where(base + slope * moved < 0, -base / slope, moved)
        return moved + half + side * np.sqrt(np.maximum(0.0, z2 * (base + slope * moved) + half * half))

    return end(counts - interval.down, -1.0), end(counts + interval.up, 1.0)


def rounded(values: Float64) -> Float64:
    """To the decimals that a pool states, without a negative zero (other bytes). Raises ValueError unless finite."""
    if not np.all(np.isfinite(values)):
        raise ValueError("a count is not finite")
    return np.round(values, POOL_DECIMALS) + 0.0
