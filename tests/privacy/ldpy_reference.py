"""What `multi-freq-ldpy` computes, as golden numbers: `python3 noxfile.py -s ldpy` writes ldpy_golden.json with it.

It runs in an environment of its own, as the package compiles with numba, and knows nothing of Intently. Its estimates are clipped
at 0 and scaled to sum 1; the shares here are large enough that no estimate is clipped, and those of k-ary randomized response sum
to 1 anyhow, so that what is left is the bare estimator.
"""

from __future__ import annotations

import json
import math
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from multi_freq_ldpy.pure_frequency_oracles.GRR import (  # type: ignore[import-not-found, unused-ignore]
    GRR_Aggregator_MI,
    GRR_Client,
)
from multi_freq_ldpy.pure_frequency_oracles.Variance_PURE import VAR_Pure  # type: ignore[import-not-found, unused-ignore]
from numba import jit  # type: ignore[import-not-found, unused-ignore]

COUNTS = (900, 700, 600, 500, 400, 400, 300, 200)
ROUNDS = 400
WEIGHTS = ((4, 1), (7, 1), (54, 1))
SETS = ((43_000, 1), (43_000, 2), (43_000, 4), (43_000, 6), (43_000, 8), (200, 4))


@jit(nopython=True)  # type: ignore[untyped-decorator, unused-ignore]
def clients(values: Any, k: int, epsilon: float, seed: int) -> Any:
    """Reports of all clients."""
    np.random.seed(seed)
    found = np.zeros(len(values), dtype=np.int64)
    for at in range(len(values)):
        found[at] = GRR_Client(values[at], k, epsilon)
    return found


def randomized_response(w: int, v: int) -> dict[str, Any]:
    """One run in full, and mean and variance of many."""
    k, n, epsilon = len(COUNTS), sum(COUNTS), math.log(w / v)
    values = np.repeat(np.arange(k), COUNTS)
    reports = [clients(values, k, epsilon, seed) for seed in range(ROUNDS)]
    estimates = n * np.array([GRR_Aggregator_MI(each, k, epsilon) for each in reports])
    assert (estimates > 0).all(), "an estimate was clipped: take larger counts"
    p = w / (w + v * (k - 1))
    theory = [n * n * VAR_Pure(p, v / (w + v * (k - 1)), n, count / n) for count in COUNTS]
    return {
        "w": w, "v": v, "histogram": np.bincount(reports[0], minlength=k).tolist(), "estimate": estimates[0].tolist(),
        "mean": estimates.mean(axis=0).tolist(), "variance": estimates.var(axis=0, ddof=1).tolist(), "theory": theory,
    }  # fmt: skip


def subset_selection(values: int, epsilon: float) -> dict[str, float]:
    """Variance of the count of a value that nobody holds, over n: the best that is known for large domains (Ye and Barg 2018)."""
    size = max(1, round(values / (math.exp(epsilon) + 1)))
    kept = size * math.exp(epsilon)
    p = kept / (kept + values - size)
    q = ((size - 1) * kept + (values - size) * size) / ((values - 1) * (kept + values - size))
    return {"values": values, "epsilon": epsilon, "variance": VAR_Pure(p, q)}


def main(path: Path) -> None:
    """Write the golden numbers."""
    document = {
        "about": "Estimates, means and variances of multi-freq-ldpy", "command": "python3 noxfile.py -s ldpy",
        "versions": {name: version(name) for name in ("multi-freq-ldpy", "numba", "numpy")}, "counts": COUNTS, "rounds": ROUNDS,
        "randomized_response": [randomized_response(*weights) for weights in WEIGHTS],
        "subset_selection": [subset_selection(*each) for each in SETS],
    }  # fmt: skip
    path.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
