"""Second-level noise: what discrete Gaussian noise on the support counts guarantees, whoever else colludes. Standard library
alone.

Replacing one report takes one from the counts of at most `support_most` values and adds one to as many others, so the d + 1
support counts move by at most sqrt(2 support_most) in L2. Independent noise of the discrete Gaussian, P(k) ~ exp(-k^2 / (2
sigma^2)), on each of them is then rho-zCDP with rho = 2 support_most / (2 sigma^2) (Canonne, Kamath, Steinke, The discrete
Gaussian for differential privacy, NeurIPS 2020, theorem 4 and section 2.2), for every pair of messages and so for every pair
of values. rho adds up over epochs, adaptively too (Bun and Steinke 2016, lemma 1.7).

rho becomes (epsilon, delta) by proposition 12 of the same paper: for every alpha > 1, epsilon = alpha rho + (ln(1 / delta) +
(alpha - 1) ln(1 - 1 / alpha) - ln(alpha)) / (alpha - 1) holds. The best alpha is searched; a search that ends beside it gives
a larger epsilon, never a false one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from privacy.accounting.local import round_up
from privacy.accounting.support import support_most

KIND = "discrete_gaussian"
SIGMA_DECIMALS = 3
EPSILON_LEAST, EPSILON_MOST = 0.01, 8.0
"""Epsilons that noise is made for."""
SIGMA_LEAST, SIGMA_MOST = 1.0, 1e9
"""From 1 on the discrete Gaussian's variance is sigma^2, to some 10^-7."""
SLACK = 1e-9
"""Added to epsilon for the rounding of float64."""
SEARCHED = (-7.0, 20.0)
"""Natural logarithms of alpha - 1 between which the best one is searched."""
Noise = Mapping[str, Any]
"""{kind, sigma, support_most} as a receipt states it."""


def rho_of(support: int, sigma: float) -> float:
    """zCDP of one report in one close; rises with the support, falls with sigma."""
    return support / (sigma * sigma)


def epsilon_of(rho: float, delta: float) -> float:
    """Least epsilon found with (epsilon, delta); 0.0 for rho 0. Rises with rho, falls with delta; raises ValueError."""
    if rho < 0 or not 0 < delta < 1:
        raise ValueError(f"got rho = {rho} and delta = {delta}, want rho >= 0 and 0 < delta < 1")
    if rho == 0:
        return 0.0
    low, high = SEARCHED
    for _ in range(120):  # golden section; the curve has one valley
        step = (high - low) * 0.381966
        one, other = low + step, high - step
        low, high = (low, other) if _at(rho, delta, one) <= _at(rho, delta, other) else (one, high)
    return max(0.0, _at(rho, delta, (low + high) / 2)) + SLACK


def _at(rho: float, delta: float, log_beyond: float) -> float:
    beyond = math.exp(log_beyond)  # alpha - 1
    alpha = 1 + beyond
    return alpha * rho + math.log(beyond) - math.log(alpha) - (math.log(delta) + math.log(alpha)) / beyond


def noised_epsilon(parts: Sequence[tuple[int, float, int]], delta: float) -> float:
    """Epsilon at `delta` of all these closes together, rounded up; `parts` are (support_most, sigma, closes)."""
    rho = math.fsum(closes * rho_of(support, sigma) for support, sigma, closes in parts)
    return round_up(epsilon_of(rho, delta))


def noise_for(mechanism: Mapping[str, Any], domain_size: int, epsilon: float, delta: float) -> dict[str, Any]:
    """The least noise (to `SIGMA_DECIMALS`) that keeps one report of one close within (epsilon, delta); raises ValueError."""
    if not EPSILON_LEAST <= epsilon <= EPSILON_MOST:
        raise ValueError(f"noise epsilon: got {epsilon}, want {EPSILON_LEAST} to {EPSILON_MOST}")
    support, low, high = support_most(mechanism, domain_size), 0.0, 2 * EPSILON_MOST
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if epsilon_of(middle, delta) <= epsilon else (low, middle)
    sigma = max(SIGMA_LEAST, round_up(math.sqrt(support / low), SIGMA_DECIMALS))
    while noised_epsilon([(support, sigma, 1)], delta) > round_up(epsilon):
        sigma = round(sigma + 10**-SIGMA_DECIMALS, SIGMA_DECIMALS)
    return {"kind": KIND, "sigma": sigma, "support_most": support}


def noise_fault(noise: Noise, mechanism: Mapping[str, Any], domain_size: int) -> str:
    """What is wrong with the noise that a receipt states, '' where nothing is; an unknown kind is refused, never guessed."""
    if noise["kind"] != KIND:
        return f"kind: is {noise['kind']!r}, want {KIND}"
    if not SIGMA_LEAST <= noise["sigma"] <= SIGMA_MOST:
        return f"sigma: is {noise['sigma']}, want {SIGMA_LEAST:g} to {SIGMA_MOST:g}"
    most = support_most(mechanism, domain_size)
    if noise["support_most"] != most:
        return f"support_most: states {noise['support_most']}, one message supports up to {most} values"
    return ""
