"""Product quantization of unit item vectors under a learnt rotation.

A vector, rotated, is cut into M parts; each part is replaced by one of 256 centroids. Codebooks and rotation are fitted in turn
(optimized product quantization: Ge, He, Ke and Sun, CVPR 2013, section 3.1, the non-parametric solution), each item weighted and
each code priced as in `codebook`. The decoded vector's length is divided out by whoever reads it, so it does not matter here.

Letters: N items, d dim, M parts, K = 256 codes, s = d / M.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_model.errors import QuantizationError
from edge_model.quantization.codebook import CODES, Codes, assign, bits_of, by_use, centroids_of, first_centroids
from edge_model.weights import Float32

ROUNDS = 32
"""Rounds of rotation, centroids and codes; the error falls by less than 0.5 % a round at the end."""
FREE_ROUNDS = 8
"""Rounds at rate 0 before the price of codes comes in."""
SAMPLE = 100_000
"""Items that codebooks and rotation are fitted on where there are more: 390 for each of 256 centroids."""
SETTLING_ROUNDS, LEAST_USED = 20, 0.985
"""Most rounds more, until the bits are met, and the share of them that has to be used."""
SESSION_POWER, LEAST_IMPORTANCE = 0.5, 0.02
"""An axis counts by (its share of the sessions, 1 on average) to this power, and never less than that."""


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
    vectors: Float32,
    parts: int,
    weight: Float32,
    most_bits: float | None,
    rng: np.random.Generator,
    rounds: int = ROUNDS,
    sessions: Float32 | None = None,
) -> Product:
    """Fit on unit vectors [N, d] with item weights [N]; `most_bits` an item is met within 1 %, or None for codes without a price.

    With `sessions` [d, d], the mean of s s^T over session embeddings s, the axes are its principal ones, and an error counts by
    how much of the sessions lies along it; without, axes are learnt and all directions count alike. Raises `QuantizationError`
    where `parts` does not divide d.
    """
    if len(vectors) <= SAMPLE:
        fitted = Fit(vectors, parts, weight, most_bits, rng, sessions)
        fitted.run(rounds)
        return fitted.result()
    sample = rng.choice(len(vectors), SAMPLE, replace=False)
    fitted = Fit(vectors[sample], parts, weight[sample], most_bits, rng, sessions)
    fitted.run(rounds)
    fitted.take_all(vectors, weight)
    return fitted.result()


class Fit:
    """A fit in progress, which can go on with vectors that have moved."""

    def __init__(
        self,
        vectors: Float32,
        parts: int,
        weight: Float32,
        most_bits: float | None,
        rng: np.random.Generator,
        sessions: Float32 | None = None,
    ) -> None:
        if parts < 1 or vectors.shape[1] % parts:
            raise QuantizationError(
                f"got {parts} codes an item for vectors of {vectors.shape[1]} numbers; give a divisor of that."
            )
        self.vectors, self.parts, self.most_bits, self.rate = vectors, parts, most_bits, 0.0
        self.weight = (weight / weight.mean()).astype(np.float32)
        self.turns = sessions is None
        axes, importance = session_axes(vectors, self.weight, sessions)
        order = _dealt(np.sum((vectors @ axes) ** 2 * self.weight[:, None], axis=0) * importance, parts)
        self.rotation = np.ascontiguousarray(axes[:, order])
        self.scale = np.sqrt(importance[order]).reshape(parts, 1, -1)  # [M, 1, s]
        self.centroids = np.stack(  # [M, K, s]
            [first_centroids(part, self.weight, rng) for part in self._split(vectors @ self.rotation)]
        )
        self.codes = self._nearest(np.zeros((parts, CODES), np.float32))  # [M, N]

    def _nearest(self, prices: Float32) -> Codes:
        """The cheapest codes [M, N] of all vectors at these prices [M, K]."""
        parts = self._split(self.vectors @ self.rotation)
        return np.stack(
            [
                assign(part * scale, means * scale, self.weight, price)
                for part, means, scale, price in zip(parts, self.centroids, self.scale, prices, strict=True)
            ]
        )

    def _prices(self) -> Float32:
        return np.stack([self.rate * bits_of(codes) for codes in self.codes]).astype(np.float32)

    def run(self, rounds: int) -> None:
        """Rotation, centroids and codes in turn; the price comes in when the codes have settled."""
        for number in range(rounds):
            self.rotate()
            self.reassign()
            if number >= FREE_ROUNDS:
                self.steer()

    def take_all(self, vectors: Float32, weight: Float32) -> None:
        """Codes of all vectors by the codebooks that a sample of them gave."""
        prices = self._prices()
        self.vectors, self.weight = vectors, (weight / weight.mean()).astype(np.float32)
        self.codes = self._nearest(prices)

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
        """The rotation nearest to what is decoded now (orthogonal Procrustes), where directions count alike."""
        if self.turns:
            left, _, right = np.linalg.svd((self.vectors * self.weight[:, None]).T @ self.decoded())
            self.rotation = (left @ right).astype(np.float32)

    def reassign(self) -> None:
        """New centroids for the codes, new codes for the centroids."""
        for m, part in enumerate(self._split(self.vectors @ self.rotation)):
            self.centroids[m] = centroids_of(part, self.codes[m], self.weight, self.centroids[m])
        self.codes = self._nearest(self._prices())

    def bits(self) -> float:
        """Mean ideal code length of an item over all parts."""
        return float(sum(bits_of(codes)[codes].mean() for codes in self.codes))

    def error(self) -> float:
        """Weighted mean of the squared distance, by the importance of axes."""
        squares = np.sum(((self.vectors @ self.rotation - self.decoded()) * self.scale.reshape(-1)) ** 2, axis=1)
        return float(np.mean(self.weight * squares))

    def steer(self) -> None:
        """Move the price towards the wanted bits: at high resolution d(error)/d(bits) = -2 ln 2 error / d."""
        if self.most_bits is None:
            return
        if self.rate == 0.0:  # half of it: a code that too high a price has emptied does not come back
            self.rate = np.log(2) * self.error() / self.vectors.shape[1] if self.bits() > self.most_bits else 0.0
            return
        self.rate *= float(np.exp(np.clip(6 * (self.bits() / self.most_bits - 1), -0.5, 0.5)))

    def result(self) -> Product:
        """The quantizer now, within the bits."""
        for _ in range(SETTLING_ROUNDS):
            if self.most_bits is None or self.rate == 0.0 or LEAST_USED < self.bits() / self.most_bits <= 1.01:
                break
            self.steer()
            self.reassign()
        ordered = [by_use(means, codes) for means, codes in zip(self.centroids, self.codes, strict=True)]
        centroids = np.stack([means for means, _ in ordered])
        codes = np.ascontiguousarray(np.stack([codes for _, codes in ordered], axis=1))
        return Product(codes, centroids, self.rotation, self.error(), self.bits())


def session_axes(vectors: Float32, weight: Float32, sessions: Float32 | None) -> tuple[Float32, Float32]:
    """Axes [d, d] as columns, and how much an error along each counts [d], 1 on average.

    Principal axes of the items where nothing is known of sessions. Else those of the sessions: a score is s . v, so an error e of
    v shifts scores by (s . e)^2 = e^T (mean of s s^T) e on average. Taken at its square root: the scores that matter are those of
    sessions near the item, which are less alike than sessions at large (measured: decision 0040).
    """
    dim = vectors.shape[1]
    if sessions is None:
        moment = (vectors * weight[:, None]).T.astype(np.float64) @ vectors
        return np.linalg.eigh(moment)[1].astype(np.float32), np.ones(dim, np.float32)
    spread, axes = np.linalg.eigh(sessions.astype(np.float64))
    importance = (np.maximum(spread, 0) * dim) ** SESSION_POWER + LEAST_IMPORTANCE
    return axes.astype(np.float32), (importance / importance.mean()).astype(np.float32)


def _dealt(variance: Float32, parts: int) -> NDArray[np.int64]:
    """Order of axes, part after part, so that each part gets about the same product of variances."""
    size = len(variance) // parts
    logs, taken = np.zeros(parts), [[] for _ in range(parts)]  # type: tuple[np.ndarray, list[list[int]]]
    for axis in np.argsort(-variance):
        free = [m for m in range(parts) if len(taken[m]) < size]
        least = min(free, key=lambda m: logs[m])
        taken[least].append(int(axis))
        logs[least] += np.log(max(float(variance[axis]), 1e-12)) + 50  # the constant deals one axis to each part in turn
    return np.concatenate([np.array(part) for part in taken])
