"""Whether published counts can hold the noise that their receipt states. From public files alone; standard library alone.

Whatever the reports were, they leave fixed whole support counts S, and the noise Z is symmetric with one peak. So the chance
that S + Z falls among L neighbouring whole numbers is at most that of Z among its L likeliest, value by value and
independently (Anderson 1955), and the number of values that do is at most Binomial(d + 1, that chance). They are counted
around n s, where the support counts of values lie that few report. More than once in a million closes would show as many by
chance: too little noise, or none. Where the reports' own spread is larger than the noise it hides a lack of it; `intently
replay --topic` sees that too, with the operator's keys.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from privacy.accounting.score import Support

ERROR = 1e-6
"""Probability that honest noise is called too little."""
REACHES = (0.5, 1.0, 2.0)
"""Half widths of the intervals that are looked at, in sigmas."""
WHOLE = 1e-3
"""Most by which a support count that is read back may miss a whole number: float64 leaves some 10^-7."""


def noise_shortfall(counts: Sequence[float], reports: int, support: Support) -> str:
    """What shows that noise of `support.sigma` is not in these counts of values 0..d, '' where nothing does."""
    gap, centre, sigma = support.own - support.other, reports * support.other, support.sigma
    read = [count * gap + centre for count in counts]
    odd = next((value for value, each in enumerate(read) if abs(each - round(each)) > WHOLE), None)
    if odd is not None:
        return f"has no whole support count at value {odd}: the noise that its receipt states is whole"
    for reach in REACHES:
        chance = _likeliest(sigma, math.floor(2 * reach * sigma) + 1)
        near = sum(abs(each - centre) <= reach * sigma for each in read)
        if _log_tail(len(read), near, chance) < math.log(ERROR / len(REACHES)):
            return (
                f"has {near} of {len(read)} support counts within {reach:g} sigma = {reach * sigma:.6g} of their centre, "
                f"noise of sigma {sigma:g} leaves some {chance:.0%} there: it is not in them"
            )
    return ""


def _likeliest(sigma: float, numbers: int) -> float:
    """Probability of so many whole numbers of the discrete Gaussian, the likeliest ones: 0, 1, -1, 2, -2, ..."""
    reach = max(numbers, math.ceil(12 * sigma))
    whole = 1 + 2 * math.fsum(math.exp(-k * k / (2 * sigma * sigma)) for k in range(1, reach + 1))
    ranks = ((place + 1) // 2 for place in range(numbers))
    return math.fsum(math.exp(-k * k / (2 * sigma * sigma)) for k in ranks) / whole


def _log_tail(n: int, hits: int, chance: float) -> float:
    """Upper bound on ln P[Binomial(n, chance) >= hits]: -n KL(hits / n || chance) (Chernoff), 0 where that many are expected."""
    share = hits / n
    if share <= chance:
        return 0.0
    rest = (1 - share) * math.log((1 - share) / (1 - chance)) if share < 1 else 0.0
    return -n * (share * math.log(share / chance) + rest)
