"""The same model with its item space turned: scores do not change, since cosines are kept by a rotation."""

from __future__ import annotations

import numpy as np

from edge_model.weights import Float32, Weights, is_input_table

ITEM_SPACE_TABLES = ("item", "category")
"""Tables of item vectors; those of the other inputs are added to them."""
READERS = ("repeat_gate", "leave_head", "purchase_head")
"""Weights that read the readout, whose last d numbers are the attention-weighted item vectors."""


def turned(weights: Weights, rotation: Float32) -> Weights:
    """Every item vector v becomes v @ rotation [d, d], and what reads or writes item vectors is turned to match."""
    dim = rotation.shape[0]

    def read(weight: Float32) -> Float32:
        return np.concatenate([weight[:-dim], rotation.T @ weight[-dim:]])

    tables = {name: weights[name] @ rotation for name in weights if name in ITEM_SPACE_TABLES or is_input_table(name)}
    readers = {name: read(weights[name]) for name in READERS if name in weights}
    out = read(weights["out"] @ rotation)  # writes the session embedding, reads the readout
    return weights | tables | readers | {"gru_w": rotation.T @ weights["gru_w"], "out": out}
