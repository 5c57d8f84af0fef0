"""Item tables and encoder made small: what each step promises, and faults that parity catches."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import brotli
import numpy as np
import onnx
import pytest

from edge_model import ModelFileError, OnnxScorer, ParityError, QuantizationError, SessionLog, Trained, check_parity, export
from edge_model.checkpoint import load_trained, occurrences_in, save_trained
from edge_model.float_model import FloatModel
from edge_model.instances import instances_for_test
from edge_model.quantization import CodeTable, Quantized, Storage, quantize
from edge_model.quantization.codebook import CODES, assign, bits_of, by_use
from edge_model.quantization.grid import on_grid
from edge_model.quantization.product import fit_product
from edge_model.quantization.rotation import turned
from edge_model.quantization.tables import int8_centroids, int8_rows
from edge_model.run_onnx import SPEC_NAME
from edge_model.weights import unit_rows
from tests.edge_model.test_onnx_export import planted

STORAGES = [Storage(format="float"), Storage(format="int8"), Storage(format="pq", codes=16)]


def vectors(count: int, dim: int, seed: int = 3) -> np.ndarray:
    """Unit vectors around 40 centres, so that there is something to quantize."""
    source = np.random.default_rng(seed)
    centres = source.normal(size=(40, dim))
    return unit_rows((centres[source.integers(0, 40, count)] + 0.5 * source.normal(size=(count, dim))).astype(np.float32))


def written(what: Quantized, folder: Path) -> OnnxScorer:
    export(what, folder / "model.onnx", "simulated shop")
    (folder / SPEC_NAME).write_bytes(what.trained.spec.to_bytes())
    return OnnxScorer(folder / "model.onnx")


@pytest.mark.parametrize("storage", STORAGES, ids=lambda storage: storage.format)
def test_each_storage_computes_what_the_trainer_computes_with_the_same_table(
    trained: Trained, small_log: SessionLog, tmp_path: Path, storage: Storage
) -> None:
    small = quantize(trained, storage, occurrences_in(small_log, 600))
    scorer = written(small, tmp_path)
    outcome = check_parity(small.trained, scorer, small_log, instances_for_test(small_log), 40)
    assert outcome.max_relative_error <= 1e-5
    assert scorer.metadata["intently.format"] == storage.format
    names = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in onnx.load(scorer.path).graph.initializer}
    for name, array in small.table.arrays().items():
        np.testing.assert_array_equal(names[name], array)
    if storage.format != "float":
        with pytest.raises(ParityError):
            check_parity(trained, scorer, small_log, instances_for_test(small_log), 5)  # it is another model than the float one


@pytest.mark.parametrize("name", ["item_codes", "item_centroids"])
def test_parity_catches_a_fault_in_the_codes(trained: Trained, small_log: SessionLog, tmp_path: Path, name: str) -> None:
    small = quantize(trained, Storage(format="pq", codes=16), occurrences_in(small_log, 600))
    written(small, tmp_path)
    scorer = planted(tmp_path / "model.onnx", name, lambda value: value[::-1])
    with pytest.raises(ParityError, match="do not ship this file"):
        check_parity(small.trained, scorer, small_log, instances_for_test(small_log), 5)


def test_a_turned_model_is_the_same_model(trained: Trained, small_log: SessionLog) -> None:
    wanted = instances_for_test(small_log).newest(50)
    rotation = np.linalg.qr(np.random.default_rng(1).normal(size=(32, 32)))[0].astype(np.float32)
    there = turned(trained.weights, rotation)

    def scores(weights: dict[str, np.ndarray]) -> np.ndarray:
        return FloatModel(weights, trained.spec, trained.settings.temperature, small_log).score(wanted)

    np.testing.assert_allclose(scores(there), scores(trained.weights), atol=5e-5)
    for name in sorted({"gru_w", "out", "repeat_gate", *(set(trained.weights) & {"event_type", "dwell_bucket"})}):
        assert np.abs(scores(there | {name: trained.weights[name]}) - scores(trained.weights)).max() > 1e-3, name


def test_codes_within_a_budget_of_bits_cost_error_and_save_bytes() -> None:
    points, weight = vectors(4_000, 16), np.ones(4_000, np.float32)
    free = fit_product(points, 4, weight, None, np.random.default_rng(0))
    tight = fit_product(points, 4, weight, 20.0, np.random.default_rng(0))
    assert free.bits > 25
    assert tight.bits <= 20.0 * 1.01
    assert free.error < tight.error < 3 * free.error
    ideal, got = tight.bits * 4_000 / 8, len(brotli.compress(tight.codes.tobytes(), quality=11))
    assert got < 1.08 * ideal  # brotli comes near to the ideal code lengths
    assert len(brotli.compress(free.codes.tobytes(), quality=11)) > 1.2 * got


def test_more_codes_and_a_learnt_rotation_bring_less_error() -> None:
    points, weight = vectors(3_000, 16), np.ones(3_000, np.float32)
    errors = [fit_product(points, parts, weight, None, np.random.default_rng(0)).error for parts in (2, 4, 8)]
    assert errors[0] > 1.3 * errors[1] > 1.3 * 1.3 * errors[2]
    fitted = fit_product(points, 4, weight, None, np.random.default_rng(0))
    np.testing.assert_allclose(fitted.rotation.T @ fitted.rotation, np.eye(16), atol=1e-5)
    table = CodeTable(fitted.codes, int8_centroids(fitted.centroids))
    cosine = np.sum(table.decoded() @ fitted.rotation.T * points, axis=1)
    assert 1 - cosine.mean() < 0.6 * fitted.error  # 1 - cos is half the squared distance, and dividing the length out gains


def test_items_of_weight_get_the_better_codes() -> None:
    points = vectors(3_000, 16)
    weight = np.where(np.arange(3_000) < 300, 50, 1).astype(np.float32)
    fitted = fit_product(points, 4, weight, 18.0, np.random.default_rng(0))
    miss = np.sum((unit_rows(points @ fitted.rotation) - np.concatenate([
        means[codes] for means, codes in zip(fitted.centroids, fitted.codes.T, strict=True)
    ], axis=1)) ** 2, axis=1)  # fmt: skip
    assert miss[:300].mean() < 0.5 * miss[300:].mean()


def test_codebooks_of_a_sample_serve_all(monkeypatch: pytest.MonkeyPatch) -> None:
    points, weight = vectors(4_000, 16), np.ones(4_000, np.float32)
    whole = fit_product(points, 4, weight, None, np.random.default_rng(0))
    monkeypatch.setattr("edge_model.quantization.product.SAMPLE", 2_000)
    sampled = fit_product(points, 4, weight, None, np.random.default_rng(0))
    assert sampled.codes.shape == (4_000, 4)
    assert whole.error < sampled.error < 1.2 * whole.error


def test_errors_go_where_no_session_looks() -> None:
    points = np.random.default_rng(3).normal(size=(3_000, 16)).astype(np.float32)
    points = unit_rows(points)
    looks = np.random.default_rng(4).normal(size=(2_000, 16)) * np.repeat([1.0, 0.05], 8)
    looks /= np.linalg.norm(looks, axis=1, keepdims=True)
    sessions = (looks.T @ looks / len(looks)).astype(np.float32)

    def missed(spread: np.ndarray | None) -> float:
        fitted = fit_product(points, 4, np.ones(3_000, np.float32), 16.0, np.random.default_rng(0), sessions=spread)
        assert fitted.bits <= 16.0 * 1.01
        back = CodeTable(fitted.codes, int8_centroids(fitted.centroids)).decoded() @ fitted.rotation.T
        return float(np.mean((looks[:200] @ (back - points).T) ** 2))

    assert missed(sessions) < 0.97 * missed(None)  # the same bits, seen from where sessions look


def test_a_code_is_the_cheapest_one() -> None:
    source = np.random.default_rng(5)
    points, centroids = source.normal(size=(50, 3)).astype(np.float32), source.normal(size=(CODES, 3)).astype(np.float32)
    weight, price = source.uniform(0.1, 2, 50).astype(np.float32), source.uniform(0, 3, CODES).astype(np.float32)
    cost = weight[:, None] * ((points[:, None] - centroids) ** 2).sum(axis=2) + price
    np.testing.assert_array_equal(assign(points, centroids, weight, price), cost.argmin(axis=1))


def test_codes_by_use_decode_to_the_same() -> None:
    source = np.random.default_rng(5)
    centroids, codes = source.normal(size=(CODES, 2)).astype(np.float32), source.geometric(0.1, 900).astype(np.uint8)
    moved, renamed = by_use(centroids, codes)
    np.testing.assert_array_equal(moved[renamed], centroids[codes])
    assert np.all(np.diff(np.bincount(renamed, minlength=CODES)) <= 0)
    assert bits_of(renamed)[0] == bits_of(renamed).min()


def test_int8_rows_keep_directions() -> None:
    points = vectors(500, 24)
    table = int8_rows(points)
    assert table.rows.dtype == np.int8
    assert np.all(np.abs(table.rows).max(axis=1) == 127)
    assert np.min(np.sum(table.decoded() * points, axis=1)) > 0.9999
    assert np.all(np.isfinite(int8_rows(np.zeros((2, 4), np.float32)).decoded()))


@pytest.mark.parametrize("bits", [5, 8])
def test_a_weight_on_the_grid_is_a_float16_and_compresses(bits: int) -> None:
    values = np.random.default_rng(2).normal(0, 0.13, (200, 100)).astype(np.float32)
    rounded = on_grid(values, bits)
    np.testing.assert_array_equal(rounded.astype(np.float16).astype(np.float32), rounded)
    assert np.abs(rounded - values).max() <= 0.13 * 4.1 / 2 ** (bits - 1) / 2
    compressed = len(brotli.compress(rounded.astype(np.float16).tobytes(), quality=11))
    assert compressed < values.size * (bits + 0.6) / 8
    np.testing.assert_array_equal(on_grid(np.zeros(3, np.float32), bits), np.zeros(3))


def test_a_storage_that_cannot_be_is_refused(trained: Trained, small_log: SessionLog) -> None:
    with pytest.raises(QuantizationError, match="got 5 codes an item for vectors of 32 numbers; give a divisor"):
        quantize(trained, Storage(format="pq", codes=5), occurrences_in(small_log, 600))


def test_the_same_storage_twice_is_the_same_file(trained: Trained, small_log: SessionLog, tmp_path: Path) -> None:
    storage = Storage(format="pq", codes=8)
    first, second = (quantize(replace(trained), storage, occurrences_in(small_log, 600)) for _ in range(2))
    assert export(first, tmp_path / "a.onnx", "x") == export(second, tmp_path / "b.onnx", "x")


def test_a_checkpoint_reads_back(trained: Trained, small_log: SessionLog, tmp_path: Path) -> None:
    save_trained(trained, small_log, tmp_path / "trained.npz")
    back = load_trained(tmp_path / "trained.npz")
    assert back.trained == replace(trained, weights=back.trained.weights)
    assert sorted(back.trained.weights) == sorted(trained.weights)
    assert all(np.array_equal(back.trained.weights[name], value) for name, value in trained.weights.items())
    assert back.occurrences.sum() == small_log.train_events()
    assert back.sessions is not None
    assert np.trace(back.sessions) == pytest.approx(1, abs=1e-4)


def test_a_broken_checkpoint_is_refused(trained: Trained, small_log: SessionLog, tmp_path: Path) -> None:
    path = tmp_path / "trained.npz"
    with pytest.raises(ModelFileError, match="there is no such checkpoint"):
        load_trained(path)
    save_trained(trained, small_log, path)
    whole = path.read_bytes()
    for broken in (b"", whole[:100], whole[: len(whole) // 2], b"PK not a zip"):
        path.write_bytes(broken)
        with pytest.raises(ModelFileError, match="not a checkpoint of a training"):
            load_trained(path)
    np.savez(path, other=np.zeros(3))
    with pytest.raises(ModelFileError, match="not a checkpoint of a training"):
        load_trained(path)
