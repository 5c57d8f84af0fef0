"""Kernel against native onnxruntime over real sessions, for the browser benchmark."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.browser_model import Model
from browser_runtime.kernel.parity import Session, kernel_tops, same_top
from contracts import FeatureSpec

ROOT = Path(__file__).resolve().parent.parent


def real_prefixes(spec: FeatureSpec, count: int) -> list[Session]:
    """Prefixes of diginetica's test sessions, evenly spread; other inputs than the item are 0, as in a log of views."""
    path = Path(os.environ.get("INTENTLY_DATA", ROOT.parent / "shared" / "data")) / "diginetica" / "sessions.npz"
    with np.load(path) as log:
        items, offsets = log["test_items"], log["test_offsets"]
    ends = np.concatenate([np.arange(a + 1, b) for a, b in pairwise(offsets)])
    starts = offsets[np.searchsorted(offsets, ends, side="left") - 1]
    chosen = np.linspace(0, len(ends) - 1, min(count, len(ends))).astype(int)
    sessions = []
    for start, end in zip(starts[chosen], ends[chosen], strict=True):
        prefix = [int(item) if item <= spec.items else 0 for item in items[max(start, end - spec.length) : end]]
        sessions.append({str(part.name): prefix if part.name == "item" else [0] * len(prefix) for part in spec.inputs})
    return sessions


def parity(model: Model, count: int) -> tuple[int, float]:
    """(prefixes, share with the same top 20)."""
    sessions = real_prefixes(model.scorer.spec, count)
    tops = kernel_tops(model.packed, model.categories, sessions)
    candidates = np.arange(1, model.scorer.spec.items + 1, dtype=np.int32)
    same = 0
    for items, session in zip(tops.items, sessions, strict=True):
        feeds = {name: np.array(values, np.int32) for name, values in session.items()}
        same += same_top(items, model.scorer.run(feeds, candidates)[1])
    return len(sessions), same / len(sessions)
