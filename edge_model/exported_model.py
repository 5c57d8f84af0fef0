"""The exported file as a ranker: onnxruntime embeds each prefix and scores the session's own items; the cosines of all others are
one matrix product over the vectors that the file itself decodes.

A run over the whole catalogue for each prefix says the same and takes 15 ms (43,097 items, one core). The first
prefix of each call is run over the whole catalogue all the same, and the two are compared.
"""

from __future__ import annotations

import functools

import numpy as np

from edge_model.errors import ParityError
from edge_model.features import encode_many
from edge_model.instances import Instances, columns_of
from edge_model.parity import TOLERANCE, relative_error
from edge_model.run_onnx import OnnxScorer
from edge_model.session_log import SessionLog
from edge_model.weights import Float32


class ExportedModel:
    """Scores of all items by an exported file."""

    def __init__(self, scorer: OnnxScorer, log: SessionLog) -> None:
        self.scorer, self.log = scorer, log
        self._columns = columns_of(scorer.spec, log)
        self._everything = np.arange(1, scorer.spec.items + 1, dtype=np.int32)

    @functools.cached_property
    def scaled_vectors(self) -> Float32:
        """float32[N, d]: unit vectors of items 1..N divided by the temperature, as the file's own nodes make them."""
        vectors, inverse_temperature = self.scorer.constants("item_vectors", "inverse_temperature")
        scaled: Float32 = vectors[1:] * inverse_temperature
        return scaled

    def score(self, wanted: Instances) -> Float32:
        """float32[n, items]. Raises `ParityError` where the file's own scores are others."""
        padded, lengths = encode_many(self.scorer.spec, self._columns, wanted.session, wanted.prefix)
        each = [{name: values[n, :length] for name, values in padded.items()} for n, length in enumerate(lengths)]
        own = [np.unique(np.append(inputs["item"][inputs["item"] > 0], np.int32(1))) for inputs in each]
        runs = [self.scorer.run(inputs, items) for inputs, items in zip(each, own, strict=True)]
        scores: Float32 = np.stack([embedding for embedding, _ in runs]) @ self.scaled_vectors.T
        for n, (items, (_, exact)) in enumerate(zip(own, runs, strict=True)):
            scores[n, items - 1] = exact
        self._compare(each[0], scores[0])
        return scores

    def _compare(self, inputs: dict[str, np.ndarray], got: Float32) -> None:
        off = relative_error(got, self.scorer.run(inputs, self._everything)[1])
        if off > TOLERANCE:
            raise ParityError(
                f"{self.scorer.path}: its scores over the whole catalogue differ by {off:.2e} (relative) from embedding times "
                f"vectors, want at most {TOLERANCE:.0e}; the file is not of this exporter."
            )
