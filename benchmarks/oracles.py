"""What a user might pick instead of the affine-point response: four published frequency oracles, for benchmarks/privacy.py.

Each takes values 0..d and returns estimated counts, float64[d + 1], of a local epsilon. Reports are drawn from the exact law of
each; where a report has independent bits (RAPPOR, Apple sketch) the sums over clients are drawn at once: the same law.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.int64]
Counts = NDArray[np.float64]
CMS_ROWS, CMS_COLUMNS = 256, 1024


def grr(values: Values, d: int, epsilon: float, rng: np.random.Generator) -> Counts:
    """k-ary randomized response over d + 1 values (Kairouz, Oh, Viswanath, 2014)."""
    k, n = d + 1, len(values)
    p = math.exp(epsilon) / (math.exp(epsilon) + k - 1)
    other = rng.integers(k - 1, size=n)
    told = np.where(rng.random(n) < p, values, other + (other >= values))
    q = (1 - p) / (k - 1)
    return (np.bincount(told, minlength=k) - n * q) / (p - q)


def rappor(values: Values, d: int, epsilon: float, rng: np.random.Generator) -> Counts:
    """Basic one-time RAPPOR, symmetric (Erlingsson, Pihur, Korolova, CCS 2014): d + 1 bits, each kept with e^(eps/2) odds."""
    p, n = math.exp(epsilon / 2) / (math.exp(epsilon / 2) + 1), len(values)
    true = np.bincount(values, minlength=d + 1)
    ones = rng.binomial(true, p) + rng.binomial(n - true, 1 - p)
    return (ones - n * (1 - p)) / (2 * p - 1)


def opendp_rappor_flips(d: int, epsilon: float, reports: int) -> tuple[float, float, float]:
    """(epsilon by OpenDP's map, bits flipped by OpenDP, want): that `rappor` draws what OpenDP's randomizer does."""
    import opendp.prelude as dp

    dp.enable_features("contrib")
    flipped = 1 / (math.exp(epsilon / 2) + 1)
    made = dp.m.make_randomized_response_bitvec(dp.bitvector_domain(max_weight=1), dp.discrete_distance(), 2 * flipped)
    blank = np.zeros(-(-(d + 1) // 8), dtype=np.uint8)
    blank[0] = 128
    ones = [int(np.unpackbits(np.frombuffer(made(blank.tobytes()), dtype=np.uint8)).sum()) for _ in range(reports)]
    return float(made.map(1)), float(np.mean(ones)) / (8 * len(blank)), flipped


def hadamard(values: Values, d: int, epsilon: float, rng: np.random.Generator) -> Counts:
    """Hadamard response in blocks (Acharya, Sun, Zhang, AISTATS 2019, section 5)."""
    e, k, n = math.exp(epsilon), d + 1, len(values)
    blocks = 1 << max(0, math.ceil(math.log2(min(e, 2 * k))) - 1)
    size = 1 << math.ceil(math.log2(k / blocks + 1))
    half, width = size // 2, blocks * size
    z = half * e + width - half
    block, row = values // (size - 1), values % (size - 1) + 1
    low = row & -row
    inside = rng.random(n) < half * e / z
    column = rng.integers(size, size=n)
    odd = np.bitwise_count(row & column) & 1
    wrong = ~inside & (rng.random(n) < half / (width - half))  # same block, outside of the set
    column = np.where((inside & (odd == 1)) | (wrong & (odd == 0)), column ^ low, column)
    elsewhere = rng.integers(max(1, blocks - 1), size=n)
    told = np.where(inside | wrong, block, elsewhere + (elsewhere >= block))
    seen = np.bincount(told * size + column, minlength=width).reshape(blocks, size).astype(np.float64)
    in_set = (seen.sum(axis=1, keepdims=True) + _walsh(seen)) / 2
    share = (seen.sum(axis=1) / n * z - 2 * half) / (half * (e + 1) - 2 * half)
    p = (z * in_set / n / half - (1 - share[:, None]) - share[:, None] * (e + 1) / 2) / ((e - 1) / 2)
    return n * p[:, 1:].ravel()[:k]


def _walsh(rows: Counts) -> Counts:
    found, step = rows.copy(), 1
    while step < found.shape[1]:
        pairs = found.reshape(len(found), -1, 2, step)
        found = np.stack([pairs[:, :, 0] + pairs[:, :, 1], pairs[:, :, 0] - pairs[:, :, 1]], axis=2).reshape(rows.shape)
        step *= 2
    return found


def apple_cms(values: Values, d: int, epsilon: float, rng: np.random.Generator) -> Counts:
    """Count mean sketch (Apple, Learning with Privacy at Scale, 2017), 256 rows of 1,024 columns."""
    half, n = math.exp(epsilon / 2), len(values)
    p, scale = half / (half + 1), (half + 1) / (half - 1)
    hashes = rng.integers(CMS_COLUMNS, size=(CMS_ROWS, d + 1), dtype=np.int16)
    rows = rng.integers(CMS_ROWS, size=n)
    cell = rows * CMS_COLUMNS + hashes[rows, values]
    true = np.bincount(cell, minlength=CMS_ROWS * CMS_COLUMNS).reshape(CMS_ROWS, CMS_COLUMNS)
    clients = np.bincount(rows, minlength=CMS_ROWS)[:, None]
    ones = rng.binomial(true, p) + rng.binomial(clients - true, 1 - p)
    sketch = CMS_ROWS * (scale / 2 * (2 * ones - clients) + clients / 2)
    mean = np.zeros(d + 1)
    for row in range(CMS_ROWS):
        mean += sketch[row, hashes[row]]
    return CMS_COLUMNS / (CMS_COLUMNS - 1) * (mean / CMS_ROWS - n / CMS_COLUMNS)


def hadamard_bits(d: int, epsilon: float) -> int:
    """Bits of a Hadamard response."""
    blocks = 1 << max(0, math.ceil(math.log2(min(math.exp(epsilon), 2 * (d + 1)))) - 1)
    return int(math.log2(blocks << math.ceil(math.log2((d + 1) / blocks + 1))))
