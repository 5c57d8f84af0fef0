"""The most values that one message supports: the formula against every message of small fields, and of the design's own."""

from __future__ import annotations

import numpy as np
import pytest

from privacy.accounting.support import plane_most, support_most
from privacy.affine_arrays import directions, points
from privacy.mechanisms import AffinePoint, Mechanism, choose_mechanism

FIELDS = [(2, 2), (2, 5), (3, 2), (3, 4), (3, 5), (5, 2), (5, 3), (7, 2), (7, 3), (11, 2), (13, 2)]


def enumerated(mechanism: AffinePoint, values: int) -> int:
    """By counting, direction by direction, the values of each answer."""
    placed = points(mechanism, np.arange(values))
    return max(int(np.bincount(placed @ a % mechanism.q).max()) for a in directions(mechanism))


@pytest.mark.parametrize(("q", "dimension"), FIELDS)
def test_every_message_of_a_small_field(q: int, dimension: int) -> None:
    step = max(1, q**dimension // 40)
    sizes = [*range(2, q**dimension, step), q**dimension - 1, q**dimension]
    for values in sizes:
        mechanism = AffinePoint(max(1, min(values, q**dimension) - 1), q, dimension, 3, 1)
        assert plane_most(q, dimension, values) == enumerated(mechanism, values), values


@pytest.mark.parametrize(("epsilon", "most"), [(2.0, 7203), (4.0, 848), (6.0, 125), (8.0, 28)])
def test_the_design_s_43_000_items(epsilon: float, most: int) -> None:
    """All messages of these were counted once (decision 0111); the smallest field's again here."""
    mechanism = choose_mechanism(43_000, epsilon)
    assert isinstance(mechanism, AffinePoint)
    assert support_most(mechanism.record().model_dump(), 43_000) == most
    if epsilon == 6:
        assert enumerated(mechanism, 43_001) == most


def test_planted_embedding_as_digits_supports_far_more() -> None:
    """What a message would support without the paraboloid: the formula must not be about that."""
    mechanism = AffinePoint(43_000, 401, 2, 403, 1)
    values = np.arange(43_001)
    digits = np.stack([values % 401, values // 401], axis=1)
    assert max(int(np.bincount(digits @ a % 401).max()) for a in directions(mechanism)) > 2 * plane_most(401, 2, 43_001)


@pytest.mark.parametrize("mechanism", [choose_mechanism(12, 4.0), choose_mechanism(8000, 8.0)])
def test_randomized_response_supports_one_value(mechanism: Mechanism) -> None:
    assert support_most(mechanism.record().model_dump(), mechanism.domain_size) == 1


def test_an_unknown_mechanism_is_refused() -> None:
    with pytest.raises(ValueError, match="identity"):
        support_most({"kind": "identity"}, 10)
