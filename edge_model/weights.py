"""Weights of the session model: names, shapes, first values. numpy only, so that reading a run needs no trainer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contracts import DwellBucketInput, EventTypeInput, FeatureSpec
from edge_model.settings import Settings

Float32 = NDArray[np.float32]
Weights = dict[str, Float32]
"""Letters: N items, d dim, H hidden, A attention. Gates are in ONNX's order: update z, reset r, new h.

item [N + 1, d] (row 0: unknown item) · event_type [types, d] · dwell_bucket [buckets, d] (the last two only if the spec has them)
gru_w [d, 3H] · gru_r [H, 3H] · gru_wb [3H] · gru_rb [3H] · query [H, A] · key [H, A] · out [2H + d, d]
"""


def table_sizes(spec: FeatureSpec) -> dict[str, int]:
    """Rows of each embedding table, by input."""
    sizes = {"item": spec.items + 1}
    for part in spec.inputs:
        if isinstance(part, EventTypeInput):
            sizes["event_type"] = len(part.values)
        elif isinstance(part, DwellBucketInput):
            sizes["dwell_bucket"] = len(part.edges_ms) + 1
    return sizes


def first_weights(spec: FeatureSpec, settings: Settings, rng: np.random.Generator) -> Weights:
    """Random first values; the attention-weighted sum of item vectors passes straight through at first, so an untrained model
    already likes what is like the session."""
    d, h, a = settings.dim, settings.hidden, settings.attention

    def normal(*shape: int, sd: float) -> Float32:
        return rng.normal(0, sd, shape).astype(np.float32)

    weights = {name: normal(rows, d, sd=d**-0.5 if name == "item" else 0.1) for name, rows in table_sizes(spec).items()}
    weights |= {
        "gru_w": normal(d, 3 * h, sd=d**-0.5),
        "gru_r": normal(h, 3 * h, sd=h**-0.5),
        "gru_wb": np.zeros(3 * h, np.float32),
        "gru_rb": np.zeros(3 * h, np.float32),
        "query": normal(h, a, sd=h**-0.5),
        "key": normal(h, a, sd=h**-0.5),
        "out": np.concatenate([normal(2 * h, d, sd=0.5 * (2 * h) ** -0.5), np.eye(d, dtype=np.float32)]),
    }
    return weights


def unit_rows(vectors: Float32) -> Float32:
    """Each row divided by its length."""
    lengths = np.sqrt(np.sum(np.square(vectors, dtype=np.float64), axis=1, keepdims=True))
    rows: Float32 = (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)
    return rows
