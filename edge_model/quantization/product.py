"""Product quantization of unit item vectors under a learnt rotation.

A vector, rotated, is cut into M parts; each part is replaced by one of 256 centroids. Codebooks and rotation are fitted in turn
(optimized product quantization: Ge, He, Ke and Sun, CVPR 2013, section 3.1, the non-parametric solution), each item weighted and
each code priced as in `codebook`. The decoded vector's length is divided out by whoever reads it, so it does not matter here.

Letters: N items, d dim, M parts, K = 256 codes, s = d / M.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge_model.errors import QuantizationError
from edge_model.quantization.codebook import CODES, Codes, assign, bits_of, by_use, centroids_of, first_centroids
from edge_model.weights import Float32

ROUNDS = 24
"""Rounds of rotation, centroids and codes; the error falls by less than 0.5 % a round at the end."""
FREE_ROUNDS = 8
"""Rounds at rate 0 before the price of codes comes in."""
SAMPLE = 100_000
"""Items that codebooks and rotation are fitted on where there are more: 390 for each of 256 centroids."""
SETTLING_ROUNDS = 20
"""Most rounds more, until the bits are met."""


@dataclass(frozen=True)
class Product:
    """A fitted product quantizer: rotated vector i is about concat over m of centroids[m, codes[i, m]]."""

    codes: Codes
    """uint8 [N, M]"""
    centroids: Float32
    """float32 [M, K, s]"""
    rotation: Float32
    """float32 [d, d], orthogonal; rotated = vectors @ rotation"""
    error: float
    """Weighted mean of the squared distance to the unit vectors."""
    bits: float
    """Mean ideal code length of an item."""


def fit_product(
    vectors: Float32, parts: int, weight: Float32, most_bits: float | None, rng: np.random.Generator, rounds: int = ROUNDS
) -> Product:
    """Fit on unit vectors [N, d] with item weights [N]; `most_bits` an item is met within 1 %, or None for codes without a price.

    Raises `QuantizationError` where `parts` does not divide d.
    """
    if len(vectors) <= SAMPLE:
        fitted = Fit(vectors, parts, weight, most_bits, rng)
        fitted.run(rounds)
        return fitted.result()
    sample = rng.choice(len(vectors), SAMPLE, replace=False)
    fitted = Fit(vectors[sample], parts, weight[sample], most_bits, rng)
    fitted.run(rounds)
    fitted.take_all(vectors, weight)
    return fitted.result()


class Fit:
    """A fit in progress, which can go on with vectors that have moved."""

    def __init__(self, vectors: Float32, parts: int, weight: Float32, most_bits: float | None, rng: np.random.Generator) -> None:
        if parts < 1 or vectors.shape[1] % parts:
            raise QuantizationError(
                f"got {parts} codes an item for vectors of {vectors.shape[1]} numbers; give a divisor of that."
            )
        self.vectors, self.parts, self.most_bits, self.rate = vectors, parts, most_bits, 0.0
        self.weight = (weight / weight.mean()).astype(np.float32)
        self.rotation = _balanced_axes(vectors, parts, self.weight)
        rotated = self._split(vectors @ self.rotation)
        self.centroids = np.stack([first_centroids(part, self.weight, rng) for part in rotated])  # [M, K, s]
        free = np.zeros(CODES, np.float32)
        self.codes = np.stack(
            [assign(part, means, self.weight, free) for part, means in zip(rotated, self.centroids, strict=True)]
        )  # [M, N]

    def run(self, rounds: int) -> None:
        """Rotation, centroids and codes in turn; the price comes in when the codes have settled."""
        for number in range(rounds):
            self.rotate()
            self.reassign()
            if number >= FREE_ROUNDS:
                self.steer()

    def take_all(self, vectors: Float32, weight: Float32) -> None:
        """Codes of all vectors by the codebooks that a sample of them gave."""
        self.vectors, self.weight = vectors, (weight / weight.mean()).astype(np.float32)
        prices = [(self.rate * bits_of(codes)).astype(np.float32) for codes in self.codes]
        self.codes = np.stack(
            [
                assign(part, means, self.weight, price)
                for part, means, price in zip(self._split(vectors @ self.rotation), self.centroids, prices, strict=True)
            ]
        )

    def follow(self, vectors: Float32, rounds: int = 2) -> None:
        """New codes and centroids for vectors that have moved a little, in the rotation as it is."""
        self.vectors = vectors
        for _ in range(rounds):
            self.reassign()
            self.steer()

    def _split(self, rotated: Float32) -> Float32:
        """[N, d] as [M, N, s]."""
        return np.ascontiguousarray(rotated.reshape(len(rotated), self.parts, -1).transpose(1, 0, 2))

    def decoded(self) -> Float32:
        """[N, d], in the rotated space."""
        return np.concatenate([means[codes] for means, codes in zip(self.centroids, self.codes, strict=True)], axis=1)

    def rotate(self) -> None:
        """The rotation nearest to what is decoded now: orthogonal Procrustes."""
        left, _, right = np.linalg.svd((self.vectors * self.weight[:, None]).T @ self.decoded())
        self.rotation = (left @ right).astype(np.float32)

    def reassign(self) -> None:
        """New centroids for the codes, new codes for the centroids, one part after the other."""
        for m, part in enumerate(self._split(self.vectors @ self.rotation)):
            self.centroids[m] = centroids_of(part, self.codes[m], self.weight, self.centroids[m])
            price = self.rate * bits_of(self.codes[m])
            self.codes[m] = assign(part, self.centroids[m], self.weight, price.astype(np.float32))

    def bits(self) -> float:
        """Mean ideal code length of an item over all parts."""
        return float(sum(bits_of(codes)[codes].mean() for codes in self.codes))

    def error(self) -> float:
        """Weighted mean of the squared distance."""
        squares = np.sum((self.vectors @ self.rotation - self.decoded()) ** 2, axis=1)
        return float(np.mean(self.weight * squares))

    def steer(self) -> None:
        """Move the price towards the wanted bits: at high resolution d(error)/d(bits) = -2 ln 2 error / d."""
        if self.most_bits is None:
            return
        slope = 2 * np.log(2) * self.error() / self.vectors.shape[1]
        if self.rate == 0.0:
            self.rate = slope if self.bits() > self.most_bits else 0.0
            return
        self.rate *= float(np.exp(np.clip(6 * (self.bits() / self.most_bits - 1), -0.5, 0.5)))

    def result(self) -> Product:
        """The quantizer now, within the bits."""
        for _ in range(SETTLING_ROUNDS):
            if self.most_bits is None or self.bits() <= 1.01 * self.most_bits:
                break
            self.steer()
            self.reassign()
        ordered = [by_use(means, codes) for means, codes in zip(self.centroids, self.codes, strict=True)]
        centroids = np.stack([means for means, _ in ordered])
        codes = np.ascontiguousarray(np.stack([codes for _, codes in ordered], axis=1))
        return Product(codes, centroids, self.rotation, self.error(), self.bits())


def _balanced_axes(vectors: Float32, parts: int, weight: Float32) -> Float32:
    """Principal axes dealt to the parts so that each gets about the same product of variances, float32[d, d]."""
    covariance = (vectors * weight[:, None]).T.astype(np.float64) @ vectors
    values, axes = np.linalg.eigh(covariance)
    size = vectors.shape[1] // parts
    logs, taken = np.zeros(parts), [[] for _ in range(parts)]  # type: tuple[np.ndarray, list[list[int]]]
    for axis in np.argsort(-values):
        free = [m for m in range(parts) if len(taken[m]) < size]
        least = min(free, key=lambda m: logs[m])
        taken[least].append(int(axis))
        logs[least] += np.log(max(values[axis], 1e-12)) + 50  # the constant deals one axis to each part in turn
    return np.ascontiguousarray(axes[:, np.concatenate([np.array(part) for part in taken])]).astype(np.float32)
