"""Where the target stands among all items, ties counted against the model, and what is made of that."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_model.features import Int32
from edge_model.weights import Float32

BLOCK = 64
"""Items whose best score is looked at before the items themselves."""


def ranks(scores: Float32, targets: Int32) -> NDArray[np.int64]:
    """Rank from 1 of item `targets[n]` in `scores[n]` (column i is item i + 1): items that score as much stand before it.

    A score that is not a number counts as better than the target, so a broken model cannot shine.
    """
    own = scores[np.arange(len(targets)), targets - 1][:, None]
    found: NDArray[np.int64] = (scores.shape[1] - (scores < own).sum(axis=1)).astype(np.int64)
    return found


def metrics(found: NDArray[np.int64], cut_off: int) -> dict[str, float]:
    """Hit rate and mean reciprocal rank at `cut_off`, as shares from 0 to 1."""
    return {f"hr{cut_off}": hit_rate(found, cut_off), f"mrr{cut_off}": float(np.where(found <= cut_off, 1 / found, 0).mean())}


def hit_rate(found: NDArray[np.int64], cut_off: int) -> float:
    """Share of ranks within `cut_off`."""
    return float((found <= cut_off).mean())


def ndcg(found: NDArray[np.int64], cut_off: int) -> float:
    """Normalized discounted cumulative gain with one relevant item: the mean of 1 / log2(1 + rank), 0 beyond `cut_off`."""
    return float(np.where(found <= cut_off, 1 / np.log2(1 + found), 0).mean())


def best(scores: Float32, most: int) -> Int32:
    """Items int32[n, min(most, items)] with the highest scores of each row, best first, of equals the lower index.

    The `most` best items stand in the `most` blocks whose best scores are highest, so only those are sorted.
    """
    rows, items = scores.shape
    most = min(most, items)
    padded = np.pad(scores, ((0, 0), (0, -items % BLOCK)), constant_values=-np.inf).reshape(rows, -1, BLOCK)
    tops = np.fmax.reduce(padded, axis=2)  # NaN never wins
    blocks = np.sort(np.argsort(-tops, axis=1, kind="stable")[:, :most], axis=1)
    inside = padded[np.arange(rows)[:, None], blocks].reshape(rows, -1)
    inside = np.where(np.isnan(inside), -np.inf, inside)  # the padding stands last and loses ties
    order = np.argsort(-inside, axis=1, kind="stable")[:, :most]
    found: Int32 = (np.take_along_axis(blocks, order // BLOCK, axis=1) * BLOCK + order % BLOCK + 1).astype(np.int32)
    return found
