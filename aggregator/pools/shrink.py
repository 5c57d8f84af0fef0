"""How wanted each item is, when most counts are noise: an empirical-Bayes estimate over the order of the base pool.

A count of a single epoch says little: at 43,000 items, epsilon 4 and 100,000 reports its standard deviation is that of the most
wanted item's own count. What is known well is how much is reported *at a rank*: the mean over many neighbours of the base order.
So the mean mu of an item is that of its group of ranks (groups grow by half, means fall with the rank: pool-adjacent-violators),
and its spread around mu is tau^2 = a mu + b, fitted by the method of moments: E[(c - mu)^2] = tau^2 + variance of the noise.
The posterior mean is mu + tau^2 / (tau^2 + noise) (c - mu). Where a and b cannot be told from 0 (`SIGNIFICANT` standard errors),
the base order stands; so few reports never make the pool worse than no reports (benchmarks/pools.py measures both).

Efron and Morris, Stein's estimation rule and its competitors: an empirical Bayes approach, JASA 68 (1973), section 3.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from aggregator.pools.evidence import Evidence, Float64, rounded

FIRST_GROUP, GROWTH = 4, 1.5
"""Ranks of the first group, and how much longer each next one is."""
SIGNIFICANT = 3.0
OUTLIER = 9.0
"""Squared deviations count at most so many times the noise: a few items that everyone wants must not loosen all others."""
FIT_DIGITS = 4
"""Significant digits kept of a and b, so that a replay on another machine gives the same bytes."""


def posterior(evidence: Evidence, base_order: Sequence[int]) -> Float64:
    """float64[d]: posterior mean reports of item i at position i - 1, at least 0 and rounded as counts are."""
    mean = _rank_means(evidence.counts, _groups(len(evidence), base_order))
    noise = evidence.interval.base + np.maximum(evidence.interval.slope, 0.0) * mean
    spread = _spread(evidence.counts, mean, noise)
    gain = np.divide(spread, spread + noise, out=np.zeros_like(noise), where=noise > 0)
    return rounded(np.maximum(mean + gain * (evidence.counts - mean), 0.0))


def _groups(items: int, base_order: Sequence[int]) -> NDArray[np.int64]:
    """int64[d]: group of each item, 0 for the first ranks; items outside the base pool are the last group."""
    known = [item for item in base_order if item <= items]
    edges, size = [0], float(FIRST_GROUP)
    while edges[-1] < len(known):
        edges.append(min(len(known), edges[-1] + int(size)))
        size *= GROWTH
    group = np.full(items, len(edges) - 1, dtype=np.int64)
    for number, (begin, end) in enumerate(itertools.pairwise(edges)):
        group[np.array(known[begin:end], dtype=np.int64) - 1] = number
    return group


def _rank_means(counts: Float64, group: NDArray[np.int64]) -> Float64:
    """float64[d]: mean count of each item's group, not rising with the rank and at least 0."""
    sums, sizes = np.bincount(group, counts), np.bincount(group)
    blocks: list[list[float]] = []  # sum, size, groups
    for total, size in zip(sums.tolist(), sizes.tolist(), strict=True):
        blocks.append([total, size, 1])
        while len(blocks) > 1 and blocks[-1][1] and blocks[-2][0] * blocks[-1][1] < blocks[-1][0] * blocks[-2][1]:
            last = blocks.pop()
            blocks[-1] = [have + more for have, more in zip(blocks[-1], last, strict=True)]
    means = [total / size if size else 0.0 for total, size, groups in blocks for _ in range(int(groups))]
    falling: Float64 = np.maximum(np.array(means), 0.0)[group]
    return falling


def _spread(counts: Float64, mean: Float64, noise: Float64) -> Float64:
    """tau^2 of each item, 0 where nothing can be told from noise: of a mu, b and their sum the best fit that is significant."""
    if not np.all(noise > 0):
        return np.zeros_like(mean)
    squares = np.minimum((counts - mean) ** 2, OUTLIER * noise) - noise
    weight = 1.0 / (2.0 * noise * noise)  # the variance of a squared Gaussian deviation is 2 noise^2
    columns = np.stack([mean, np.full_like(mean, mean.mean())], axis=1)
    best, gained = np.zeros(2), 0.0
    for chosen in ([0], [1], [0, 1]):
        part = columns[:, chosen]
        normal, right = part.T @ (part * weight[:, None]), part.T @ (weight * squares)
        if not np.linalg.cond(normal) < 1e12:
            continue
        inverse = np.linalg.inv(normal)
        fit = inverse @ right
        improvement = float(fit @ right)
        if np.all(fit > SIGNIFICANT * np.sqrt(np.diag(inverse))) and improvement > gained:
            best, gained = np.zeros(2), improvement
            best[chosen] = [float(f"{value:.{FIT_DIGITS}g}") for value in fit]
    return np.asarray(columns @ best)
