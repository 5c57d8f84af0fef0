"""What is said about a model that is shipped: where it comes from, how it was made, what it reaches."""

from __future__ import annotations

from pydantic import Field

from contracts import sha256_hex
from contracts.record import Record, Sha256Hex
from edge_model.audit.canaries import Canaries
from edge_model.evaluation import Evaluation
from edge_model.heads import HeadQuality, head_quality
from edge_model.no_logs import SOURCE as NO_LOGS
from edge_model.onnx_export import OPSET
from edge_model.parity import TOLERANCE, Parity
from edge_model.quantization import Quantized, Storage
from edge_model.session_log import SessionLog
from edge_model.settings import Settings
from edge_model.training import Epoch


class Making(Record):
    """What is done to the log before the training, and to the model after it."""

    storage: Storage = Storage(format="int8")
    canaries: Canaries | None = Field(default=None, description="made-up sessions planted among the train sessions for the audit")
    private_least: int = Field(
        default=0, ge=0, description="items in fewer train sessions have their category's vector alone; 0: no such bound"
    )
    no_logs: bool = Field(default=False, description="train on sessions made up from the catalogue and private category counts")


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
    command: str = Field(default="", description="what makes this run again; empty where it was made by a program")
    trained_on: str
    simulated: bool
    source: str = Field(description="kind of data: logs kept with consent, or a simulation")
    log_report: tuple[str, ...] = Field(description="what the loader dropped and assumed")
    train_sessions: int
    train_events: int
    test_sessions: int
    items: int
    settings: Settings
    storage: Storage = Field(description="as it was met; `making.storage` is what was asked for")
    making: Making
    heads: dict[str, HeadQuality] = Field(description="probabilities beside the ranking, on test sessions")
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


def source_of(log: SessionLog, making: Making) -> str:
    """The kind of data that the model was trained on, in words."""
    if making.no_logs:
        return NO_LOGS
    return "simulated sessions" if log.simulated else "session logs, kept with consent as their owner states"


def model_card(
    log: SessionLog, what: Quantized, making: Making, data: bytes, parity: Parity, evaluation: Evaluation, command: str = ""
) -> ModelCard:
    """The card of a finished run; `log` is what was trained on, as it was given to the training."""
    trained = what.trained
    return ModelCard(
        command=command,
        trained_on=log.name,
        simulated=log.simulated,
        source=source_of(log, making),
        log_report=tuple(log.report.lines()),
        train_sessions=log.train_count,
        train_events=log.train_events(),
        test_sessions=log.test_count,
        items=log.item_count,
        settings=trained.settings,
        storage=what.storage,
        making=making,
        heads=head_quality(what, log),
        curve=tuple(_row(epoch) for epoch in trained.curve),
        steps=trained.steps,
        stopped=trained.stopped,
        train_s=round(trained.seconds, 2),
        model_sha256=sha256_hex(data),
        model_bytes=len(data),
        feature_spec_sha256=sha256_hex(trained.spec.to_bytes()),
        parity_prefixes=parity.prefixes,
        parity_max_relative_error=parity.max_relative_error,
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
