"""Probabilities of leaving and buying: labels, calibration, and the same numbers from file and fit."""

from __future__ import annotations

import numpy as np
import pytest

from contracts import EventType
from edge_model import SessionLog, Trained
from edge_model.calibration import calibration_error
from edge_model.features import EVENT_TYPES
from edge_model.heads import fit_logistic, head_quality, outputs, prefixes, readouts, with_heads
from edge_model.quantization import Storage, quantize


@pytest.fixture(scope="module")
def headed(trained: Trained, small_log: SessionLog) -> Trained:
    return with_heads(trained, small_log, 4_000)


def test_labels_are_what_came_after(trained: Trained, small_log: SessionLog) -> None:
    found = prefixes(small_log, trained, 0, 50, 10**9)
    at = 0
    for n in range(50):
        events = small_log.session(n)
        for p in range(1, len(events) + 1):
            assert (found.session[at], found.prefix[at]) == (n, p)
            assert found.labels["leave"][at] == (p == len(events))
            if "purchase" in found.labels:
                assert found.labels["purchase"][at] == any(event.type == EventType.PURCHASE for event in events[p:])
            at += 1
    assert at == len(found.session)


def test_the_file_says_what_was_fitted(headed: Trained, small_log: SessionLog) -> None:
    wanted = prefixes(small_log, headed, small_log.train_count, small_log.session_count, 200)
    read = readouts(headed, small_log, wanted)
    for name in wanted.labels:
        logit = read @ headed.weights[name + "_head"].astype(np.float64) + headed.weights[name + "_head_bias"]
        said = outputs(headed, small_log, wanted, name + "_probability")[:, 0]
        np.testing.assert_allclose(said, 1 / (1 + np.exp(-logit)), atol=1e-6)


def test_heads_order_and_mean_what_they_say(headed: Trained, small_log: SessionLog) -> None:
    shop_sells = np.any(small_log.event_types == EVENT_TYPES.index(EventType.PURCHASE))
    quality = head_quality(headed, small_log, 2_000)
    assert set(quality) == {"leave", "purchase"} if shop_sells else {"leave"}
    for found in quality.values():
        assert found.auc > 0.52
        assert found.calibration_error < 0.05


def test_heads_turn_with_the_item_space(headed: Trained, small_log: SessionLog) -> None:
    wanted = prefixes(small_log, headed, small_log.train_count, small_log.session_count, 100)
    exact = outputs(headed, small_log, wanted, "leave_probability")
    small = quantize(headed, Storage(format="pq", codes=16), np.ones(601, np.int64))
    assert np.abs(outputs(small, small_log, wanted, "leave_probability") - exact).mean() < 0.02


def test_a_fit_finds_the_coefficients_and_a_bad_one_is_seen() -> None:
    source = np.random.default_rng(4)
    inputs = source.normal(2, 3, (20_000, 3))
    logit = inputs @ np.array([0.5, -1.0, 0.0]) + 0.7
    happened = source.random(20_000) < 1 / (1 + np.exp(-logit))
    coefficients, bias = fit_logistic(inputs, happened)
    np.testing.assert_allclose(coefficients, [0.5, -1.0, 0.0], atol=0.06)
    assert bias == pytest.approx(0.7, abs=0.1)
    said = 1 / (1 + np.exp(-(inputs @ coefficients + bias)))
    assert calibration_error(said, happened) < 0.01
    boastful = 1 / (1 + np.exp(-3 * (inputs @ coefficients + bias)))
    assert calibration_error(boastful, happened) > 0.03
