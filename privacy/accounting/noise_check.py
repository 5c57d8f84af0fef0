"""Whether published counts can hold the noise that their receipt states. From public files alone; standard library alone.

Whatever the reports were, they leave fixed whole support counts S, and the noise Z is symmetric with one peak. So the chance
that S + Z falls among L given neighbouring whole numbers is at most that of Z among its L likeliest, value by value and
independently (Anderson 1955). The fullest of all intervals that begin at one of the d + 1 counts is looked for: beside that
count, the number of others in it is at most Binomial(d, that chance), for each of the d + 1 beginnings. More than once in a
million closes would show as many in any of them: too little noise, or none. Where reports spread the counts by more than the
noise does, they hide a lack of it; `intently replay --topic` sees that too, with the operator's keys.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from privacy.accounting.score import Support

ERROR = 1e-6
"""Probability that honest noise is called too little."""
REACHES = (0.5, 1.0, 2.0)
"""Half widths of the intervals that are looked for, in sigmas."""
WHOLE = 1e-3
"""Most by which a support count that is read back may miss a whole number: float64 leaves some 10^-7."""
SUMMED_MOST = 300.0
"""Largest sigma whose probabilities are summed one by one."""


def noise_shortfall(counts: Sequence[float], reports: int, support: Support) -> str:
    """What shows that noise of `support.sigma` is not in these counts of values 0..d, '' where nothing does."""
    gap, centre, sigma = support.own - support.other, reports * support.other, support.sigma
    read = [count * gap + centre for count in counts]
    odd = next((value for value, each in enumerate(read) if abs(each - round(each)) > WHOLE), None)
    if odd is not None:
        return f"has no whole support count at value {odd}: the noise that its receipt states is whole"
    whole = sorted(round(each) for each in read)
    for reach in REACHES:
        numbers = math.floor(2 * reach * sigma) + 1
        chance, most = _likeliest(sigma, numbers), _fullest(whole, numbers)
        if _log_tail(len(whole) - 1, most - 1, chance) < math.log(ERROR / len(REACHES) / len(whole)):
            return (
                f"has {most} of {len(whole)} support counts within {numbers} neighbouring whole numbers, and noise of sigma "
                f"{sigma:g} leaves some {chance:.0%} so near to each other: it is not in them"
            )
    return ""


def _fullest(whole: Sequence[int], numbers: int) -> int:
    """Most of these, in rising order, that lie among so many neighbouring whole numbers."""
    begin = most = 0
    for end, each in enumerate(whole):
        while each - whole[begin] >= numbers:
            begin += 1
        most = max(most, end - begin + 1)
    return most


def _likeliest(sigma: float, numbers: int) -> float:
    """Probability of so many whole numbers of the discrete Gaussian, the likeliest ones: 0, 1, -1, 2, -2, ...

    Of a large sigma an upper bound: the integral and its highest term, over sigma sqrt(2 pi), below which no sum of all lies.
    """
    if sigma > SUMMED_MOST:
        return min(1.0, math.erf(numbers / 2 / (sigma * math.sqrt(2))) + 1 / (sigma * math.sqrt(2 * math.pi)))
    reach = max(numbers, math.ceil(12 * sigma))
    whole = 1 + 2 * math.fsum(math.exp(-k * k / (2 * sigma * sigma)) for k in range(1, reach + 1))
    ranks = ((place + 1) // 2 for place in range(numbers))
    return math.fsum(math.exp(-k * k / (2 * sigma * sigma)) for k in ranks) / whole


def _log_tail(n: int, hits: int, chance: float) -> float:
    """Upper bound on ln P[Binomial(n, chance) >= hits]: -n KL(hits / n || chance) (Chernoff), 0 where that many are expected."""
    share = hits / n if n else 0.0
    if share <= chance:
        return 0.0
    rest = (1 - share) * math.log((1 - share) / (1 - chance)) if share < 1 else 0.0
    return -n * (share * math.log(share / chance) + rest)
