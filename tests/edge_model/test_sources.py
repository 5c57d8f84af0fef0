"""Where a model's knowledge comes from: private items, made-up sessions, categories, the first download alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge_model import LogRefused, SessionLog, Trained
from edge_model.head_only import category_rows, known_only
from edge_model.no_logs import Shopper, made_up_log
from edge_model.private import sessions_with, unknown_for_unseen, without_rare
from edge_model.quantization.tables import FloatTable, int8_rows
from edge_model.weights import unit_rows


def test_private_drops_what_few_sessions_hold(small_log: SessionLog) -> None:
    counts = sessions_with(small_log)
    by_hand = np.zeros(small_log.item_count + 1, int)
    for n in range(small_log.train_count):
        by_hand[np.unique(small_log.items[small_log.offsets[n] : small_log.offsets[n + 1]])] += 1
    np.testing.assert_array_equal(counts, by_hand)
    kept = without_rare(small_log, 20)
    left = np.unique(kept.items[: kept.train_events()])
    assert 0 < len(left) < len(np.unique(small_log.items[: small_log.train_events()]))
    assert counts[left].min() >= 20
    np.testing.assert_array_equal(kept.items[kept.train_events() :], small_log.items[small_log.train_events() :])
    assert any("fewer than 20 train sessions" in why and count > 0 for why, count in kept.report.dropped)
    with pytest.raises(LogRefused, match="train without --private"):
        without_rare(small_log, 10**6)


def test_an_unseen_item_without_category_is_the_unknown_item(trained: Trained, small_log: SessionLog) -> None:
    category = np.ones(601, np.int32)
    category[[3, 5]] = 0
    unseen = replace(small_log, items=np.where(small_log.items == 3, 4, small_log.items), item_category=category)
    weights = unknown_for_unseen(trained, unseen).weights["item"]
    np.testing.assert_array_equal(weights[3], weights[0])
    np.testing.assert_array_equal(np.delete(weights, 3, axis=0), np.delete(trained.weights["item"], 3, axis=0))


def test_made_up_sessions_read_no_train_session(small_log: SessionLog) -> None:
    shopper = Shopper(sessions=2_000)
    made = made_up_log(small_log, None, shopper)
    scrambled = small_log.items.copy()
    scrambled[: small_log.train_events()] = 1
    np.testing.assert_array_equal(made_up_log(replace(small_log, items=scrambled), None, shopper).items, made.items)
    assert made.train_count == 2_000
    assert made.test_count == small_log.test_count
    assert made.simulated
    lengths = np.diff(made.offsets[:2_001])
    assert lengths.min() >= 2
    assert lengths.mean() == pytest.approx(5, rel=0.1)
    assert made.item_category is not None
    first = made.item_category[made.items[: made.train_events()]]
    same = first[1:] == first[:-1]
    assert same.mean() > 0.6  # they mostly stay, across session borders they do not


def test_made_up_sessions_follow_the_counts(small_log: SessionLog) -> None:
    assert small_log.item_category is not None
    counts = np.zeros(int(small_log.item_category.max()) + 1)
    counts[1], counts[2] = 3, -5  # an estimate may be negative
    made = made_up_log(small_log, counts, Shopper(sessions=300))
    assert made.item_category is not None
    assert set(made.item_category[made.items[: made.train_events()]]) == {1}
    with pytest.raises(LogRefused, match="needs the items' categories"):
        made_up_log(replace(small_log, item_category=None), None)


def test_what_the_head_lacks_has_its_categorys_vector() -> None:
    vectors = unit_rows(np.random.default_rng(0).normal(size=(7, 8)).astype(np.float32))
    category = np.array([0, 1, 1, 1, 2, 0, 3], np.int32)
    known = np.array([False, True, True, False, False, False, False])
    table = known_only(FloatTable(vectors), known, category)
    own = int8_rows(vectors).rows
    np.testing.assert_array_equal(table.rows[[0, 1, 2]], own[[0, 1, 2]])
    mean = vectors[1] + vectors[2]
    assert table.decoded()[3] @ (mean / np.linalg.norm(mean)) > 0.9999
    for without in (4, 5, 6):  # no known item in the category, or no category
        assert table.decoded()[without] @ vectors[0] > 0.9999
    np.testing.assert_array_equal(known_only(FloatTable(vectors), known, None).rows[3], table.rows[4])
    assert category_rows(vectors, category, known).shape == (4, 8)
