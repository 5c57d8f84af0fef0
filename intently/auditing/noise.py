"""The analyzer's noise as it is installed here: drawn close by close for two batches that differ in one report, told apart."""

from __future__ import annotations

import itertools

import numpy as np

from aggregator.analyzer.guarantees import Draw, noise_of
from contracts import Collection, Noise
from privacy.accounting.guarantees import DELTA
from privacy.estimators import DrawnNoise, Float64, estimate, support_counts
from privacy.mechanisms import AffinePoint
from privacy.noise import draw_noise
from privacy.noise_audit import Closes, SeparationBound, audit_noise

MECHANISM = AffinePoint(8, 3, 2, 54, 1)
"""All 9 points of F_3^2: a close costs 9 draws, and two messages of one direction move as many counts as any two may."""
COLLECTION = Collection(
    id=1, name="item_dwelled", kind="item_dwelled", domain_size=MECHANISM.domain_size, epsilon=4.0,
    epsilon_micro=MECHANISM.epsilon_micro, mechanism=MECHANISM.record(), share=1,
)  # fmt: skip
COMPANY = np.arange(MECHANISM.messages, dtype=np.uint32).repeat(3)
"""The other reports of the batch."""


def audit_analyzer_noise(epsilon: float, closes: int, draw: Draw = draw_noise) -> tuple[Noise, SeparationBound]:
    """What the setting `noise_epsilon` would state, and how far apart neighbouring batches were seen to be.

    `closes`: of each batch, to learn from, and as many to count on. Raises `MechanismRefused` for an epsilon out of range.
    """
    added = noise_of(COLLECTION, epsilon, DELTA, draw)
    assert added is not None, "an epsilon was given"
    stated, (one, other) = added.stated, _apart()
    bound = audit_noise(_closes(one, stated, draw), _closes(other, stated, draw), stated.support_most, stated.sigma, closes)
    return stated, bound


def _closes(message: int, stated: Noise, draw: Draw) -> Closes:
    batch = np.append(COMPANY, np.uint32(message))

    def close() -> Float64:
        drawn = DrawnNoise(stated, draw(stated.sigma, MECHANISM.domain_size + 1))
        return support_counts(MECHANISM, estimate(MECHANISM, batch, drawn).counts, len(batch))

    return lambda n: np.stack([close() for _ in range(n)])


def _apart() -> tuple[int, int]:
    """Two messages that support as many different values as any two."""
    values = range(MECHANISM.domain_size + 1)
    sets = [frozenset(value for value in values if MECHANISM.supports(message, value)) for message in range(MECHANISM.messages)]
    return max(itertools.combinations(range(len(sets)), 2), key=lambda pair: len(sets[pair[0]] ^ sets[pair[1]]))
