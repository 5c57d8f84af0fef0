"""How good probabilities are: whether they order (AUC) and whether they mean what they say (ECE)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
BINS = 10


def auc(higher: Floats, lower: Floats) -> float:
    """Chance that one of `higher` exceeds one of `lower`, ties half."""
    ranked = np.sort(lower)
    below = np.searchsorted(ranked, higher, side="left") + np.searchsorted(ranked, higher, side="right")
    return float(below.mean() / 2 / len(lower))


def auc_error(n: int, m: int) -> float:
    """Standard error of the AUC where nothing can be told apart (Hanley and McNeil 1982, at AUC 0.5)."""
    return float(np.sqrt((n + m + 1) / (12 * n * m)))


def calibration_error(probability: Floats, happened: NDArray[np.bool_], bins: int = BINS) -> float:
    """Expected calibration error over bins of equal size: mean |share that happened - mean probability|, from 0 to 1."""
    order = np.argsort(probability, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    gaps = [len(part) * abs(happened[part].mean() - probability[part].mean()) for part in parts]
    return float(sum(gaps) / len(order))
