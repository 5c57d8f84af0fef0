"""Training: one pass over a window equals every prefix by itself, windows lose no target, and something is learnt."""

from __future__ import annotations

import builtins
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_model import Run, SessionLog, Settings, Trained, TrainExtraMissing, TrainingFailed, newest, spec_for, train
from edge_model.features import encode_many
from edge_model.float_model import encode_last
from edge_model.instances import columns_of, instances
from edge_model.model import encode_prefixes
from edge_model.training import batch_size
from edge_model.weights import first_weights, unit_rows
from edge_model.windows import batches, windows


def test_every_position_of_a_window_equals_its_prefix_alone(small_log: SessionLog, quick: Settings) -> None:
    """Also with dwell, whose last bucket is 0 in each prefix but not in the next ones."""
    spec = spec_for(small_log, quick.length)
    assert [part.name for part in spec.inputs] == ["item", "event_type", "dwell_bucket"]
    weights = first_weights(spec, quick, np.random.default_rng(1))
    weights["dwell_bucket"] *= 20  # so that a wrong bucket shows
    group = windows(spec, small_log, 0, 40)[0]
    for name in ("position", "repeat_gate", "repeat_basis", "repeat_count"):  # no zeros, so that a wrong entry shows
        weights[name] = np.random.default_rng(2).normal(size=weights[name].shape).astype(np.float32)
    every, gains = (np.asarray(part) for part in encode_prefixes(weights, unit_rows(weights["item"]), group.inputs))
    shown = 0
    for w in range(20):
        for t in range(int((group.inputs["item"][w] > 0).sum())):
            alone = {name: values[w : w + 1, : t + 1].copy() for name, values in group.inputs.items()}
            alone["dwell_bucket"][0, t] = 0
            session, gain = encode_last(weights, alone, [t + 1])
            np.testing.assert_allclose(session[0], every[w, t], atol=2e-6)
            np.testing.assert_allclose(gain[0], gains[w, t, : t + 1], atol=2e-5)
            assert not gains[w, t, t + 1 :].any()
            shown += 1
    assert shown > 40


def test_a_later_event_changes_no_earlier_position(small_log: SessionLog, quick: Settings) -> None:
    spec = spec_for(small_log, quick.length)
    weights = first_weights(spec, quick, np.random.default_rng(1))
    inputs = windows(spec, small_log, 0, 200)[1].inputs
    changed = {name: values.copy() for name, values in inputs.items()}
    changed["item"][:, 4:] = 1
    items = unit_rows(weights["item"])
    before, after = (np.asarray(encode_prefixes(weights, items, each)[0]) for each in (inputs, changed))
    np.testing.assert_array_equal(before[:, :4], after[:, :4])
    assert np.abs(before[:, 4:] - after[:, 4:]).max() > 0.01


@pytest.mark.parametrize("length", [1, 3, 8, 20])
def test_windows_and_batches_hold_each_target_once(small_log: SessionLog, length: int) -> None:
    spec = spec_for(small_log, length)
    groups = windows(spec, small_log, 0, 300)
    want = np.sort(instances(small_log, 0, 300).target)
    assert np.array_equal(np.sort(np.concatenate([group.target[group.target > 0] for group in groups])), want)
    packed = list(batches(groups, 64, np.random.default_rng(0)))
    assert np.array_equal(np.sort(np.concatenate([batch.target[batch.target > 0] for batch in packed])), want)
    assert all(
        np.all(batch.inputs["item"][batch.row[used], batch.column[used]] > 0) for batch in packed for used in [batch.target > 0]
    )


def test_within_its_length_a_window_holds_the_encoded_prefix(small_log: SessionLog) -> None:
    spec = spec_for(small_log, 20)
    short = windows(spec, small_log, 0, 50)[0]
    sizes = np.diff(columns_of(spec, small_log).offsets)[:50]
    sessions = np.flatnonzero((sizes - 1 <= 6) & (sizes >= 2))
    encoded, lengths = encode_many(spec, columns_of(spec, small_log), sessions, sizes[sessions] - 1)
    for w, length in enumerate(lengths):
        assert np.array_equal(short.inputs["item"][w, :length], encoded["item"][w, :length])
        assert np.array_equal(short.inputs["dwell_bucket"][w, : length - 1], encoded["dwell_bucket"][w, : length - 1])


def test_it_learns_clearly_more_than_popularity(run: Run) -> None:
    methods = run.card.evaluation.methods
    assert methods["model"].hr20 > 2 * methods["popularity"].hr20
    assert methods["model"].mrr20 > 2 * methods["popularity"].mrr20
    assert run.card.curve[-1].loss < run.card.curve[0].loss


