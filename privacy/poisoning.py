"""What fakes can do to a count: every message is valid by construction, so a share f of a batch can say what it likes.

A fake that wants item x sends a message that supports it: S(x) grows by 1 where an honest other would add s on average, so the
estimate (S - n s) / (p - s) grows by

    g = (1 - s) / (p - s)   reports a fake,      about 1 / p: 2.0 at epsilon 4 to 8, 4.9 at epsilon 1

against 1 of an honest client that holds x. With F = f n fakes and standard deviation sd of the count that is z = F g / sd of it.
Other items gain nothing: each message supports some others too, but others in each direction. The pool bounds what comes of it:
no item moves more than `rank_change_most` places in an epoch, whatever its count (aggregator/pools/rank_change.py).

Cao, Jia, Gong, Data poisoning attacks to local differential privacy protocols, USENIX Security 2021 (maximal gain attack).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from privacy.affine_arrays import directions, points
from privacy.estimators import standard_deviation, support_of
from privacy.mechanisms import AffinePoint, Mechanism


@dataclass(frozen=True)
class Push:
    """What a share of fakes does to one item."""

    fakes: int
    gain: float
    """g: reports that one fake adds to the estimate."""
    added: float
    """F g: reports added in all."""
    deviations: float
    """z: the same in standard deviations of the count."""
    rank_before: int
    """1 is the most reported."""
    rank_after: int
    """By counts alone, before the pool's cap."""


def gain(mechanism: Mechanism) -> float:
    """g of a mechanism."""
    support = support_of(mechanism)
    return (1 - support.other) / (support.own - support.other)


def push(mechanism: Mechanism, counts: Sequence[float], item: int, share: float) -> Push:
    """Expected effect on `item` (from 1) of a batch whose share of fakes is `share`; `counts`: honest reports of items 1..d.

    The honest part of the batch is what `counts` sum to; fakes come on top.
    """
    honest = sum(counts)
    fakes = round(honest * share / (1 - share))
    held = counts[item - 1]
    added = fakes * gain(mechanism)
    return Push(
        fakes=fakes, gain=gain(mechanism), added=added,
        deviations=added / standard_deviation(mechanism, round(honest) + fakes),
        rank_before=1 + sum(count > held for count in counts), rank_after=1 + sum(count > held + added for count in counts),
    )  # fmt: skip


def fake_messages(mechanism: Mechanism, item: int, count: int, rng: np.random.Generator) -> NDArray[np.uint32]:
    """uint32[count] messages of fakes that all support `item`, each in a direction of its own: statistics cannot tell them."""
    if not isinstance(mechanism, AffinePoint):
        return np.full(count, item, dtype=np.uint32)
    index = rng.integers(mechanism.directions, size=count)
    residue = (directions(mechanism, index) @ points(mechanism, np.array([item]))[0]) % mechanism.q
    return np.asarray(index * mechanism.q + residue, dtype=np.uint32)


def epochs_to_rise(rank_before: int, rank_wanted: int, rank_change_most: int) -> int:
    """Epochs in which the fakes must be there before the pool's cap lets an item up so far."""
    return max(0, -(-(rank_before - rank_wanted) // rank_change_most))
