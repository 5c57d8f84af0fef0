"""Train a session model on the CPU within a time budget."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from contracts import FeatureSpec
from edge_model import adam
from edge_model.errors import TrainingFailed
from edge_model.features import Int32, encode_many
from edge_model.instances import Instances, columns_of, instances
from edge_model.loss import loss
from edge_model.model import embed_prefixes, import_jax
from edge_model.ranks import metrics, ranks
from edge_model.session_log import SessionLog
from edge_model.settings import Settings, spec_for
from edge_model.weights import Float32, Weights, first_weights, unit_rows
from edge_model.windows import Batch, batches, windows

VALIDATION_MOST = 1_000
"""Instances of the validation cut that are scored after each epoch, the newest."""
PLAN_STEPS = 12
"""Steps whose time tells how many more the budget allows; the first ones compile and do not count."""

Progress = Callable[[float, str], None]
"""Called with the share done, 0 to 1, and a line of text."""


@dataclass(frozen=True)
class Epoch:
    """One row of the training curve."""

    number: int
    loss: float
    validation_hr20: float
    validation_mrr20: float
    seconds: float
    """Since training began."""


@dataclass(frozen=True)
class Trained:
    """A trained model with what is said about it."""

    weights: Weights
    spec: FeatureSpec
    settings: Settings
    curve: tuple[Epoch, ...]
    seconds: float
    steps: int
    stopped: str
    """Why training ended."""

    @property
    def item_vectors(self) -> Float32:
        """Unit vectors float32[items + 1, d], row 0 for an unknown item."""
        return unit_rows(self.weights["item"])


def train(
    log: SessionLog,
    settings: Settings | None = None,
    progress: Progress = lambda share, text: None,
    clock: Callable[[], float] = time.monotonic,
) -> Trained:
    """Train on the log's train sessions; the epoch with the best validation HR@20 is kept, the test sessions are not touched.

    Raises `TrainExtraMissing` without JAX, `TrainingFailed` if the loss stops being a number.
    """
    import_jax()
    return _Training(log, settings or Settings(), progress, clock).run()


def embed(weights: Weights, inputs: dict[str, Int32], lengths: Any) -> Float32:
    """Session embeddings of padded prefixes: one pass, the state at each prefix's last event."""
    every = _embed_all(weights, inputs)
    last: Float32 = np.asarray(every)[np.arange(len(lengths)), np.asarray(lengths) - 1]
    return last


def _embed_all(weights: Weights, inputs: dict[str, Int32]) -> Any:
    return _jitted_embed()(weights, unit_rows(weights["item"]), inputs)


@functools.cache
def _jitted_embed() -> Any:
    return import_jax().jit(embed_prefixes)


