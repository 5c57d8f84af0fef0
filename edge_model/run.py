"""One call from a session log to a run directory that the bundle and the release are made from.

model.onnx           the exported file, checked number by number against the trainer
feature_spec.json    what it is fed
items.json           SKU of item 1, 2, ...: which row of the model is which item of the shop
model_card.json      what it was trained on, how, for how long, and what it reaches
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from contracts import FeatureSpec, sha256_hex
from contracts.record import Record, Sha256Hex
from edge_model.errors import ModelFileError
from edge_model.evaluation import Evaluation, evaluate
from edge_model.files import write_whole
from edge_model.instances import instances_for_test
from edge_model.onnx_export import OPSET, export
from edge_model.parity import TOLERANCE, check_parity
from edge_model.run_onnx import SPEC_NAME, OnnxScorer
from edge_model.session_log import SessionLog
from edge_model.settings import Settings
from edge_model.training import Epoch, Progress, Trained, train

MODEL_NAME, CARD_NAME, ITEMS_NAME = "model.onnx", "model_card.json", "items.json"
EVALUATED_MOST = 2_000
"""Test instances that a run evaluates by default; the card says how many there were."""


class CurveRow(Record):
    """One epoch of the training curve."""

    number: int
    loss: float
    validation_hr20: float | None = Field(description="None in the finish, which learns from the held-out sessions too")
    validation_mrr20: float | None
    seconds: float


class ModelCard(Record):
    """What a person should know before shipping this model."""

    version: int = 1
    trained_on: str
    simulated: bool
    source: str = Field(description="kind of data: logs kept with consent, or a simulation")
    log_report: tuple[str, ...] = Field(description="what the loader dropped and assumed")
    train_sessions: int
    train_events: int
    test_sessions: int
    items: int
    settings: Settings
    curve: tuple[CurveRow, ...]
    steps: int
    stopped: str = Field(description="why training ended")
    train_s: float
    model_sha256: Sha256Hex
    model_bytes: int
    feature_spec_sha256: Sha256Hex
    opset: int = OPSET
    parity_prefixes: int
    parity_max_relative_error: float
    parity_tolerance: float = TOLERANCE
    evaluation: Evaluation


@dataclass(frozen=True)
class Run:
    """A finished run directory."""

    directory: Path
    model_path: Path
    spec: FeatureSpec
    card: ModelCard


def make_run(
    log: SessionLog,
    directory: Path,
    settings: Settings | None = None,
    progress: Progress = lambda share, text: None,
    evaluated_most: int = EVALUATED_MOST,
    clock: Callable[[], float] = time.monotonic,
) -> Run:
    """Train, export, check parity, evaluate, write the card last: a directory with a card is complete.

    Raises `TrainExtraMissing`, `TrainingFailed`, `ModelFileError` or `ParityError`; no card is left behind then.
    """
    directory = Path(directory)
    (directory / CARD_NAME).unlink(missing_ok=True)
    trained = train(log, settings, progress, clock)
    progress(1.0, "exporting to ONNX and comparing it with the trainer")
    data = export(trained, directory / MODEL_NAME, log.name)
    write_whole(directory / SPEC_NAME, trained.spec.to_bytes())
    write_whole(directory / ITEMS_NAME, json.dumps(log.skus, ensure_ascii=False).encode())
    scorer = OnnxScorer(directory / MODEL_NAME)
    parity = check_parity(trained, scorer, log, instances_for_test(log))
    progress(1.0, "measuring it beside the baselines")
    card = _card(
        log, trained, data, evaluate(scorer, log, evaluated_most, clock=clock), parity.prefixes, parity.max_relative_error
    )
    write_whole(directory / CARD_NAME, card.model_dump_json(indent=2).encode() + b"\n")
    return Run(directory, directory / MODEL_NAME, trained.spec, card)


def load_run(directory: Path) -> Run:
    """A run made before; raises `ModelFileError` or `ContractError` where files are absent or broken."""
    directory = Path(directory)
    scorer = OnnxScorer(directory / MODEL_NAME)
    card_path = directory / CARD_NAME
    if not card_path.is_file():
        raise ModelFileError(f"{card_path}: there is no model card, so this run did not finish; train again.")
    card = ModelCard.from_bytes(card_path.read_bytes())
    return Run(directory, directory / MODEL_NAME, scorer.spec, card)


def _card(log: SessionLog, trained: Trained, data: bytes, evaluation: Evaluation, prefixes: int, error: float) -> ModelCard:
    return ModelCard(
        trained_on=log.name,
        simulated=log.simulated,
        source="simulated sessions" if log.simulated else "session logs, kept with consent as their owner states",
        log_report=tuple(log.report.lines()),
        train_sessions=log.train_count,
        train_events=log.train_events(),
        test_sessions=log.test_count,
        items=log.item_count,
        settings=trained.settings,
        curve=tuple(_row(epoch) for epoch in trained.curve),
        steps=trained.steps,
        stopped=trained.stopped,
        train_s=round(trained.seconds, 2),
        model_sha256=sha256_hex(data),
        model_bytes=len(data),
        feature_spec_sha256=sha256_hex(trained.spec.to_bytes()),
        parity_prefixes=prefixes,
        parity_max_relative_error=error,
        evaluation=evaluation,
    )


def _row(epoch: Epoch) -> CurveRow:
    return CurveRow(
        number=epoch.number,
        loss=round(epoch.loss, 4),
        validation_hr20=None if epoch.validation_hr20 is None else round(epoch.validation_hr20, 4),
        validation_mrr20=None if epoch.validation_mrr20 is None else round(epoch.validation_mrr20, 4),
        seconds=round(epoch.seconds, 2),
    )
