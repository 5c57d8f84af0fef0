"""The loss against a slow direct computation, its candidates, and the fault that cost the prototype 2.4 points."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from edge_model import SessionLog, Settings, spec_for
from edge_model.candidates import Candidates, choose, draw
from edge_model.float_model import encode_last
from edge_model.loss import Step, loss
from edge_model.model_math import import_jax
from edge_model.partition import BLOCK, partition_function
from edge_model.repeats import repeat_gains
from edge_model.weights import COUNTS, Weights, first_weights, unit_rows, with_categories
from edge_model.windows import Batch, batches, windows


@pytest.fixture(scope="module")
def still(quick: Settings) -> Settings:
    """No noise, so that the loss is a function of its arguments."""
    return quick.model_copy(update={"dropout": 0.0, "unknown_share": 0.0, "batch_targets": 64})


@pytest.fixture(scope="module")
def weights(small_log: SessionLog, still: Settings) -> Weights:
    """Random, the repeat term and the categories included."""
    rng = np.random.default_rng(3)
    found = first_weights(spec_for(small_log, still.length), still, rng, int(category(small_log).max()))
    return found | {
        name: rng.normal(0, 0.5, found[name].shape).astype(np.float32)
        for name in ("position", "repeat_gate", "repeat_basis", "repeat_count")
    }


@pytest.fixture(scope="module")
def batch(small_log: SessionLog, still: Settings) -> Batch:
    groups = windows(spec_for(small_log, still.length), small_log, 0, 400)
    return next(iter(batches(groups[1:], still.batch_targets, np.random.default_rng(0))))


def category(log: SessionLog) -> np.ndarray:
    assert log.item_category is not None
    return log.item_category


NOTHING_TAUGHT = np.zeros((64, 0), np.int32)


def step_of(
    batch: Batch, chosen: Candidates, log: SessionLog, weight: np.ndarray | None = None,
    taught: np.ndarray = NOTHING_TAUGHT, share: float = 0.0,
) -> Step:  # fmt: skip
    inputs = batch.inputs | {"item": chosen.place[batch.inputs["item"]]}
    return Step(inputs, batch.row, batch.column, chosen.place[batch.target], chosen.weight if weight is None else weight,
                category(log)[chosen.padded()], chosen.place[taught], np.array(share, np.float32))  # fmt: skip


def value_of(weights: Weights, batch: Batch, log: SessionLog, settings: Settings, room: int, seed: int = 0) -> float:
    chosen = choose([batch.inputs["item"], batch.target], log.item_count, room, np.random.default_rng(seed))
    small = {name: value for name, value in weights.items() if name != "item"}
    key = import_jax().random.key(0)
    return float(loss(small, weights["item"][chosen.padded()], step_of(batch, chosen, log), key, settings))


def slow_loss(weights: Weights, batch: Batch, log: SessionLog, settings: Settings) -> float:
    """Each prefix by itself, all items, the gain of each seen item written out."""
    folded = with_categories(weights, category(log))
    vectors = unit_rows(folded["item"]).astype(np.float64)
    losses = []
    for row, column, target in zip(batch.row, batch.column, batch.target, strict=True):
        if target == 0:
            continue
        alone = {name: values[row : row + 1, : column + 1].copy() for name, values in batch.inputs.items()}
        alone["dwell_bucket"][0, -1] = 0
        session, gains = encode_last(folded, alone, [column + 1])
        logits = vectors @ session[0].astype(np.float64) / settings.temperature
        for at, item in enumerate(alone["item"][0]):
            logits[item] += gains[0, at]
        losses.append(np.log(np.exp(logits[1:]).sum()) - logits[target])
    return float(np.mean(losses))


def test_the_full_softmax_equals_the_slow_computation(
    weights: Weights, batch: Batch, small_log: SessionLog, still: Settings
) -> None:
    assert value_of(weights, batch, small_log, still, 10**6) == pytest.approx(
        slow_loss(weights, batch, small_log, still), rel=2e-5
    )


def test_what_a_teacher_says_replaces_its_share_of_the_target(
    weights: Weights, batch: Batch, small_log: SessionLog, still: Settings
) -> None:
    """Against the same loss with each taught item as the target; rows without a lesson keep theirs. Seen items among them."""
    chosen = choose([batch.inputs["item"], batch.target], small_log.item_count, 10**6, np.random.default_rng(0))
    small = {name: value for name, value in weights.items() if name != "item"}
    taught = np.random.default_rng(4).integers(1, small_log.item_count + 1, (len(batch.target), 3)).astype(np.int32)
    taught[:, 1] = batch.inputs["item"][batch.row, 0]  # has a gain
    taught[::5] = 0

    def value(target: np.ndarray, share: float = 0.0) -> float:
        step = step_of(replace(batch, target=target), chosen, small_log, None, taught, share)
        return float(loss(small, weights["item"][chosen.padded()], step, import_jax().random.key(0), still))

    unused = batch.target == 0
    as_target = [value(np.where(unused, 0, np.where(each > 0, each, batch.target))) for each in taught.T]
    assert abs(np.mean(as_target) - value(batch.target)) > 0.1
    assert value(batch.target, 0.4) == pytest.approx(0.6 * value(batch.target) + 0.4 * np.mean(as_target), rel=1e-4)


def test_the_drawn_softmax_has_its_mean_there_and_the_importance_weight_on_own_items_has_not(
    weights: Weights, batch: Batch, small_log: SessionLog, still: Settings
) -> None:
    """Planted fault: the batch's own items weighted like drawn ones."""
    full = value_of(weights, batch, small_log, still, 10**6)
    chosen = [choose([batch.inputs["item"], batch.target], 600, BLOCK, np.random.default_rng(seed)) for seed in range(12)]
    assert all(len(each.rows) == BLOCK for each in chosen)
    small = {name: value for name, value in weights.items() if name != "item"}
    key = import_jax().random.key(0)

    def mean(*weight: np.ndarray) -> float:
        return float(np.mean([
            loss(small, weights["item"][each.padded()], step_of(batch, each, small_log, own), key, still)
            for each, own in zip(chosen, weight, strict=True)
        ]))  # fmt: skip

    assert mean(*[each.weight for each in chosen]) == pytest.approx(full, abs=0.01)
    wrong = [np.where(each.weight > 0, each.weight.max() * 3, 0).astype(np.float32) for each in chosen]
    assert abs(mean(*wrong) - full) > 0.2


