"""Where the target stands among all items, ties counted against the model."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_model.features import Int32
from edge_model.weights import Float32


def ranks(scores: Float32, targets: Int32) -> NDArray[np.int64]:
    """Rank from 1 of item `targets[n]` in `scores[n]` (column i is item i + 1): items that score as much stand before it.

    A score that is not a number counts as better than the target, so a broken model cannot shine.
    """
    own = scores[np.arange(len(targets)), targets - 1][:, None]
    found: NDArray[np.int64] = (scores.shape[1] - (scores < own).sum(axis=1)).astype(np.int64)
    return found


def metrics(found: NDArray[np.int64], cut_off: int) -> dict[str, float]:
    """Hit rate and mean reciprocal rank at `cut_off`, as shares from 0 to 1."""
    hit = found <= cut_off
    return {f"hr{cut_off}": float(hit.mean()), f"mrr{cut_off}": float(np.where(hit, 1 / found, 0).mean())}
