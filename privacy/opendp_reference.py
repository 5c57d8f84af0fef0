"""OpenDP as the independent reference: the same channel built by a library that shares no line with ours.

Both of our mechanisms answer a residue among m by weights w : v. That is OpenDP's randomized response over the categories
0..m-1 with prob_truth = w / (w + v (m - 1)) (Warner 1965; OpenDP `make_randomized_response`), whose privacy map at distance 1,
one client's value replaced, must be ln(w / v). The direction is public and uniform, so it adds nothing to the loss.
"""

from __future__ import annotations

import secrets
from functools import lru_cache
from typing import Any

import opendp.prelude as dp

from privacy.errors import MechanismRefused
from privacy.mechanisms import Mechanism

AGREEMENT = 1e-9
"""Most by which OpenDP's map, a float64 that rounds up, may differ from ln(w / v)."""


def reference_response(mechanism: Mechanism) -> Any:
    """OpenDP measurement (AtomDomain i32, DiscreteDistance, MaxDivergence) of a mechanism's randomized residue."""
    return _response(mechanism.modulus, mechanism.w, mechanism.v)


@lru_cache(maxsize=64)
def _response(modulus: int, w: int, v: int) -> Any:
    dp.enable_features("contrib")
    return dp.m.make_randomized_response(list(range(modulus)), w / (w + v * (modulus - 1)), T="i32")


def reference_epsilon(mechanism: Mechanism) -> float:
    """epsilon of one report by OpenDP's privacy map; raises `MechanismRefused` where it is not ln(w / v)."""
    found = float(reference_response(mechanism).map(1))
    if abs(found - mechanism.epsilon) > AGREEMENT:
        raise MechanismRefused(f"epsilon: OpenDP computes {found}, want ln(w / v) = {mechanism.epsilon} of {mechanism}")
    return found


def reference_randomize(mechanism: Mechanism, value: int) -> int:
    """One message for `value` by OpenDP's randomized response and the system's randomness; about 40 us at m = 53.

    The same distribution as `privacy.randomizer.randomize`; raises `MechanismRefused` for a value out of range.
    """
    mechanism.check_value(value)
    index = secrets.randbelow(mechanism.directions)
    answer: int = reference_response(mechanism)(mechanism.residue(index, value))
    return index * mechanism.modulus + answer
