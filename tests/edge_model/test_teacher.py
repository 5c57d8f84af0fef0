"""The teacher: no session votes for itself, none that is held out votes at all, and what is drawn stands for all votes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge_model import SessionLog, Settings, Trained, train
from edge_model.baselines import SessionKnn
from edge_model.baselines.ranker import Seen, chunks
from edge_model.baselines.session_knn import Neighbours
from edge_model.baselines.tuning import tune
from edge_model.float_model import FloatModel
from edge_model.instances import Instances, instances
from edge_model.teacher import LESSONS, drawn, lessons, some
from edge_model.training import TAUGHT

KNOWN = 1_000


@pytest.fixture(scope="module")
def taught(small_log: SessionLog) -> np.ndarray:
    return lessons(small_log, KNOWN, 7, lambda share: True)


def own_answers(found: np.ndarray, log: SessionLog) -> float:
    """Of the events whose item stands in no other session: the share that are taught that very item."""
    events = int(log.offsets[KNOWN])
    session = np.repeat(np.arange(KNOWN), np.diff(log.offsets[: KNOWN + 1]))
    pairs = np.unique(session * (log.item_count + 1) + log.items[:events]) % (log.item_count + 1)
    alone = np.bincount(pairs, minlength=log.item_count + 1)[log.items[:events]] == 1
    answered = (found == log.items[:events, None]).any(axis=1)
    wanted = instances(log, 0, KNOWN)
    at = (log.offsets[wanted.session] + wanted.prefix)[alone[log.offsets[wanted.session] + wanted.prefix]]
    assert len(at) > 20
    return float(answered[at].mean())


def test_no_session_votes_for_itself(lonely_log: SessionLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted fault: a teacher that takes a session for a stranger to itself."""
    assert own_answers(lessons(lonely_log, KNOWN, 7, lambda share: True), lonely_log) == 0
    honest = SessionKnn._candidates

    def leaking(self: SessionKnn, seen: Seen, wanted: Instances) -> Neighbours:
        return honest(self, seen, replace(wanted, session=np.full_like(wanted.session, -1)))

    monkeypatch.setattr(SessionKnn, "_candidates", leaking)
    assert own_answers(lessons(lonely_log, KNOWN, 7, lambda share: True), lonely_log) > 0.3


@pytest.fixture(scope="module")
def lonely_log(small_log: SessionLog) -> SessionLog:
    """In each tenth session the third item is one that no other session holds."""
    items = small_log.items.copy()
    chosen = [s for s in range(0, KNOWN, 10) if small_log.offsets[s + 1] - small_log.offsets[s] > 2]
    items[small_log.offsets[chosen] + 2] = small_log.item_count + 1 + np.arange(len(chosen))
    assert small_log.item_category is not None
    category = np.pad(small_log.item_category, (0, len(chosen)))
    skus = (*small_log.skus, *(f"lonely {number}" for number in range(len(chosen))))
    return replace(small_log, items=items, skus=skus, item_category=category)


def test_sessions_that_are_held_out_do_not_vote(small_log: SessionLog, taught: np.ndarray) -> None:
    """Their items changed, the lessons are the same; a known session's changed, they are not."""
    items = small_log.items.copy()
    items[small_log.offsets[KNOWN] :] = 1
    assert np.array_equal(lessons(replace(small_log, items=items), KNOWN, 7, lambda share: True), taught)
    items[small_log.offsets[KNOWN - 1] :] = 1
    assert not np.array_equal(lessons(replace(small_log, items=items), KNOWN, 7, lambda share: True), taught)


def test_lessons_are_drawn_by_the_votes(small_log: SessionLog, taught: np.ndarray) -> None:
    """Each item as often as its share says, rounded up or down; no lesson where nobody votes."""
    known = replace(small_log, train_count=KNOWN)
    teacher = SessionKnn(known, tune(known))
    for part in chunks(instances(small_log, 0, 100)):
        votes, found = teacher.score(part), taught[small_log.offsets[part.session] + part.prefix]
        for row, own in zip(votes.astype(np.float64), found, strict=True):
            share = row / row.sum() if row.any() else row
            times = np.bincount(own, minlength=len(row) + 1)[1:]
            assert np.abs(times - LESSONS * share).max() < 1 + 1e-4
            assert times.sum() == (LESSONS if row.any() else 0)


def test_draws_have_the_mean_of_the_votes() -> None:
    votes = np.array([[0, 1, 3, 0, 0.5], [0, 0, 0, 0, 0], [0, 0, 0, 5, 0]], np.float32)
    rng = np.random.default_rng(0)
    several = np.concatenate([some(drawn(votes, rng), TAUGHT, rng)[:1] for _ in range(2_000)])
    assert np.bincount(several.ravel(), minlength=6)[1:] / several.size == pytest.approx(votes[0] / votes[0].sum(), abs=0.004)
    assert drawn(votes, rng)[1:].tolist() == [[0] * LESSONS, [4] * LESSONS]
    assert not drawn(votes[1:2], rng).any()


def test_what_there_is_no_time_for_is_the_oldest(small_log: SessionLog, taught: np.ndarray) -> None:
    answers = iter([True, False])
    found = lessons(small_log, KNOWN, 7, lambda share: next(answers))
    later = np.flatnonzero(found.any(axis=1))[0]
    assert later > 0
    assert np.array_equal(found[later:], taught[later:])


def test_a_student_comes_nearer_to_its_teacher(small_log: SessionLog, quick: Settings, trained: Trained) -> None:
    """The share of the teacher's first choices among the model's five: taught by it alone at first, and as in `quick`."""
    known = replace(small_log, train_count=small_log.train_count - round(small_log.train_count * quick.validation_share))
    teacher, wanted = SessionKnn(known, tune(known)), instances(small_log, 0, 200)
    first = np.concatenate([teacher.score(part).argmax(axis=1) for part in chunks(wanted)])

    def nearness(model: Trained) -> float:
        scorer = FloatModel(model.weights, model.spec, quick.temperature, small_log)
        five = np.concatenate([np.argsort(-scorer.score(part), axis=1)[:, :5] for part in chunks(wanted)])
        return float((five == first[:, None]).any(axis=1).mean())

    alone = quick.model_copy(update={"teacher_share": 1.0, "epochs": 3, "finish_epochs": 0})
    assert nearness(train(small_log, alone, clock=lambda: 0.0)) > nearness(trained) + 0.03


def test_a_short_budget_has_no_teacher() -> None:
    """Tuning alone takes half a minute on a large log."""
    assert Settings().taught
    assert not Settings(time_budget_s=299).taught
    assert not Settings(teacher_share=0).taught
