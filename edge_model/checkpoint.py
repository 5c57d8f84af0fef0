"""The float model as one file, so that it can be exported again in another storage: weights and what is said about them.

An `.npz` without pickles: each weight as `weight/NAME`, `about`, the bytes of a JSON record, `occurrences`, how often each item
occurs in the train sessions, and `sessions`, where their embeddings lie (both decide what quantization keeps exact). It holds
every item's vector in float and stays with who trained it; what is shipped is made from it by `quantize` and `export`.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contracts import ContractError, FeatureSpec
from contracts.record import Record
from edge_model.errors import ModelFileError
from edge_model.files import write_whole
from edge_model.session_log import SessionLog
from edge_model.settings import Settings
from edge_model.spread import session_spread
from edge_model.training import Epoch, Trained
from edge_model.weights import Float32

PREFIX = "weight/"


class _EpochRow(Record):
    number: int
    loss: float
    validation_hr20: float | None
    validation_mrr20: float | None
    seconds: float


class _About(Record):
    version: int = 1
    spec: FeatureSpec
    settings: Settings
    curve: tuple[_EpochRow, ...]
    seconds: float
    steps: int
    stopped: str


@dataclass(frozen=True)
class Checkpoint:
    """A trained model and what quantization needs to know of its log."""

    trained: Trained
    occurrences: NDArray[np.int64]
    """int64 [items + 1], in train sessions."""
    sessions: Float32 | None = None
    """float32 [d, d], the mean of s s^T over session embeddings s; None where it is not known."""


def occurrences_in(log: SessionLog, items: int) -> NDArray[np.int64]:
    """How often items 0..`items` occur in the log's train sessions, int64 [items + 1]."""
    return np.bincount(log.items[: log.train_events()], minlength=items + 1).astype(np.int64)


def save_trained(trained: Trained, log: SessionLog, path: Path) -> Checkpoint:
    """Write the model that was trained on `log`, whole or not at all, with what quantization wants to know."""
    checkpoint = Checkpoint(trained, occurrences_in(log, trained.spec.items), session_spread(trained, log))
    about = _About(
        spec=trained.spec,
        settings=trained.settings,
        curve=tuple(_EpochRow(**vars(epoch)) for epoch in trained.curve),
        seconds=trained.seconds,
        steps=trained.steps,
        stopped=trained.stopped,
    )
    held = io.BytesIO()
    arrays: dict[str, Any] = {PREFIX + name: value for name, value in trained.weights.items()}
    arrays |= {
        "about": np.frombuffer(about.to_bytes(), np.uint8),
        "occurrences": checkpoint.occurrences,
        "sessions": checkpoint.sessions,
    }
    np.savez(held, **arrays)
    write_whole(Path(path), held.getvalue())
    return checkpoint


def load_trained(path: Path) -> Checkpoint:
    """Read it back; raises `ModelFileError` where the file is absent, truncated or none of ours."""
    path = Path(path)
    if not path.is_file():
        raise ModelFileError(f"{path}: there is no such checkpoint; train a model, or name the folder of a training.")
    try:
        with np.load(path, allow_pickle=False) as held:
            occurrences = held["occurrences"].astype(np.int64)
            sessions = held["sessions"] if "sessions" in held.files else None
            about = _About.from_bytes(held["about"].tobytes())
            weights = {name[len(PREFIX) :]: held[name] for name in held.files if name.startswith(PREFIX)}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, ContractError) as error:
        raise ModelFileError(f"{path}: not a checkpoint of a training ({type(error).__name__}); train again.") from None
    curve = tuple(Epoch(**row.model_dump()) for row in about.curve)
    trained = Trained(weights, about.spec, about.settings, curve, about.seconds, about.steps, about.stopped)
    return Checkpoint(trained, occurrences, sessions)
