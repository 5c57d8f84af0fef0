"""Train a session model on the CPU within a time budget."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from contracts import FeatureSpec, SignalInput
from edge_model.errors import TrainingFailed
from edge_model.features import Int32
from edge_model.float_model import FloatModel
from edge_model.instances import instances
from edge_model.model_math import import_jax
from edge_model.ranks import metrics, ranks
from edge_model.session_log import SessionLog
from edge_model.settings import Settings, spec_for
from edge_model.snapshot import Epoch, Snapshot, log_fingerprint, read_snapshot, write_snapshot
from edge_model.step import Learner
from edge_model.teacher import lessons, some
from edge_model.weights import Float32, Weights, first_weights, unit_rows, with_categories
from edge_model.windows import Batch, Windows, batches, windows

VALIDATION_MOST = 4_000
"""Instances of the validation cut that are scored after each epoch, the newest."""
VALIDATION_CHUNK = 500
"""Of them at once, so that the scores of all items fit in memory."""
PLAN_STEPS = 12
"""Steps whose time tells how many more the budget allows; the first ones compile and do not count."""
LEAST_RATE = 0.02
"""Share of the learning rate that is left at the end."""
LEAST_BATCH = 64
"""Targets a step in the smallest log."""

TAUGHT = 8
"""Items that stand for the teacher's votes in a step."""
TEACHER_TIME = 0.25
"""Share of the time budget for the teacher's lessons; where it is too little, the oldest sessions have none."""

Progress = Callable[[float, str], None]
"""Called with the share done, 0 to 1, and a line of text."""


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
    snapshot: Path | None = None,
    resume: bool = False,
    signals: tuple[SignalInput, ...] = (),
) -> Trained:
    """Train on the log's train sessions; the test sessions are not touched.

    The newest train sessions are held out, and after each epoch HR@20 + MRR@20 on them is measured; when it has not improved for
    `patience` epochs, the best weights are taken up again. The last `finish_epochs` learn from all train sessions, at the low end
    of the learning rate, so that the newest are not lost. With `snapshot` the state is written there after each epoch, and with
    `resume` taken up from there: the model is then the same as if nothing had been interrupted. The model also reads `signals`.

    Raises `TrainExtraMissing` without JAX, `TrainingFailed` if the loss stops being a number or the snapshot is of another
    training.
    """
    import_jax()
    training = _Training(log, settings or Settings(), progress, clock, signals)
    if resume and snapshot is not None and snapshot.is_file():
        training.resume(snapshot)
    while training.at.stopped is None:
        training.epoch()
        if snapshot is not None:
            training.save(snapshot)
    return training.trained()


