"""Weights of the session model: names, shapes, first values. numpy only, so that reading a run needs no trainer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from contracts import DwellBucketInput, EventTypeInput, FeatureSpec, SignalInput
from edge_model.features import Int32
from edge_model.settings import Settings

Float32 = NDArray[np.float32]
Weights = dict[str, Float32]
"""Letters: N items, d dim, H hidden, A attention. Gates are in ONNX's order: update z, reset r, new h.

item [N + 1, d] (row 0: unknown item) · event_type [types, d] · dwell_bucket [buckets, d] (the last two only if the spec has them)
signal_NAME [edges + 1, d] for each signal of the spec
gru_w [d, 3H] · gru_r [H, 3H] · gru_wb [3H] · gru_rb [3H] · query [H, A] · key [H, A] · position [L] · out [2H + d, d]
category [K + 1, d] (only if the log has categories; an item's vector is its row plus its category's, made unit length) ·
repeat_gate [2H + d, K] · repeat_gate_bias [K] · repeat_basis [K, L] · repeat_count [COUNTS] (see `repeats`; entry i of `position`
and of each basis is for the event i before the last)
"""
COUNTS = 5
"""Occurrences of an item in a session that are told apart; more are as so many."""


def table_sizes(spec: FeatureSpec) -> dict[str, int]:
    """Rows of each embedding table, by input."""
    sizes = {"item": spec.items + 1}
    for part in spec.inputs:
        if isinstance(part, EventTypeInput):
            sizes["event_type"] = len(part.values)
        elif isinstance(part, DwellBucketInput):
            sizes["dwell_bucket"] = len(part.edges_ms) + 1
        elif isinstance(part, SignalInput):
            sizes[part.name] = len(part.edges) + 1
    return sizes


def is_input_table(name: str) -> bool:
    """Whether a weight is the table of an input beside the items."""
    return name in ("event_type", "dwell_bucket") or name.startswith("signal_")


def first_weights(spec: FeatureSpec, settings: Settings, rng: np.random.Generator, categories: int = 0) -> Weights:
    """Random first values, of `categories` categories where the log has them.

    The attention-weighted sum of item vectors passes straight through at first, so an untrained model already likes what is like
    the session.
    """
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
        "position": np.zeros(settings.length, np.float32),
        "out": np.concatenate([normal(2 * h, d, sd=0.5 * (2 * h) ** -0.5), np.eye(d, dtype=np.float32)]),
    }
    if categories:
        weights["category"] = normal(categories + 1, d, sd=d**-0.5)
        weights["category"][0] = 0
    return weights | first_repeat_weights(2 * h + d, settings.length)


def first_repeat_weights(features: int, length: int) -> Weights:
    """No gain at first. Three bases: one that no session changes, one for all seen items alike, one for the last event's."""
    basis = np.zeros((3, length), np.float32)
    basis[1], basis[2, 0] = 1, 1
    return {
        "repeat_gate": np.zeros((features, 3), np.float32),
        "repeat_gate_bias": np.array([1, 0, 0], np.float32),
        "repeat_basis": basis,
        "repeat_count": np.zeros(COUNTS, np.float32),
    }


def with_categories(weights: Weights, item_category: Int32, seen: Int32 | None = None) -> Weights:
    """The same weights with each item's category added to its row; `item_category` is int32[N + 1], 0 where unknown.

    Of items outside `seen`, if it is given, the category is all that is known: they get its vector, where they have one.
    """
    item = weights["item"].copy()
    if "category" in weights:
        if seen is not None:
            item[np.setdiff1d(np.flatnonzero(item_category), seen)] = 0
        item += weights["category"][item_category]
    return weights | {"item": item}


def unit_rows(vectors: Float32) -> Float32:
    """Each row divided by its length."""
    lengths = np.sqrt(np.sum(np.square(vectors, dtype=np.float64), axis=1, keepdims=True))
    rows: Float32 = (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)
    return rows