def test_the_same_seed_gives_the_same_model(small_log: SessionLog, quick: Settings, trained: Trained, run: Run) -> None:
    again = run.card
    assert [row.loss for row in again.curve] == pytest.approx([row.loss for row in trained.curve], rel=1e-3)


def test_sampled_softmax_learns_too(small_log: SessionLog, quick: Settings, trained: Trained) -> None:
    sampled = train(small_log, quick.model_copy(update={"candidates": 512}))
    ours, full = ([row.validation_hr20 for row in each.curve if row.validation_hr20] for each in (sampled, trained))
    assert ours[-1] > 0.85 * full[-1]


def test_the_time_budget_ends_training(small_log: SessionLog, quick: Settings) -> None:
    ticks = iter(range(10**6))
    ended = train(small_log, quick.model_copy(update={"time_budget_s": 30.0, "epochs": 50}), clock=lambda: float(next(ticks)))
    assert ended.stopped == "time budget"
    assert ended.steps <= 30


def stopped() -> float:
    """A clock that stands still, so that no budget binds on a busy machine."""
    return 0.0


def test_resuming_gives_the_model_of_an_uninterrupted_training(
    small_log: SessionLog, quick: Settings, trained: Trained, tmp_path: Path
) -> None:
    class Interrupted(Exception):
        pass

    def stop_in_epoch_3(share: float, text: str) -> None:
        if text.startswith("epoch 3"):
            raise Interrupted

    place = tmp_path / "snapshot.npz"
    with pytest.raises(Interrupted):
        train(small_log, quick, progress=stop_in_epoch_3, clock=stopped, snapshot=place)
    again = train(small_log, quick, clock=stopped, snapshot=place, resume=True)
    assert [row.number for row in again.curve] == [1, 2, 3, 4]
    assert again.steps == trained.steps
    for name, value in trained.weights.items():
        np.testing.assert_allclose(again.weights[name], value, atol=2e-4, err_msg=name)
    with pytest.raises(TrainingFailed, match="of other settings"):
        train(small_log, quick.model_copy(update={"seed": 8}), clock=stopped, snapshot=place, resume=True)
    with pytest.raises(TrainingFailed, match="of another log"):
        train(newest(small_log, 500, 600), quick, clock=stopped, snapshot=place, resume=True)
    place.write_bytes(place.read_bytes()[:1000])
    with pytest.raises(TrainingFailed, match="no whole snapshot"):
        train(small_log, quick, clock=stopped, snapshot=place, resume=True)


def test_training_goes_to_the_finish_from_the_best_epoch_when_nothing_improves(small_log: SessionLog, quick: Settings) -> None:
    """A rate that destroys what was learnt: the best epoch is an early one, and the finish starts from it."""
    wild = quick.model_copy(update={"learning_rate": 0.05, "epochs": 12, "patience": 1, "finish_epochs": 1})
    ended = train(small_log, wild, clock=stopped)
    assert ended.stopped == "validation has not improved for 1 epochs"
    assert len(ended.curve) < 12
    assert [row.validation_hr20 is None for row in ended.curve] == [False] * (len(ended.curve) - 1) + [True]


@pytest.mark.parametrize(("targets", "size"), [(700_000, 512), (60_000, 256), (20_000, 64), (10, 64)])
def test_a_small_log_gets_smaller_batches(targets: int, size: int) -> None:
    assert batch_size(targets, Settings(batch_targets=512, epoch_steps=200)) == size


def test_an_item_without_sessions_gets_the_vector_of_its_category(small_log: SessionLog, quick: Settings) -> None:
    assert small_log.item_category is not None
    missing = int(small_log.items[0])
    known = small_log.items != missing
    before = np.concatenate([[0], np.cumsum(known)])
    without = replace(
        small_log, items=small_log.items[known], event_types=small_log.event_types[known], dwell_ms=small_log.dwell_ms[known],
        offsets=before[small_log.offsets],
    )  # fmt: skip
    trained = train(without, quick.model_copy(update={"epochs": 1}))
    category = trained.weights["category"][small_log.item_category[missing]]
    np.testing.assert_allclose(trained.item_vectors[missing], category / np.linalg.norm(category), atol=1e-6)


def test_a_training_that_explodes_says_so(small_log: SessionLog, quick: Settings) -> None:
    with pytest.raises(TrainingFailed, match="lower learning_rate"):
        train(small_log, quick.model_copy(update={"learning_rate": 1e38, "epochs": 2}))


def test_without_jax_it_says_what_to_install(small_log: SessionLog, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_jax(name: str, *rest: Any, **more: Any) -> Any:
        if name.split(".")[0] == "jax":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without_jax)
    with pytest.raises(TrainExtraMissing, match=r"pip install 'intently\[train\]'"):
        train(small_log)


def test_importing_edge_model_loads_no_trainer() -> None:
    import subprocess

    code = "import edge_model, sys; sys.exit('jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