def test_candidates_are_the_batch_and_distinct_drawn_ones() -> None:
    batch_items = [np.array([[5, 9, 0], [5, 0, 0]], np.int32), np.array([40], np.int32)]
    chosen = choose(batch_items, 5_000, 2 * BLOCK, np.random.default_rng(1))
    assert len(chosen.rows) == len(np.unique(chosen.rows)) == len(chosen.weight) == 2 * BLOCK
    assert chosen.rows[0] == chosen.weight[0] == 0
    for item in (5, 9, 40):
        assert chosen.rows[chosen.place[item]] == item
        assert chosen.weight[chosen.place[item]] == 1
    assert chosen.weight.sum() == pytest.approx(5_000, rel=1e-5)  # together they stand for the catalogue
    everything = choose(batch_items, 700, 10**6, np.random.default_rng(1))
    assert np.array_equal(everything.rows, np.arange(701))
    assert len(everything.weight) == 2 * BLOCK
    assert everything.weight.sum() == 700
    crowded = choose([np.arange(1, 900, dtype=np.int32)], 5_000, BLOCK, np.random.default_rng(1))
    assert len(crowded.weight) == 2 * BLOCK  # a batch is never cut


def test_every_free_item_is_drawn_equally_often() -> None:
    taken = np.arange(30) % 3 == 0
    rng = np.random.default_rng(2)
    for count in (4, 12):  # few: by rejection; many: by permutation
        hits = Counter(item for _ in range(3_000) for item in draw(taken, count, rng).tolist())
        assert set(hits) == set(np.flatnonzero(~taken).tolist())
        expected = 3_000 * count / 20
        assert all(abs(found - expected) < 5 * expected**0.5 for found in hits.values())


def test_the_partition_and_its_gradient_equal_the_plain_sum() -> None:
    jax = import_jax()
    rng = np.random.default_rng(4)
    queries, vectors = (rng.normal(0, 0.5, (rows, 8)).astype(np.float32) for rows in (5, 2 * BLOCK))
    weight = rng.uniform(0, 3, 2 * BLOCK).astype(np.float32)

    def plain(q: np.ndarray, v: np.ndarray) -> np.ndarray:
        return jax.numpy.log(jax.numpy.sum(weight * jax.numpy.exp(q @ v.T - 6.0), axis=1)).sum()

    def ours(q: np.ndarray, v: np.ndarray) -> np.ndarray:
        return jax.numpy.log(partition_function()(q, v, weight, 6.0)).sum()

    assert float(ours(queries, vectors)) == pytest.approx(float(plain(queries, vectors)), rel=1e-5)
    for got, want in zip(*(jax.grad(f, argnums=(0, 1))(queries, vectors) for f in (ours, plain)), strict=True):
        np.testing.assert_allclose(got, want, atol=2e-5)


def test_a_gain_belongs_to_the_last_occurrence() -> None:
    """By hand: session 7 3 7 with one feature of 1; gates 2 and 0."""
    weights = {
        "repeat_gate": np.array([[2.0, 0.0]], np.float32),
        "repeat_gate_bias": np.zeros(2, np.float32),
        "repeat_basis": np.array([[0.5, 0.25, 0.125], [9, 9, 9]], np.float32),
        "repeat_count": np.arange(COUNTS, dtype=np.float32) * 10,
    }
    gains = np.asarray(repeat_gains(weights, np.ones((1, 3, 1), np.float32), np.array([[7, 3, 7]], np.int32)))
    np.testing.assert_allclose(gains[0], [[1, 0, 0], [0.5, 1, 0], [0, 0.5, 11]])
