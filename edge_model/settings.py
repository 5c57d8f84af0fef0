"""Settings of a training, saved with the weights."""

from __future__ import annotations

from pydantic import Field

from contracts import DwellBucketInput, EventTypeInput, FeatureSpec, ItemInput, SignalInput
from contracts.record import Record
from edge_model.session_log import SessionLog

DWELL_EDGES_MS = (2_000, 5_000, 10_000, 20_000, 45_000)
"""Edges of the dwell buckets: a glance, a look, a read, a comparison, beyond."""

TEACHER_LEAST_S = 300.0
"""Seconds below which a time budget leaves no room for a teacher."""


class Settings(Record):
    """Everything that decides a training beside the log. Same settings and log, same model, unless the time budget binds."""

    seed: int = 7
    length: int = Field(default=20, ge=1, le=256, description="L, events that the model reads")
    dim: int = Field(default=96, ge=4, description="of item vectors and of the session embedding")
    hidden: int = Field(default=96, ge=4, description="of the GRU's state")
    attention: int = Field(default=64, ge=4, description="of attention keys")
    temperature: float = Field(default=1 / 12, gt=0, description="cosines are divided by it")
    epochs: int = Field(default=8, ge=1, description="most epochs")
    finish_epochs: int = Field(
        default=2,
        ge=0,
        description="the last of them, which learn from the held-out, newest sessions too",
    )
    time_budget_s: float = Field(default=2_400.0, gt=0, description="no step begins later, compilation included")
    batch_targets: int = Field(default=512, ge=8, description="most instances a step")
    epoch_steps: int = Field(default=200, ge=1, description="least steps an epoch: a small log gets smaller batches")
    learning_rate: float = Field(default=4e-3, gt=0, description="peak, falls linearly to 2 % at the last planned step")
    item_rate: float = Field(
        default=3.0, gt=0, description="item rows learn so many times as fast: their lazy Adam has no momentum between visits"
    )
    unknown_share: float = Field(default=0.02, ge=0, lt=1, description="items replaced by 0 while training")
    dropout: float = Field(default=0.3, ge=0, lt=1, description="of input vectors while training")
    candidates: int = Field(
        default=4_608,
        ge=1,
        description="items in a step's softmax: the batch's, the rest drawn; all, where there are no more",
    )
    teacher_share: float = Field(
        default=0.3,
        ge=0,
        le=1,
        description="of what is learnt at first is how session-kNN votes, not the next item; falls to 0 before the finish; "
        f"with less than {TEACHER_LEAST_S:.0f} s there is no such teacher",
    )
    validation_share: float = Field(default=0.05, gt=0, lt=1, description="newest train sessions held out to choose the epoch")
    patience: int = Field(default=2, ge=1, description="epochs without a better validation before the finish")

    @property
    def taught(self) -> bool:
        """Whether session-kNN teaches."""
        return self.teacher_share > 0 and self.time_budget_s >= TEACHER_LEAST_S


def spec_for(log: SessionLog, length: int, signals: tuple[SignalInput, ...] = ()) -> FeatureSpec:
    """The feature spec that uses just what the log has, and `signals`, which make it one of version 2."""
    kinds = log.kinds
    inputs: list[ItemInput | EventTypeInput | DwellBucketInput | SignalInput] = [ItemInput(items=log.item_count)]
    if len(kinds) > 1:
        inputs.append(EventTypeInput(values=kinds))
    if log.has_dwell:
        inputs.append(DwellBucketInput(edges_ms=DWELL_EDGES_MS))
    return FeatureSpec(version=2 if signals else 1, length=length, event_types=kinds, inputs=(*inputs, *signals))
