"""Does the exported file compute what the trainer computes? Number by number, on real prefixes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from contracts import DwellBucketInput, FeatureSpec
from edge_model.errors import ParityError
from edge_model.features import EVENT_TYPES, encode, encode_many
from edge_model.float_model import all_scores, encode_last
from edge_model.instances import Instances, columns_of, instances
from edge_model.run_onnx import OnnxScorer
from edge_model.session_log import LogReport, SessionLog
from edge_model.training import Trained

TOLERANCE = 1e-5
"""Largest relative difference of a score or an embedding's entry."""
PREFIXES = 200
"""Prefixes compared by default."""


@dataclass(frozen=True)
class Parity:
    """Outcome of a comparison."""

    prefixes: int
    numbers: int
    """Scores and embedding entries compared."""
    max_relative_error: float


def relative_error(got: ArrayLike, want: ArrayLike) -> float:
    """Largest |got - want| over the largest |want| of the vector; infinite if a number is missing or not finite.

    Relative to the vector, not to each entry: a cosine near 0 is a difference of large terms, so its own relative error says
    nothing about the order of the list.
    """
    a, b = np.asarray(got, np.float64), np.asarray(want, np.float64)
    if a.shape != b.shape or not np.all(np.isfinite(a)) or not np.all(np.isfinite(b)):
        return float("inf")
    return float(np.max(np.abs(a - b), initial=0) / max(float(np.max(np.abs(b), initial=0)), 1e-30))


def check_parity(trained: Trained, scorer: OnnxScorer, log: SessionLog, wanted: Instances, most: int = PREFIXES) -> Parity:
    """Compare `most` prefixes spread over `wanted`, scores of all items and embeddings; raises `ParityError` beyond `TOLERANCE`.

    The trainer's side goes through the batch encoder and JAX, the other through `encode` on contract events and onnxruntime.
    """
    chosen = np.unique(np.linspace(0, len(wanted) - 1, min(most, len(wanted))).astype(np.int64))
    picked = Instances(wanted.session[chosen], wanted.prefix[chosen], wanted.target[chosen])
    inputs, lengths = encode_many(trained.spec, columns_of(trained.spec, log), picked.session, picked.prefix)
    ours, gains = encode_last(trained.weights, inputs, lengths)
    vectors = trained.item_vectors.astype(np.float64)
    everything = np.arange(1, trained.spec.items + 1, dtype=np.int32)
    worst, temperature = 0.0, trained.settings.temperature
    for n in range(len(picked)):
        events = log.session(int(picked.session[n]))[: int(picked.prefix[n])]
        embedding, scores = scorer.run(encode(scorer.spec, events), everything)
        own = slice(n, n + 1)
        want = all_scores(ours[own].astype(np.float64), gains[own], inputs["item"][own], vectors, temperature)[0]
        worst = max(worst, relative_error(embedding, ours[n]), relative_error(scores, want))
    outcome = Parity(len(picked), len(picked) * (len(everything) + ours.shape[1]), worst)
    if not worst <= TOLERANCE:
        raise ParityError(
            f"{scorer.path}: differs from the trainer by {worst:.1e} relative on {len(picked)} prefixes, want at most "
            f"{TOLERANCE:.0e}; do not ship this file."
        )
    return outcome


def made_up_sessions(spec: FeatureSpec, occurrences: NDArray[np.int64], seed: int = 3) -> tuple[SessionLog, Instances]:
    """40 sessions of up to 3 more events than the model reads, for parity where no log is at hand, and their prefixes.

    Items in proportion to `occurrences` + 1, some of them unknown (beyond the catalogue's last); event types and dwell times of
    every kind that the spec has.
    """
    source = np.random.default_rng(seed)
    lengths = source.integers(2, spec.length + 4, 40)
    count = int(lengths.sum())
    share = (occurrences[1:] + 1) / np.sum(occurrences[1:] + 1)
    items = source.choice(spec.items, count, p=share).astype(np.int32) + 1
    edges = next((part.edges_ms for part in spec.inputs if isinstance(part, DwellBucketInput)), (1,))
    log = SessionLog(
        name="made-up sessions",
        items=np.where(source.random(count) < 0.03, spec.items + 1, items).astype(np.int32),
        event_types=source.choice([EVENT_TYPES.index(kind) for kind in spec.event_types], count).astype(np.uint8),
        dwell_ms=source.integers(0, 2 * edges[-1], count).astype(np.int32),
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        train_count=0,
        skus=tuple(map(str, range(1, spec.items + 2))),
        report=LogReport("made-up sessions", count, "none"),
    )
    return log, instances(log, 0, len(lengths))
