"""Metrics and baselines against cases computed by hand."""

from __future__ import annotations

import numpy as np
import pytest

from edge_model import SessionLog, evaluate
from edge_model.baselines import ItemKnn, Popularity, SessionIndex, SessionKnn, SessionPopularity
from edge_model.features import EVENT_TYPES
from edge_model.instances import Instances, instances_for_test
from edge_model.ranks import metrics, ranks
from edge_model.session_log import LogReport


def tiny(sessions: list[list[int]], train: int, carts: tuple[int, ...] = (), min_prefix: int = 1) -> SessionLog:
    """A log by hand; `carts` are positions of events that are add_to_cart."""
    items = np.concatenate([np.array(session) for session in sessions]).astype(np.int32)
    kinds = np.zeros(len(items), np.uint8)
    kinds[list(carts)] = [kind.value for kind in EVENT_TYPES].index("add_to_cart")
    return SessionLog(
        name="tiny", items=items, event_types=kinds, dwell_ms=np.zeros(len(items), np.int32),
        offsets=np.cumsum([0, *map(len, sessions)]).astype(np.int64), train_count=train,
        skus=tuple(map(str, range(1, int(items.max()) + 1))), report=LogReport("tiny", len(items), "by hand"),
        min_prefix=min_prefix,
    )  # fmt: skip


LOG = tiny([[1, 2, 3], [1, 2], [2, 4], [1, 2, 4]], train=3)


def one(log: SessionLog, prefix: int) -> Instances:
    """The instance of the last session with this prefix."""
    at = int(log.offsets[-2]) + prefix
    return Instances(np.array([log.session_count - 1]), np.array([prefix]), log.items[at : at + 1])


def test_ties_count_against_the_target() -> None:
    scores = np.array([[1, 3, 3, 0], [2, 2, 2, 2], [0, 0, 0, 5]], np.float32)
    assert ranks(scores, np.array([2, 1, 4], np.int32)).tolist() == [2, 4, 1]
    assert ranks(scores[:1], np.array([1], np.int32)).tolist() == [3]


def test_scores_that_are_not_numbers_never_help() -> None:
    scores = np.array([[np.nan, 1, 0]], np.float32)
    assert ranks(scores, np.array([1], np.int32)).tolist() == [3]
    assert ranks(scores, np.array([2], np.int32)).tolist() == [2]


def test_metrics_by_hand() -> None:
    found = np.array([1, 2, 20, 21])
    assert metrics(found, 20) == {"hr20": 0.75, "mrr20": pytest.approx((1 + 1 / 2 + 1 / 20) / 4)}


def test_instances_are_views_after_min_prefix() -> None:
    log = tiny([[1, 2], [1, 1, 2, 3]], train=1, carts=(3,))
    wanted = instances_for_test(log)
    assert list(zip(wanted.prefix.tolist(), wanted.target.tolist(), strict=True)) == [(2, 2), (3, 3)]
    assert len(instances_for_test(tiny([[1, 2], [1, 2, 3, 1]], train=1, min_prefix=2))) == 2


def test_popularity_by_hand() -> None:
    assert Popularity(LOG).score(one(LOG, 1)).tolist() == [[2, 3, 1, 1]]


def test_session_popularity_puts_the_prefix_first() -> None:
    log = tiny([[2, 2], [1, 2], [3, 3, 1, 2]], train=2)
    assert np.argsort(-SessionPopularity(log).score(one(log, 3))[0]).tolist() == [2, 0, 1]


def test_session_index_by_hand() -> None:
    index = SessionIndex(tiny([[1, 2, 1], [2, 3], [1, 3]], train=2))
    assert index.sessions_of(2).tolist() == [0, 1]
    items, owner = index.items_of(np.array([1, 0]))
    assert (items.tolist(), owner.tolist()) == ([2, 3, 1, 2], [0, 0, 1, 1])
    assert index.frequency().tolist() == [0, 1, 2, 1]


def test_item_knn_by_hand() -> None:
    damping = ItemKnn.DAMPING
    want = [2 / (6**0.5 + damping), 0, 1 / (3**0.5 + damping), 1 / (3**0.5 + damping)]
    np.testing.assert_allclose(ItemKnn(LOG).score(one(LOG, 2))[0], want, rtol=1e-6)


def test_session_knn_by_hand() -> None:
    # Prefix 1, 2: item 2 weighs 1, item 1 weighs 1/2. Sessions 0 and 1 weigh 3/2, session 2 weighs 1; the latest shared item is
    # item 2 in all (weight 1). Frequencies 2, 3, 1, 1 of 3 sessions.
    want = [3 * np.log(3 / 2), 4 * np.log(1), 1.5 * np.log(3), 1 * np.log(3)]
    np.testing.assert_allclose(SessionKnn(LOG).score(one(LOG, 2))[0], want, rtol=1e-6)


def test_evaluation_states_its_rules_and_its_figures() -> None:
    record = evaluate(None, LOG)
    assert record.split == "by hand"
    assert (record.cut_off, record.instances, record.instances_of) == (20, 2, 2)
    assert record.tie_rule.startswith("against the model")
    assert record.candidates == "all 4 items of the log"
    # Popularity [2, 3, 1, 1]: target 2 is first; target 4 ties with item 3 and stands fourth.
    assert record.methods["popularity"].mrr20 == pytest.approx((1 + 1 / 4) / 2)
    assert set(record.methods) == {"popularity", "session_popularity", "item_knn", "session_knn"}
    assert evaluate(None, LOG, most=1).instances == 1
