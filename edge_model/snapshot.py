"""Where a training stands, written after each epoch, so that an interrupted one can be taken up: one `.npz`.

It holds the weights, what the optimiser remembers, the best weights so far, both random states, and as JSON the settings, the
curve and the counts. The same seed then gives the same model with and without an interruption.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from contracts import sha256_hex
from edge_model.errors import TrainingFailed
from edge_model.files import write_whole
from edge_model.model_math import import_jax
from edge_model.session_log import SessionLog
from edge_model.settings import Settings
from edge_model.weights import Weights

if TYPE_CHECKING:
    from edge_model.step import Learner


@dataclass(frozen=True)
class Epoch:
    """One row of the training curve."""

    number: int
    loss: float
    validation_hr20: float | None
    """None in the finish, which learns from the held-out sessions too."""
    validation_mrr20: float | None
    seconds: float
    """Since training began."""


@dataclass
class Snapshot:
    """Where a training stands."""

    log_sha256: str
    settings: Settings
    main_steps: int
    """Steps before the finish."""
    total_steps: int
    steps: int = 0
    curve: list[Epoch] = field(default_factory=list)
    best: float = -1.0
    """HR@20 + MRR@20 of the best epoch on the held-out sessions."""
    best_number: int = 0
    best_weights: Weights = field(default_factory=dict)
    seconds: float = 0.0
    reason: str = "all epochs done"
    stopped: str | None = None
    """Why training ended; None while it has not."""

    def shorten(self, most: int) -> bool:
        """No more than `most` steps in all, the finish keeping its share; whether that changed anything."""
        if most >= self.total_steps:
            return False
        self.main_steps = max(self.steps, round(most * self.main_steps / self.total_steps))
        self.total_steps = max(self.main_steps, most)
        self.reason = "time budget"
        return True

    def skip_to_finish(self) -> None:
        """The steps left before the finish are dropped; its own, and so their learning rates, stay as they are."""
        self.steps = self.main_steps


def log_fingerprint(log: SessionLog) -> str:
    """SHA-256 over what training reads of a log."""
    parts = (log.items, log.event_types, log.dwell_ms, log.offsets, np.array([log.train_count, log.item_count]))
    return sha256_hex(b"".join(np.ascontiguousarray(part).tobytes() for part in parts))


def write_snapshot(path: Path, at: Snapshot, learner: Learner, rng: np.random.Generator) -> None:
    """Write whole or not at all."""
    arrays: dict[str, Any] = {f"small/{name}": value for name, value in learner.small.items()}
    arrays |= {f"best/{name}": value for name, value in at.best_weights.items()}
    arrays |= {f"moment{n}/{name}": value for n in (0, 1) for name, value in learner.state[n].items()}
    arrays |= {"count": learner.state[2], "key": import_jax().random.key_data(learner.key)}
    arrays |= {f"rows/{name}": getattr(learner.rows, name) for name in ("value", "mean", "square")}
    told = {part.name: getattr(at, part.name) for part in fields(at) if part.name not in ("best_weights", "settings", "curve")}
    told |= {"settings": at.settings.model_dump(), "curve": [asdict(row) for row in at.curve], "rng": rng.bit_generator.state}
    arrays["told"] = np.frombuffer(json.dumps(told).encode(), np.uint8)
    held = io.BytesIO()
    np.savez(held, **{name: np.asarray(value) for name, value in arrays.items()})  # type: ignore[arg-type]
    write_whole(path, held.getvalue())


def read_snapshot(path: Path, expected: Snapshot, learner: Learner, rng: np.random.Generator) -> Snapshot:
    """Bring learner and rng to where the snapshot stands; `expected` is the training that is about to begin.

    Raises `TrainingFailed` where the file is broken or of another log or other settings (the time budget may differ).
    """
    try:
        with np.load(path) as file:
            arrays = {name: file[name] for name in file.files}
        told = json.loads(arrays.pop("told").tobytes())
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, EOFError):
        raise TrainingFailed(f"{path}: this is no whole snapshot of a training; train without --resume.") from None
    settings = Settings.model_validate(told.pop("settings"))
    if told["log_sha256"] != expected.log_sha256:
        raise TrainingFailed(f"{path}: this snapshot is of another log; train without --resume, or give its log.")
    if settings.model_copy(update={"time_budget_s": expected.settings.time_budget_s}) != expected.settings:
        raise TrainingFailed(f"{path}: this snapshot is of other settings; train without --resume, or give its settings.")
    parts: dict[str, Weights] = {"small": {}, "best": {}, "moment0": {}, "moment1": {}, "rows": {}}
    for name, value in arrays.items():
        if "/" in name:
            kind, _, part = name.partition("/")
            parts[kind][part] = value
    rng.bit_generator.state = told.pop("rng")
    learner.small, learner.state = parts["small"], (parts["moment0"], parts["moment1"], np.float32(arrays["count"]))
    learner.key = import_jax().random.wrap_key_data(arrays["key"])
    for name, value in parts["rows"].items():
        setattr(learner.rows, name, value)
    curve = [Epoch(**row) for row in told.pop("curve")]
    ended = told.pop("stopped")
    stopped = ended if told["steps"] >= told["total_steps"] else None  # more time may have been given
    return Snapshot(settings=expected.settings, curve=curve, best_weights=parts["best"], stopped=stopped, **told)
