"""One call from a session log to a run directory that the bundle and the release are made from.

model.onnx           the exported file in its storage, checked number by number against the trainer
feature_spec.json    what it is fed
items.json           SKU of item 1, 2, ...: which row of the model is which item of the shop
model_card.json      what it was trained on, how, for how long, and what it reaches
trained.npz          the float model, from which `intently model export` makes other storages; not for shipping
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contracts import FeatureSpec, SignalInput
from edge_model.audit.canaries import plant
from edge_model.checkpoint import save_trained
from edge_model.errors import ModelFileError
from edge_model.evaluation import evaluate
from edge_model.files import write_whole
from edge_model.heads import with_heads
from edge_model.instances import instances_for_test
from edge_model.model_card import Making, ModelCard, model_card
from edge_model.no_logs import made_up_log
from edge_model.onnx_export import export
from edge_model.parity import check_parity
from edge_model.private import unknown_for_unseen, without_rare
from edge_model.quantization import quantize
from edge_model.run_onnx import SPEC_NAME, OnnxScorer
from edge_model.session_log import SessionLog
from edge_model.settings import Settings
from edge_model.training import Progress, Trained, train

MODEL_NAME, CARD_NAME, ITEMS_NAME, CHECKPOINT_NAME = "model.onnx", "model_card.json", "items.json", "trained.npz"
SNAPSHOT_NAME = "snapshot.npz"
EVALUATED_MOST = 2_000
"""Test instances that a run evaluates by default; the card says how many there were."""


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
    making: Making | None = None,
    category_counts: NDArray[np.float64] | None = None,
    resume: bool = False,
    command: str = "",
    signals: tuple[SignalInput, ...] = (),
) -> Run:
    """Train, quantize, export, check parity, evaluate, write the card last: a directory with a card is complete.

    While it trains, `snapshot.npz` holds where it stands; with `resume` an interrupted training goes on from there. `command` is
    what a person would type to make this run again, for the card. `category_counts` [K + 1], private ones, serve
    `making.no_logs` alone; the model also reads `signals`. Raises `TrainExtraMissing`, `LogRefused`, `TrainingFailed`,
    `QuantizationError`, `ModelFileError` or `ParityError`; no card is left behind then.
    """
    directory, making = Path(directory), making or Making()
    (directory / CARD_NAME).unlink(missing_ok=True)
    learnt = to_learn(log, making, category_counts)
    measured = learnt if making.no_logs else log
    trained = trained_with(learnt, settings, making, progress, clock, directory / SNAPSHOT_NAME, resume, signals)
    checkpoint = save_trained(trained, learnt, directory / CHECKPOINT_NAME)
    progress(1.0, "exporting to ONNX and comparing it with the trainer")
    small = quantize(trained, making.storage, checkpoint.occurrences, checkpoint.sessions)
    data = export(small, directory / MODEL_NAME, learnt.name)
    write_whole(directory / SPEC_NAME, trained.spec.to_bytes())
    write_whole(directory / ITEMS_NAME, json.dumps(log.skus, ensure_ascii=False).encode())
    scorer = OnnxScorer(directory / MODEL_NAME)
    parity = check_parity(small.trained, scorer, measured, instances_for_test(measured))
    progress(1.0, "measuring it beside the baselines")
    evaluation = evaluate(scorer, measured, evaluated_most, clock=clock)
    card = model_card(learnt, small, making, data, parity, evaluation, command)
    write_whole(directory / CARD_NAME, card.model_dump_json(indent=2).encode() + b"\n")
    (directory / SNAPSHOT_NAME).unlink(missing_ok=True)
    return Run(directory, directory / MODEL_NAME, trained.spec, card)


def to_learn(log: SessionLog, making: Making, category_counts: NDArray[np.float64] | None = None) -> SessionLog:
    """What the training is given."""
    learnt = made_up_log(log, category_counts) if making.no_logs else log
    if making.private_least:
        learnt = without_rare(learnt, making.private_least)
    return plant(learnt, making.canaries) if making.canaries else learnt


def trained_with(
    learnt: SessionLog,
    settings: Settings | None,
    making: Making,
    progress: Progress,
    clock: Callable[[], float],
    snapshot: Path | None = None,
    resume: bool = False,
    signals: tuple[SignalInput, ...] = (),
) -> Trained:
    """The trained model with its heads; made-up sessions have no labels worth a head."""
    trained = train(learnt, settings, progress, clock, snapshot, resume, signals)
    if making.private_least:
        trained = unknown_for_unseen(trained, learnt)
    if making.no_logs:
        return trained
    progress(1.0, "fitting the probabilities of leaving and buying")
    return with_heads(trained, learnt)


def load_run(directory: Path) -> Run:
    """A run made before; raises `ModelFileError` or `ContractError` where files are absent or broken."""
    directory = Path(directory)
    scorer = OnnxScorer(directory / MODEL_NAME)
    card_path = directory / CARD_NAME
    if not card_path.is_file():
        raise ModelFileError(f"{card_path}: there is no model card, so this run did not finish; train again.")
    card = ModelCard.from_bytes(card_path.read_bytes())
    return Run(directory, directory / MODEL_NAME, scorer.spec, card)
