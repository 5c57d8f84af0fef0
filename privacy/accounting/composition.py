"""What many shuffled reports of one client add up to: composition by privacy-loss distributions. Standard library alone.

The loss ln(P / Q) of a batch (privacy.accounting.amplification) is put on a grid pessimistically: what lies between two grid
points goes to those two so that its mass under P and under Q stays the same. That replaces the hockey-stick curve by its chords,
which lie above it, so the pair on the grid dominates (Doroshenko, Ghazi, Kamath, Kumar, Manurangsi, "Connect the Dots", PoPETs
2022, section 4). The distributions of independent batches convolve (Sommer, Meiser, Mohammadi, PoPETs 2019), here by FFT; that
holds for adaptive choices too. What the grid leaves out, wraps around or rounds is added to delta: the result is an upper bound.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from privacy.accounting.amplification import CUT_MASS, ROUNDING_SLACK, Batch, Tail
from privacy.accounting.fourier import fourier, inverse_fourier

STRATA_WORK = 2000
"""Fewer strata than one epoch's bound has: here each of them is summed for every grid point."""
POINTS = 96
"""Grid points between a loss of 0 and the largest of the widest batch: some thirteen in a standard deviation."""
WORK_MOST = 100_000
"""Grid points times totals of one batch: beyond it the grid is made coarser, down to `POINTS_LEAST`."""
POINTS_LEAST = 16
BEYOND = 2e-13
"""Mass of the losses above the grid, which count as unbounded."""
FOURIER_SLACK = 1e-11
"""Added to delta for the rounding of the transforms."""
DELTA_LEAST = 1e-10
"""Smallest delta that the slacks leave a meaning."""


class Batches(NamedTuple):
    """A report in each of `epochs` batches of n honest clients, under one mechanism."""

    w: int
    v: int
    modulus: int
    collision: float
    n: int
    epochs: int = 1


@dataclass(frozen=True)
class LossGrid:
    """A pessimistic privacy-loss distribution: mass of the loss (first + i) * step, and of an unbounded one."""

    step: float
    first: int
    mass: tuple[float, ...]
    unbounded: float


def composed_epsilon(batches: Sequence[Batches], delta: float) -> float:
    """Upper bound on epsilon at `delta` of all these reports together; 0.0 of none.

    Never above the sum of the local epsilons. Rises with each count, falls with n and delta. Raises ValueError for a delta
    outside [1e-10, 1) and for counts or batches below 1.
    """
    if not DELTA_LEAST <= delta < 1:
        raise ValueError(f"delta: got {delta}, want {DELTA_LEAST} to below 1")
    if any(each.n < 1 or each.epochs < 1 for each in batches):
        raise ValueError("batches: want at least one client and one epoch in each")
    if not batches:
        return 0.0
    local = math.fsum(each.epochs * math.log(each.w / each.v) for each in batches)
    step = max(_step(*each[:5]) for each in batches)
    return min(local, _epsilon_of(_compose([(loss_grid(*each[:5], step), each.epochs) for each in batches]), delta))


