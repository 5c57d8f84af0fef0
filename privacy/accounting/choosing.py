"""Which mechanism a collection gets, from its domain and nominal local epsilon. Standard library alone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

EPSILON_LEAST, EPSILON_MOST = 0.02, 8.0
WEIGHT_LEAST_SHARE = 0.985
"""w / v is at least this share of e^epsilon, so at most 0.0152 of the nominal epsilon is lost (decision 0002)."""


def is_prime(number: int) -> bool:
    """By trial division; for the orders of small fields."""
    return number >= 2 and all(number % divisor for divisor in range(2, math.isqrt(number) + 1))


def choose_weights(epsilon: float) -> tuple[int, int]:
    """w : v for a nominal epsilon: the least v with floor(v e^eps) / v >= 0.985 e^eps. ln(w / v) never exceeds epsilon."""
    target = math.exp(epsilon)
    for v in range(1, 1000):
        w = math.floor(v * target)
        if w / v >= WEIGHT_LEAST_SHARE * target and w > v:
            return w, v
    raise ValueError(f"epsilon: got {epsilon}, too small for integer weights below 65536")


def choose(domain_size: int, epsilon: float) -> dict[str, Any]:
    """The mechanism's record, as it stands in a configuration; raises `ValueError`."""
    if not EPSILON_LEAST <= epsilon <= EPSILON_MOST:
        raise ValueError(f"epsilon: got {epsilon}, want {EPSILON_LEAST} to {EPSILON_MOST}")
    w, v = choose_weights(epsilon)
    if domain_size <= 3 * math.exp(epsilon) + 2:
        return {"kind": "k_ary", "w": w, "v": v}
    q = next((number for number in range(math.floor(math.exp(epsilon) + 1), 2, -1) if is_prime(number)), 3)
    dimension = 2
    while q**dimension <= domain_size:
        dimension += 1
    return {"kind": "affine_point", "q": q, "dimension": dimension, "w": w, "v": v}


def mechanism_name(mechanism: Mapping[str, Any], domain_size: int) -> str:
    """In one line."""
    kind = "AffinePoint" if mechanism["kind"] == "affine_point" else "KAry"
    parts = {"domain_size": domain_size, **{name: value for name, value in mechanism.items() if name != "kind"}}
    return f"{kind}({', '.join(f'{name}={value}' for name, value in parts.items())})"