class _Training:
    """The moving parts of one call of `train`."""

    def __init__(self, log: SessionLog, settings: Settings, progress: Progress, clock: Callable[[], float]) -> None:
        self.log, self.settings, self.progress, self.clock = log, settings, progress, clock
        self.began = clock()
        self.spec = spec_for(log, settings.length)
        self.rng = np.random.default_rng(settings.seed)
        held_out = min(max(1, round(log.train_count * settings.validation_share)), log.train_count - 1)
        self.groups = windows(self.spec, log, 0, log.train_count - held_out)
        self.validation = instances(log, log.train_count - held_out, log.train_count).newest(VALIDATION_MOST)
        if not any((group.target > 0).any() for group in self.groups):
            raise TrainingFailed(f"{log.name}: no train session has a view after another event, so there is nothing to learn.")
        self.sampled = log.item_count > settings.full_softmax_items
        self.step = _compiled_step(settings)
        self.steps = 0
        self.total_steps = settings.epochs * len(list(batches(self.groups, settings.batch_targets, np.random.default_rng(0))))

    def run(self) -> Trained:
        jax = import_jax()
        weights: Any = first_weights(self.spec, self.settings, self.rng)
        state: Any = adam.start(weights)
        best, best_weights, curve, stopped = -1.0, weights, [], "all epochs done"
        key = jax.random.key(self.settings.seed)
        for number in range(1, self.settings.epochs + 1):
            weights, state, key, mean_loss = self._epoch(weights, state, key)
            here = {name: np.asarray(value) for name, value in weights.items()}
            found = self._validate(here)
            curve.append(Epoch(number, mean_loss, found["hr20"], found["mrr20"], self.clock() - self.began))
            self.progress(
                self.steps / self.total_steps, f"epoch {number}: loss {mean_loss:.3f}, validation HR@20 {found['hr20']:.3f}"
            )
            if found["hr20"] + found["mrr20"] > best:
                best, best_weights = found["hr20"] + found["mrr20"], here
            elif number - max(curve, key=lambda row: row.validation_hr20 + row.validation_mrr20).number >= self.settings.patience:
                stopped = f"validation has not improved for {self.settings.patience} epochs"
                break
            if self.steps >= self.total_steps or self._left() <= 0:
                stopped = "time budget" if number < self.settings.epochs else stopped
                break
        return Trained(best_weights, self.spec, self.settings, tuple(curve), self.clock() - self.began, self.steps, stopped)

    def _left(self) -> float:
        return self.settings.time_budget_s - (self.clock() - self.began)

    def _epoch(self, weights: Any, state: Any, key: Any) -> tuple[Any, Any, Any, float]:
        """One pass over the windows, or what the budget still allows of it."""
        jax = import_jax()
        losses = []
        for batch in batches(self.groups, self.settings.batch_targets, self.rng):
            if self._left() <= 0 or self.steps >= self.total_steps:
                break
            key, use = jax.random.split(key)
            weights, state, value = self.step(weights, state, _arrays(batch), use, self._negatives(), self._rate())
            losses.append(float(value))
            if not np.isfinite(losses[-1]):
                raise TrainingFailed(
                    f"the loss became {losses[-1]} in step {self.steps}; lower learning_rate ({self._rate():g})."
                )
            self.steps += 1
            self._plan()
            if self.steps % 10 == 0:
                self.progress(self.steps / self.total_steps, f"step {self.steps} of {self.total_steps}, loss {losses[-1]:.3f}")
        return weights, state, key, float(np.mean(losses)) if losses else float("nan")

    def _plan(self) -> None:
        """Fewer steps where the budget would not suffice, so that the learning rate has come down when it ends."""
        if self.steps == PLAN_STEPS:
            self.planned_from = self.clock()
        elif self.steps == 3 * PLAN_STEPS:
            a_step = (self.clock() - self.planned_from) / (2 * PLAN_STEPS)
            self.total_steps = min(self.total_steps, self.steps + max(0, int(0.85 * self._left() / max(a_step, 1e-6))))

    def _rate(self) -> float:
        """Linear warm-up over the first 20 steps, then linear fall to 5 %."""
        done = self.steps / max(1, self.total_steps)
        return self.settings.learning_rate * min(1.0, (self.steps + 1) / 20) * max(0.05, 1 - 0.95 * done)

    def _negatives(self) -> Int32 | None:
        if not self.sampled:
            return None
        return self.rng.integers(1, self.log.item_count + 1, self.settings.negatives).astype(np.int32)

    def _validate(self, weights: Weights) -> dict[str, float]:
        if len(self.validation) == 0:
            return {"hr20": 0.0, "mrr20": 0.0}
        embedded = embed_instances(weights, self.spec, self.log, self.validation)
        return metrics(ranks(embedded @ unit_rows(weights["item"])[1:].T, self.validation.target), 20)


def embed_instances(weights: Weights, spec: FeatureSpec, log: SessionLog, wanted: Instances) -> Float32:
    """Session embeddings float32[N, d] of instances' prefixes, by the trainer's own code."""
    inputs, lengths = encode_many(spec, columns_of(spec, log), wanted.session, wanted.prefix)
    return embed(weights, inputs, lengths)


def _arrays(batch: Batch) -> Any:
    return batch.inputs, batch.row, batch.column, batch.target


@functools.cache
def _compiled_step(settings: Settings) -> Any:
    """One step of Adam on one batch, compiled: (weights, state, batch, key, negatives, rate) -> (weights, state, loss)."""
    jax = import_jax()

    def step(weights: Any, state: Any, batch: Any, key: Any, negatives: Any, rate: Any) -> Any:
        value, gradient = jax.value_and_grad(loss)(weights, batch, key, negatives, settings)
        moved, state = adam.update(weights, gradient, state, rate)
        return moved, state, value

    return jax.jit(step)


__all__ = ["Epoch", "Progress", "Trained", "embed", "embed_instances", "train"]
