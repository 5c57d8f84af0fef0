"""Share of real sessions that see a list in the model's order before their last click.

The lengths of the sessions are real. No set at hand holds times of day, so seconds on a page are stated, not measured:
exponential, by its mean. A list is seen on a page that is left later than the list comes; until one came, each page begins anew
(pessimistic: what an earlier page has fetched is not counted). All sessions of the sets are used; none is of a single page.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge_model import load

DATA = Path(os.environ.get("INTENTLY_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
SETS = {"diginetica": "diginetica/sessions.npz", "retailrocket": "retailrocket/sessions.npz", "eshop": "eshop/events.parquet"}
PAGE_S = (5.0, 15.0, 30.0)


def share_before_last_click(pages: NDArray[np.int64], list_s: float, mean_s: float) -> float:
    """Mean over sessions of 1 - (1 - e^(-list_s / mean_s))^(pages - 1): one page before the last click at least outlasts it."""
    missed = -np.expm1(-list_s / mean_s)
    return float(np.mean(1 - missed ** (pages - 1)))


def shares(first_list_ms: dict[str, float]) -> dict[str, dict[str, dict[str, float]]]:
    """By network, by set, by mean seconds on a page; sets that are not at hand are left out."""
    lengths = {name: np.diff(load(DATA / file).offsets) for name, file in SETS.items() if (DATA / file).exists()}
    return {
        network: {
            name: {f"{mean:g}_s": round(share_before_last_click(pages, ms / 1000, mean), 4) for mean in PAGE_S}
            for name, pages in lengths.items()
        }
        for network, ms in first_list_ms.items()
    }