@lru_cache(maxsize=1024)
def _step(w: int, v: int, modulus: int, collision: float, n: int) -> float:
    """Grid step that suits one batch."""
    batch = Batch(w, v, modulus, collision, n, STRATA_WORK, ())
    work = sum(len(pair.mass) for _, pair in batch.strata)
    return _largest(batch) / max(POINTS_LEAST, min(POINTS, WORK_MOST // (2 * work)))


def _largest(batch: Batch) -> float:
    """A loss above which less than `BEYOND` lies, at most ln(w / v)."""
    low, high = 0.0, math.log(batch.w / batch.v)
    for _ in range(12):
        middle = (low + high) / 2
        low, high = (low, middle) if _mass_above(batch, middle) <= BEYOND else (middle, high)
    return high


def _mass_above(batch: Batch, loss: float) -> float:
    """P[ln(P / Q) > loss]."""
    ratio, found = math.exp(loss), 0.0
    for chance, pair in batch.strata:
        tail = Tail()
        for total, mass in pair.totals():
            a = pair.least_above(ratio, total)
            found += chance * mass * pair.from_a(a, total, tail)[0] if a <= total else 0.0
    return found


@lru_cache(maxsize=256)
def loss_grid(w: int, v: int, modulus: int, collision: float, n: int, step: float) -> LossGrid:
    """Loss of one report in one batch, on the grid of multiples of `step`."""
    batch = Batch(w, v, modulus, collision, n, STRATA_WORK, ())
    reach = max(1, math.ceil(_largest(batch) / step))
    of_p, of_q = _masses(batch, [i * step for i in range(-reach, reach + 1)])
    found = [0.0] * (2 * reach + 1)
    found[0] = of_p[0]  # below the grid: moved up to its first point
    for i in range(1, 2 * reach + 1):
        low, high = (i - 1 - reach) * step, (i - reach) * step
        share = (of_q[i] - of_p[i] * math.exp(-high)) / (math.exp(-low) - math.exp(-high))
        down = min(max(share, 0.0), of_p[i])
        found[i - 1] += down
        found[i] += of_p[i] - down
    return LossGrid(step, -reach, tuple(found), max(0.0, 1.0 - math.fsum(found)) + 3 * CUT_MASS + ROUNDING_SLACK)


def _masses(batch: Batch, edges: list[float]) -> tuple[list[float], list[float]]:
    """Mass under P and Q up to the first edge, and between each two: intervals (edge, next edge]."""
    of_p, of_q = [0.0] * len(edges), [0.0] * len(edges)
    of_p[len(edges) // 2] = of_q[len(edges) // 2] = batch.shown  # a loss of 0, the end of this interval
    ratios = [math.exp(edge) for edge in edges]
    for chance, pair in batch.strata:
        tails = [Tail() for _ in edges]
        for total, mass in pair.totals():
            weight = chance * mass
            above_p, above_q = pair.from_a(0, total, Tail())
            for i, ratio in enumerate(ratios):
                p, q = pair.from_a(pair.least_above(ratio, total), total, tails[i])
                of_p[i] += weight * (above_p - p)
                of_q[i] += weight * (above_q - q)
                above_p, above_q = p, q
    return [max(0.0, mass) for mass in of_p], [max(0.0, mass) for mass in of_q]


def _compose(parts: Sequence[tuple[LossGrid, int]]) -> LossGrid:
    """Loss of all of them together: a window of the sum, wide enough, by multiplying transforms."""
    low, high = (_window(parts, side) for side in (-1, 1))
    size = 1 << max(1, (high - low).bit_length())
    product = [1.0 + 0j] * size
    for grid, count in parts:
        folded = [0.0] * size
        for place, mass in enumerate(grid.mass, start=grid.first):
            folded[place % size] += mass
        product = [one * other**count for one, other in zip(product, fourier(folded), strict=True)]
    sums = [max(0.0, value.real) for value in inverse_fourier(product)]
    unbounded = sum(grid.unbounded * count for grid, count in parts) + 2 * BEYOND + FOURIER_SLACK
    return LossGrid(parts[0][0].step, low, tuple(sums[place % size] for place in range(low, low + size)), unbounded)


def _window(parts: Sequence[tuple[LossGrid, int]], side: int) -> int:
    """Grid point beyond which the sum has mass below `BEYOND` on one side: Chernoff's bound, the best of some rates."""
    best = sum(count * (grid.first + len(grid.mass) - 1 if side > 0 else -grid.first) for grid, count in parts)
    for power in range(-14, 3):
        rate = 2.0**power
        moments = (
            count * math.log(math.fsum(mass * math.exp(rate * side * place) for place, mass in enumerate(grid.mass, grid.first)))
            for grid, count in parts
            if rate * max(-grid.first, len(grid.mass)) < 600
        )
        if all(rate * max(-grid.first, len(grid.mass)) < 600 for grid, _ in parts):
            best = min(best, math.ceil((sum(moments) - math.log(BEYOND)) / rate))
    return side * best


def _epsilon_of(grid: LossGrid, delta: float) -> float:
    """Least epsilon >= 0 with delta: unbounded + sum over losses l above it of mass (1 - e^(epsilon - l))."""
    beyond_p, beyond_q = grid.unbounded, 0.0
    for place in range(len(grid.mass) - 1, -1, -1):
        loss = (grid.first + place) * grid.step
        if loss <= 0 or beyond_p - math.exp(loss) * beyond_q > delta:
            break
        beyond_p += grid.mass[place]
        beyond_q += grid.mass[place] * math.exp(-loss)
    if beyond_p <= delta or beyond_q <= 0:
        return 0.0
    return max(0.0, math.log((beyond_p - delta) / beyond_q))
