"""The trained model in floating point, as a ranker: what training validates with, and what an exported file is compared with."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np

from contracts import FeatureSpec
from edge_model.features import Int32, encode_many
from edge_model.instances import Instances, columns_of
from edge_model.model import encode_prefixes
from edge_model.model_math import import_jax
from edge_model.session_log import SessionLog
from edge_model.weights import Float32, Weights, unit_rows


@dataclass(frozen=True)
class FloatModel:
    """Scores by the trainer's own code. `weights["item"]` are the vectors that count, categories folded in."""

    weights: Weights
    spec: FeatureSpec
    temperature: float
    log: SessionLog

    def score(self, wanted: Instances) -> Float32:
        """float32[n, items]; column i is item i + 1."""
        inputs, lengths = encode_many(self.spec, self._columns, wanted.session, wanted.prefix)
        session, gains = encode_last(self.weights, inputs, lengths)
        scores: Float32 = all_scores(session, gains, inputs["item"], self._vectors, self.temperature)
        return scores

    @functools.cached_property
    def _columns(self) -> Any:
        return columns_of(self.spec, self.log)

    @functools.cached_property
    def _vectors(self) -> Float32:
        return unit_rows(self.weights["item"])


def encode_last(weights: Weights, inputs: dict[str, Int32], lengths: Any) -> tuple[Float32, Float32]:
    """Session embeddings [n, d] of padded prefixes and the gains [n, T] of their items: one pass, read at each last event."""
    every, gains = _jitted_encode()(weights, unit_rows(weights["item"]), inputs)
    at = np.arange(len(lengths)), np.asarray(lengths) - 1
    return np.asarray(every)[at], np.asarray(gains)[at]


def all_scores(session: Any, gains: Float32, items: Int32, vectors: Any, temperature: float) -> Any:
    """cosine / temperature + gain, [n, N], float64 where its arguments are; column i is item i + 1.

    `items` [n, T] are the prefixes, `vectors` [N + 1, d] of unit length.
    """
    scores = session @ vectors.T / temperature
    np.add.at(scores, (np.arange(len(items))[:, None], items), gains)  # gains of an item's earlier occurrences are 0
    return scores[:, 1:]


@functools.cache
def _jitted_encode() -> Any:
    return import_jax().jit(encode_prefixes)
