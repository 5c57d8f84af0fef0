"""Heads, and the two other sources of knowledge, beside the model of `benchmarks.model`: `--private`, `--no-logs`."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.model_stages import CANARIES, Bench, key_figures, of_epochs
from edge_model import OnnxScorer, SessionLog, Trained, export, train
from edge_model.audit import audit_model, plant
from edge_model.errors import LogRefused
from edge_model.evaluation import measure as measure_method
from edge_model.float_model import FloatModel
from edge_model.heads import head_quality, with_heads
from edge_model.instances import instances_for_test
from edge_model.no_logs import made_up_log
from edge_model.private import LEAST_SESSIONS, sessions_with, unknown_for_unseen, without_rare
from edge_model.run_onnx import SPEC_NAME
from privacy.estimators import estimate
from privacy.mechanisms import choose_mechanism
from privacy.randomizer_many import randomize_many

COUNTS_EPSILON = 4.0
"""Local epsilon of the category counts that `--no-logs` is given: one report a train session, its last item's category."""


@dataclass(frozen=True)
class Sources:
    """The further stages of one set."""

    bench: Bench

    def heads(self) -> dict[str, Any]:
        """AUC and calibration error of each probability that the log has labels for."""
        checkpoint = self.bench.checkpoint()
        fitted = with_heads(checkpoint.trained, self.bench.log)
        return {
            name: {"auc": round(found.auc, 3), "ece": round(found.calibration_error, 4), "share": round(found.share, 4)}
            for name, found in head_quality(fitted, self.bench.log).items()
        }

    def private(self) -> dict[str, Any]:
        """Trained without the events of items in few sessions; the canaries were planted before those were dropped."""
        log = self.bench.log
        rare = (sessions_with(log) < LEAST_SESSIONS)[1:]
        try:
            learnt = without_rare(plant(log, CANARIES))
        except LogRefused as refused:
            return {"refused": str(refused)}
        began = time.monotonic()
        trained = unknown_for_unseen(train(learnt, self.bench.settings, of_epochs), learnt)
        path = self.bench.kept.folder / "private" / "model.onnx"
        path.parent.mkdir(exist_ok=True)
        export(trained, path, log.name)
        path.with_name(SPEC_NAME).write_bytes(trained.spec.to_bytes())
        audit = audit_model(OnnxScorer(path), log, log.train_count, CANARIES, self.bench.audited)
        return self.scored(trained, learnt) | {
            "train_s": round(time.monotonic() - began, 1), "rare_items": int(rare.sum()), "mia_auc": round(audit.mia_auc, 3),
            "canary_exposure": round(audit.canary_exposure or 0.0, 2),
        }  # fmt: skip

    def no_logs(self) -> dict[str, Any]:
        """Trained on sessions that are made up from the catalogue and private counts of categories."""
        log = self.bench.log
        if log.item_category is None:
            return {"refused": "the log has no categories"}
        learnt = made_up_log(log, private_counts(log))
        began = time.monotonic()
        trained = train(learnt, self.bench.settings, of_epochs)
        return self.scored(trained, learnt) | {"train_s": round(time.monotonic() - began, 1), "counts_epsilon": COUNTS_EPSILON}

    def scored(self, trained: Trained, log: SessionLog) -> dict[str, float]:
        """The float model on the same test sessions as the others."""
        wanted = instances_for_test(log).newest(self.bench.most)

        def make(log: SessionLog) -> FloatModel:
            return FloatModel(trained.weights, trained.spec, trained.settings.temperature, log)

        return key_figures(measure_method(make, log, wanted, time.monotonic, lambda share: None))

    def stages(self) -> dict[str, Callable[[], dict[str, Any]]]:
        """By name."""
        return {"private": self.private, "no_logs": self.no_logs}


def private_counts(log: SessionLog) -> NDArray[np.float64]:
    """float64 [K + 1]: categories of the train sessions' last items, as the shop would estimate them from one report each."""
    assert log.item_category is not None
    last = log.item_category[log.items[log.offsets[1 : log.train_count + 1] - 1]]
    mechanism = choose_mechanism(int(log.item_category.max()), COUNTS_EPSILON)
    return estimate(mechanism, randomize_many(mechanism, last.astype(np.int64), np.random.default_rng(23))).counts
