"""Where session embeddings lie: what quantization must keep exact, and what it may lose."""

from __future__ import annotations

import numpy as np

from edge_model.features import encode_many
from edge_model.float_model import encode_last
from edge_model.instances import columns_of, instances
from edge_model.session_log import SessionLog
from edge_model.training import Trained
from edge_model.weights import Float32

PREFIXES = 4_000
"""Newest train prefixes; their mean is of d (d + 1) / 2 numbers, a few thousand."""


def session_spread(trained: Trained, log: SessionLog, most: int = PREFIXES) -> Float32:
    """Mean of s s^T over session embeddings s after the newest train prefixes, float32 [d, d]; its trace is 1."""
    wanted = instances(log, 0, log.train_count).newest(most)
    inputs, lengths = encode_many(trained.spec, columns_of(trained.spec, log), wanted.session, wanted.prefix)
    sessions = encode_last(trained.weights, inputs, lengths)[0].astype(np.float64)
    spread: Float32 = (sessions.T @ sessions / len(sessions)).astype(np.float32)
    return spread
