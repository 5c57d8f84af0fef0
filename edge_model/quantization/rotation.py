"""The same model with its item space turned: scores do not change, since cosines are kept by a rotation."""

from __future__ import annotations

from edge_model.weights import Float32, Weights

ITEM_SPACE_TABLES = ("item", "event_type", "dwell_bucket")
"""Tables that are added to item vectors."""


def turned(weights: Weights, rotation: Float32) -> Weights:
    """Every item vector v becomes v @ rotation [d, d], and what reads or writes item vectors is turned to match."""
    dim = rotation.shape[0]
    out = weights["out"] @ rotation  # writes the session embedding
    out[-dim:] = rotation.T @ out[-dim:]  # its last d rows read the attention-weighted item vectors
    gate = weights["repeat_gate"].copy()
    gate[-dim:] = rotation.T @ gate[-dim:]  # reads the same
    tables = {name: weights[name] @ rotation for name in ITEM_SPACE_TABLES if name in weights}
    return weights | tables | {"gru_w": rotation.T @ weights["gru_w"], "out": out, "repeat_gate": gate}
