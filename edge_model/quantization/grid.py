"""Encoder weights on a coarse grid, so that they compress.

A weight becomes k * 2^-e with a small integer k, one e for each matrix. That is a float32 and a float16 without any loss, so
every runtime reads it as an ordinary number; brotli then needs about the entropy of k, 5 to 7 bits, for each weight (a uniform
grid with entropy coding is within 0.25 bit of the optimum at high resolution: Gish and Pierce, IEEE IT 14 (1968)).
"""

from __future__ import annotations

import numpy as np

from edge_model.weights import Float32, Weights

SPREAD = 4.0
"""The grid's 2^(bits - 1) steps cover at least so many standard deviations; larger weights go on beyond them, up to float16."""


def on_grid(values: Float32, bits: int) -> Float32:
    """Rounded to multiples of a power of two, the largest that leaves 2^(bits - 1) steps to `SPREAD` standard deviations."""
    spread = float(np.sqrt(np.mean(np.square(values, dtype=np.float64))))
    if spread == 0.0:
        return values
    step = 2.0 ** np.floor(np.log2(SPREAD * spread / 2 ** (bits - 1)))
    rounded: Float32 = (np.rint(values / step) * step).astype(np.float32)
    return rounded


def encoder_on_grid(weights: Weights, bits: int) -> Weights:
    """All weights but the item table, each matrix on its own grid; biases of one number stay as they are."""
    return {name: value if name == "item" or value.size == 1 else on_grid(value, bits) for name, value in weights.items()}