class _Training:
    """The moving parts of one call of `train`."""

    def __init__(
        self, log: SessionLog, settings: Settings, progress: Progress, clock: Callable[[], float],
        signals: tuple[SignalInput, ...] = (),
    ) -> None:  # fmt: skip
        self.log, self.settings, self.progress, self.clock = log, settings, progress, clock
        self.began = clock()
        self.spec = spec_for(log, settings.length, signals)
        self.rng = np.random.default_rng(settings.seed)
        self.lessons: Int32 | None = None
        self.known = known = log.train_count - min(
            max(1, round(log.train_count * settings.validation_share)), log.train_count - 1
        )
        self.groups, self.every_group = windows(self.spec, log, 0, known), windows(self.spec, log, 0, log.train_count)
        self.validation = instances(log, known, log.train_count).newest(VALIDATION_MOST)
        targets = sum(int((group.target > 0).sum()) for group in self.groups)
        if not targets:
            raise TrainingFailed(f"{log.name}: no train session has a view after another event, so there is nothing to learn.")
        self.batch_targets = batch_size(targets, settings)
        self.finish = min(settings.finish_epochs, settings.epochs - 1)
        main_steps = (settings.epochs - self.finish) * self._batches(self.groups)
        total_steps = main_steps + self.finish * self._batches(self.every_group)
        self.at = Snapshot(log_fingerprint(log), settings, main_steps, total_steps)
        category = np.zeros(log.item_count + 1, np.int32) if log.item_category is None else log.item_category
        first = first_weights(self.spec, settings, self.rng, int(category.max()))
        self.learner = Learner.start(first, category, settings)

    def resume(self, path: Path) -> None:
        """Go on from a snapshot."""
        self.at = read_snapshot(path, self.at, self.learner, self.rng)
        self.began -= self.at.seconds

    def save(self, path: Path) -> None:
        """Write a snapshot."""
        self.at.seconds = self._seconds()
        write_snapshot(path, self.at, self.learner, self.rng)

    def epoch(self) -> None:
        """One pass, and what follows from it."""
        finishing = self.at.steps >= self.at.main_steps
        if self.lessons is None and self.settings.taught and not finishing:
            until = self._seconds() + TEACHER_TIME * self.settings.time_budget_s
            self.lessons = lessons(self.log, self.known, self.settings.seed, lambda done: self._lessons_go_on(done, until))
        loss = self._pass(*((self.every_group, self.at.total_steps) if finishing else (self.groups, self.at.main_steps)))
        number = len(self.at.curve) + 1
        if finishing:
            self.at.curve.append(Epoch(number, loss, None, None, self._seconds()))
            self.progress(self._share(), f"epoch {number}, newest sessions included: loss {loss:.3f}")
        else:
            self._judge(number, loss)
            if number >= self.settings.epochs - self.finish:
                self.at.skip_to_finish()  # passes differ by a batch or two from what was counted
        if self._left() <= 0:
            self.at.stopped = "time budget"
        elif self.at.steps >= self.at.total_steps or sum(row.validation_hr20 is None for row in self.at.curve) >= self.finish > 0:
            self.at.stopped = self.at.reason

    def trained(self) -> Trained:
        """The result: the last weights after a finish, else those of the best epoch."""
        finished = self.at.steps > self.at.main_steps or not self.at.best_weights
        raw = self.learner.raw_weights() if finished else self.at.best_weights
        seen = np.unique(self.log.items[: self.log.train_events()])
        weights = with_categories(raw, self.learner.item_category, seen)
        stopped = self.at.stopped or self.at.reason
        return Trained(weights, self.spec, self.settings, tuple(self.at.curve), self._seconds(), self.at.steps, stopped)

    def _judge(self, number: int, loss: float) -> None:
        """Measure the epoch; keep it if it is the best, go on to the finish from the best one if there was none for long."""
        found = self._validate()
        self.at.curve.append(Epoch(number, loss, found["hr20"], found["mrr20"], self._seconds()))
        self.progress(self._share(), f"epoch {number}: loss {loss:.3f}, validation HR@20 {found['hr20']:.3f}")
        if found["hr20"] + found["mrr20"] > self.at.best:
            self.at.best, self.at.best_number = found["hr20"] + found["mrr20"], number
            self.at.best_weights = self.learner.raw_weights()
        elif number - self.at.best_number >= self.settings.patience:
            self.at.reason = f"validation has not improved for {self.settings.patience} epochs"
            self.learner.take_up(self.at.best_weights)
            self.at.skip_to_finish()

    def _validate(self) -> dict[str, float]:
        if len(self.validation) == 0:
            return {"hr20": 0.0, "mrr20": 0.0}
        weights = with_categories(self.learner.raw_weights(), self.learner.item_category)
        model = FloatModel(weights, self.spec, self.settings.temperature, self.log)
        found = []
        for at in range(0, len(self.validation), VALIDATION_CHUNK):
            part = self.validation.part(at, at + VALIDATION_CHUNK)
            found.append(ranks(model.score(part), part.target))
        return metrics(np.concatenate(found), 20)

    def _pass(self, groups: list[Windows], until: int) -> float:
        """Mean loss over one pass over the windows, or what budget and plan still allow of it."""
        losses: list[float] = []
        for batch in batches(groups, self.batch_targets, self.rng):
            if self._left() <= 0 or self.at.steps >= until:
                break
            losses.append(self.learner.step(batch, self._rate(), self.rng, *self._taught(batch)))
            if not np.isfinite(losses[-1]):
                raise TrainingFailed(
                    f"the loss became {losses[-1]} in step {self.at.steps}; lower learning_rate ({self._rate():g})."
                )
            self.at.steps += 1
            if self._plan():
                until = min(until, self.at.main_steps)
            if self.at.steps % 10 == 0:
                self.progress(self._share(), f"step {self.at.steps} of {self.at.total_steps}, loss {losses[-1]:.3f}")
        return float(np.mean(losses)) if losses else float("nan")

    def _lessons_go_on(self, done: float, until: float) -> bool:
        self.progress(self._share(), f"the teacher, session-kNN, reads the train sessions: {done:.0%}")
        return self._seconds() < until

    def _taught(self, batch: Batch) -> tuple[Int32, float]:
        """Items by the teacher's votes for each target, and what part of it they are."""
        if not self.settings.taught:
            return np.zeros((len(batch.target), 0), np.int32), 0.0
        share = self.settings.teacher_share * max(0.0, 1 - self.at.steps / max(1, self.at.main_steps))
        if self.lessons is None or share == 0:
            return np.zeros((len(batch.target), TAUGHT), np.int32), 0.0
        return some(self.lessons[batch.event], TAUGHT, self.rng), share

    def _plan(self) -> bool:
        """Fewer steps where the budget would not suffice, so that the learning rate has come down when it ends; whether so."""
        if self.at.steps == PLAN_STEPS:
            self.planned_from = self.clock()
        elif self.at.steps == 3 * PLAN_STEPS and hasattr(self, "planned_from"):
            a_step = (self.clock() - self.planned_from) / (2 * PLAN_STEPS)
            return self.at.shorten(self.at.steps + max(0, int(0.85 * self._left() / max(a_step, 1e-6))))
        return False

    def _rate(self) -> float:
        """Linear warm-up over the first 20 steps, then linear fall to `LEAST_RATE`."""
        warm = min(1.0, (self.at.steps + 1) / 20)
        return self.settings.learning_rate * warm * max(LEAST_RATE, 1 - (1 - LEAST_RATE) * self._share())

    def _share(self) -> float:
        return self.at.steps / max(1, self.at.total_steps)

    def _seconds(self) -> float:
        return self.clock() - self.began

    def _left(self) -> float:
        return self.settings.time_budget_s - self._seconds()

    def _batches(self, groups: list[Windows]) -> int:
        return sum(1 for _ in batches(groups, self.batch_targets, np.random.default_rng(0)))


def batch_size(targets: int, settings: Settings) -> int:
    """Targets a step: a power of two times `LEAST_BATCH`, so that an epoch has `epoch_steps` where the log is small."""
    size = LEAST_BATCH
    while 2 * size <= min(settings.batch_targets, targets // settings.epoch_steps):
        size *= 2
    return min(size, settings.batch_targets)


__all__ = ["Epoch", "Progress", "Trained", "train"]
