"""Product codes and model trained together, after the float training: the model learns to live with what codes can say.

Every `every` steps the item vectors are encoded anew, and the steps between learn with the decoded vectors. What a step changes
in a decoded vector is added to the vector behind it, so that many small changes add up until a code flips (a straight-through
estimator with delayed codes; codes learnt jointly with the model: Petrov and Macdonald, "RecJPQ", WSDM 2024).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from contracts.record import Record
from edge_model.quantization import Quantized, Storage
from edge_model.quantization.product import Fit
from edge_model.quantization.quantize import item_weight, quantized_as
from edge_model.quantization.rotation import turned
from edge_model.session_log import SessionLog
from edge_model.step import Learner
from edge_model.training import Trained, batch_size
from edge_model.weights import Float32, unit_rows
from edge_model.windows import batches, windows

FIRST_ROUNDS = 24


class Joint(Record):
    """How long and how fast."""

    epochs: float = Field(default=1.0, gt=0, description="passes over the train sessions")
    learning_rate: float = Field(default=1e-3, gt=0, description="at first, falls linearly to 5 %")
    every: int = Field(default=100, ge=1, description="steps between encodings")
    seed: int = 5


Report = Callable[[int, Quantized, float], None]
"""Called after each encoding with the step, the model as it would be exported, and the mean loss since the last one."""


def train_jointly(
    trained: Trained,
    storage: Storage,
    occurrences: NDArray[np.int64],
    log: SessionLog,
    joint: Joint,
    sessions: int | None = None,
    report: Report = lambda step, model, loss: None,
) -> Quantized:
    """`trained` in product codes, tuned on the first `sessions` (default: all) train sessions of `log`."""
    rng = np.random.default_rng(joint.seed)
    vectors = trained.item_vectors
    fit = Fit(vectors, storage.codes, item_weight(occurrences, storage), storage.item_bits, np.random.default_rng(storage.seed))
    fit.run(FIRST_ROUNDS)
    weights = turned(trained.weights, fit.rotation)
    behind, fit.rotation = unit_rows(weights["item"]), np.eye(vectors.shape[1], dtype=np.float32)
    fit.vectors = behind
    heard = unit_rows(fit.decoded())
    small = {name: value for name, value in weights.items() if name != "category"} | {"item": heard}
    learner = Learner.start(small, np.zeros(len(vectors), np.int32), trained.settings)
    groups = windows(trained.spec, log, 0, log.train_count if sessions is None else sessions)
    targets = batch_size(sum(int((group.target > 0).sum()) for group in groups), trained.settings)
    total = max(1, round(joint.epochs * sum(1 for _ in batches(groups, targets, np.random.default_rng(0)))))
    step, losses = 0, []
    while step < total:
        for batch in batches(groups, targets, rng):
            if step >= total:
                break
            rate = joint.learning_rate * min(1, (step + 1) / 20) * max(0.05, 1 - step / total)
            losses.append(learner.step(batch, rate, rng))
            step += 1
            if step % joint.every == 0 or step == total:
                behind = unit_rows(behind + unit_rows(learner.rows.value) - heard)
                fit.follow(behind)
                heard = unit_rows(fit.decoded())
                learner.rows.value[:] = heard
                report(step, _model(trained, learner, weights, fit, storage), float(np.mean(losses)))
                losses = []
    return _model(trained, learner, weights, fit, storage)


def _model(trained: Trained, learner: Learner, weights: dict[str, Float32], fit: Fit, storage: Storage) -> Quantized:
    now = weights | learner.raw_weights() | {"item": fit.vectors}
    return quantized_as(replace(trained, weights=now), fit.result(), storage)
