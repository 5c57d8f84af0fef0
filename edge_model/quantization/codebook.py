"""k-means with weighted points and a price on rare codes: one codebook of a product quantizer.

A code costs what an entropy coder pays for it, -log2 of its share of the items. Points are then given the code that minimises

    weight * |point - centroid|^2 + rate * bits(code)

(entropy-constrained vector quantization: Chou, Lookabaugh and Gray, IEEE ASSP 37 (1989), section III). At rate 0 this is Lloyd's
k-means. The files are compressed by brotli, whose prefix codes come near to those bits.

Letters: N points, K codes, s dimensions of one part.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_model.weights import Float32

Codes = NDArray[np.uint8]

CODES = 256
"""K: a code is a byte."""
CHUNK = 2_048
"""Points assigned at once: their table of costs, 2 MB, stays in the processor's cache."""


def assign(points: Float32, centroids: Float32, weight: Float32, price: Float32) -> Codes:
    """The cheapest code of each point, uint8[N]; `price` [K] is rate * bits."""
    found = np.empty(len(points), np.uint8)
    doubled, squares = -2 * centroids.T, np.sum(centroids**2, axis=1)
    for at in range(0, len(points), CHUNK):
        cost = points[at : at + CHUNK] @ doubled  # [chunk, K]; |point|^2 is the same for each code
        cost += squares
        cost *= weight[at : at + CHUNK, None]
        cost += price
        found[at : at + CHUNK] = np.argmin(cost, axis=1)
    return found


def centroids_of(points: Float32, codes: Codes, weight: Float32, before: Float32) -> Float32:
    """Weighted mean of each code's points, [K, s]; a code without points keeps the centroid that it had."""
    mass = np.bincount(codes, weight, minlength=CODES)
    sums = np.stack([np.bincount(codes, weight * column, minlength=CODES) for column in points.T], axis=1)
    return np.where(mass[:, None] > 0, sums / np.maximum(mass, 1e-12)[:, None], before).astype(np.float32)


def bits_of(codes: Codes) -> Float32:
    """Ideal code lengths, float32[K], with half a point added to each code so that an unused one has a finite price."""
    counts = np.bincount(codes, minlength=CODES) + 0.5
    bits: Float32 = (-np.log2(counts / counts.sum())).astype(np.float32)
    return bits


def first_centroids(points: Float32, weight: Float32, rng: np.random.Generator) -> Float32:
    """Points drawn in proportion to their weight, [K, s], each at most once; drawn again, slightly moved, if there are fewer."""
    share = weight / np.sum(weight, dtype=np.float64)
    distinct = int(np.count_nonzero(share))
    chosen = rng.choice(len(points), min(CODES, distinct), replace=False, p=share)
    more = rng.choice(chosen, CODES - len(chosen))
    moved = points[more] + rng.normal(0, 1e-3, (len(more), points.shape[1]))
    return np.concatenate([points[chosen], moved]).astype(np.float32)


def by_use(centroids: Float32, codes: Codes) -> tuple[Float32, Codes]:
    """The same codebook with the most used code as 0, so that all parts' codes have one distribution and compress together."""
    order = np.argsort(-np.bincount(codes, minlength=CODES), kind="stable")
    place = np.empty(CODES, np.uint8)
    place[order] = np.arange(CODES)
    return centroids[order], place[codes]
