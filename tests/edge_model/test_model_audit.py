"""The audit of an exported file, and models made to remember that it must catch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge_model import LogRefused, Run, SessionLog, Settings, make_run, newest
from edge_model.audit import Canaries, audit_model, plant
from edge_model.audit.canaries import UNPLANTED_EXPOSURE, made_up
from edge_model.audit.likelihood import session_log_likelihood
from edge_model.calibration import auc, auc_error
from edge_model.run_onnx import OnnxScorer

CANARIES = Canaries(count=16, length=6)


def trained_sessions(log: SessionLog, settings: Settings) -> int:
    return log.train_count - max(1, round(log.train_count * settings.validation_share))


def test_canaries_stand_among_the_train_sessions(small_log: SessionLog) -> None:
    planted = plant(small_log, CANARIES)
    assert planted.train_count == small_log.train_count + 16
    assert planted.test_count == small_log.test_count
    rows = {tuple(row) for row in made_up(small_log, CANARIES.seed, 16, 6).tolist()}
    sessions = [tuple(planted.items[a:b].tolist()) for a, b in zip(planted.offsets[:-1], planted.offsets[1:], strict=True)]
    places = [n for n, session in enumerate(sessions) if session in rows]
    assert len(places) == 16
    assert max(places) < 0.95 * planted.train_count
    left = [session for n, session in enumerate(sessions) if n not in set(places)]
    assert left == [
        tuple(small_log.items[a:b].tolist()) for a, b in zip(small_log.offsets[:-1], small_log.offsets[1:], strict=True)
    ]
    assert planted.check() is planted
    one = replace(small_log, items=np.ones_like(small_log.items))
    with pytest.raises(LogRefused, match="two or more items"):
        plant(one, CANARIES)


def test_likelihood_is_that_of_the_scores(run: Run, small_log: SessionLog) -> None:
    scorer, first = OnnxScorer(run.model_path), small_log.train_count
    found = session_log_likelihood(scorer, small_log, first, first + 3)
    for n in range(3):
        events = small_log.session(first + n)
        want = []
        for p in range(1, len(events)):
            if events[p].type != "view_item":
                continue
            scores = scorer.score(events[:p], np.arange(1, 601)).astype(np.float64)
            want.append(scores[events[p].item - 1] - np.log(np.exp(scores).sum()))
        assert found[n] == pytest.approx(np.mean(want), rel=1e-6)


def test_auc() -> None:
    assert auc(np.array([2.0, 3.0]), np.array([0.0, 1.0])) == 1
    assert auc(np.array([0.0, 1.0]), np.array([2.0, 3.0])) == 0
    assert auc(np.array([1.0, 2.0]), np.array([1.0, 2.0])) == 0.5
    source = np.random.default_rng(0)
    draws = [auc(source.normal(size=60), source.normal(size=40)) for _ in range(400)]
    assert np.std(draws) == pytest.approx(auc_error(60, 40), rel=0.15)


def test_an_honest_training_passes(small_log: SessionLog, quick: Settings, tmp_path: Path) -> None:
    """Two gentle epochs. Five fast ones remember canaries on so small a log (exposure 5.6 bits), and the audit says so."""
    gentle = quick.model_copy(update={"epochs": 2, "finish_epochs": 0, "learning_rate": 4e-3, "item_rate": 1.0})
    run = make_run(plant(small_log, CANARIES), tmp_path, gentle, evaluated_most=50)
    audit = audit_model(OnnxScorer(run.model_path), small_log, trained_sessions(small_log, gentle), CANARIES, 125, 200)
    assert audit.remembers == ()
    assert 0.3 < audit.mia_auc < 0.6
    assert audit.mia_sessions > 80
    assert audit.canary_exposure is not None
    assert audit.canary_exposure < UNPLANTED_EXPOSURE * 2


def overfitted(log: SessionLog, copies: int) -> SessionLog:
    """Planted fault: the same train sessions over and over, so that the validation cut is part of what is learnt by heart."""
    events, count = log.train_events(), log.train_count
    lengths = np.diff(log.offsets)
    columns = {
        name: np.concatenate([np.tile(getattr(log, name)[:events], copies), getattr(log, name)[events:]])
        for name in ("items", "event_types", "dwell_ms")
    }
    offsets = np.concatenate([[0], np.cumsum(np.concatenate([np.tile(lengths[:count], copies), lengths[count:]]))])
    return replace(log, **columns, offsets=offsets.astype(np.int64), train_count=copies * count)


def test_a_model_that_learnt_by_heart_is_caught(small_log: SessionLog, quick: Settings, tmp_path: Path) -> None:
    short = newest(small_log, sessions=200, items=60)
    greedy = quick.model_copy(
        update={"dropout": 0.0, "unknown_share": 0.0, "epochs": 9, "patience": 9, "hidden": 64, "time_budget_s": 300.0}
    )
    run = make_run(overfitted(plant(short, CANARIES), 20), tmp_path, greedy, evaluated_most=50)
    audit = audit_model(OnnxScorer(run.model_path), short, short.train_count, CANARIES, 150, 200)
    assert audit.canary_exposure is not None
    assert audit.canary_exposure_most is not None
    assert audit.canary_exposure > audit.canary_exposure_most
    assert audit.mia_auc > 0.75
    assert len(audit.remembers) == 2
    assert "AUC" in audit.remembers[0]
    assert "planted sessions" in audit.remembers[1]


def test_without_canaries_only_membership_is_told(run: Run, small_log: SessionLog, quick: Settings) -> None:
    audit = audit_model(OnnxScorer(run.model_path), small_log, trained_sessions(small_log, quick), None, 50)
    assert audit.canary_exposure is None
    assert audit.canaries == 0
    assert audit.mia_error > 0
