"""The folder that is shipped: sizes as they are, budgets met or refused, nothing left of a failed export."""

from __future__ import annotations

from pathlib import Path

import brotli
import pytest

from browser_runtime.kernel import pack_model
from edge_model import OnnxScorer, ParityError, QuantizationError, SessionLog, Trained
from edge_model.checkpoint import Checkpoint, occurrences_in
from edge_model.onnx_export import exported_bytes
from edge_model.quantization import CodeTable, Storage, quantize
from edge_model.shipping import EXPORT_CARD_NAME, MODEL_NAME, ExportCard, ship


@pytest.fixture(scope="module")
def checkpoint(trained: Trained, small_log: SessionLog) -> Checkpoint:
    return Checkpoint(trained, occurrences_in(small_log, trained.spec.items))


def test_the_card_says_what_lies_in_the_folder(checkpoint: Checkpoint, tmp_path: Path) -> None:
    _, card = ship(checkpoint, Storage(format="int8"), tmp_path, "simulated shop")
    assert ExportCard.from_bytes((tmp_path / EXPORT_CARD_NAME).read_bytes()) == card
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*card.files, EXPORT_CARD_NAME])
    for name, size in card.files.items():
        data = (tmp_path / name).read_bytes()
        assert (size.bytes, size.brotli_bytes) == (len(data), len(brotli.compress(data, quality=11)))
    assert card.download_bytes == sum(size.brotli_bytes for size in card.files.values())
    assert card.mean_cosine > 0.9999
    assert card.parity_prefixes > 100
    assert OnnxScorer(tmp_path / MODEL_NAME).metadata["intently.trained_on"] == "simulated shop"


def test_smaller_storages_are_smaller_and_less_exact(checkpoint: Checkpoint, tmp_path: Path) -> None:
    storages = [Storage(format="float", encoder_bits=None), Storage(format="int8"), Storage(format="pq", codes=16),
                Storage(format="pq", codes=8)]  # fmt: skip
    cards = [ship(checkpoint, storage, tmp_path / str(n), "x")[1] for n, storage in enumerate(storages)]
    sizes, cosines = [card.download_bytes for card in cards], [card.mean_cosine for card in cards]
    assert sizes == sorted(sizes, reverse=True)
    assert cosines == sorted(cosines, reverse=True)
    assert cosines[0] == pytest.approx(1, abs=1e-6)


def test_a_budget_of_bytes_is_met_or_refused(checkpoint: Checkpoint, tmp_path: Path) -> None:
    free = ship(checkpoint, Storage(format="pq", codes=16), tmp_path / "free", "x")[1]
    budget = free.download_bytes - 2_000
    tight = ship(checkpoint, Storage(format="pq", codes=16), tmp_path / "tight", "x", budget)[1]
    assert budget - 1_500 < tight.download_bytes <= budget
    assert tight.storage.item_bits is not None
    assert tight.mean_cosine < free.mean_cosine
    with pytest.raises(QuantizationError, match=r"leaves no room for items: want at most 5,000; take a coarser encoder_bits"):
        ship(checkpoint, Storage(format="pq", codes=16), tmp_path / "tight", "x", 5_000)
    with pytest.raises(QuantizationError, match=r"the int8 file needs .* want at most 5,000; take pq"):
        ship(checkpoint, Storage(format="int8"), tmp_path / "tight", "x", 5_000)
    assert not (tmp_path / "tight" / EXPORT_CARD_NAME).exists()


def test_a_file_that_computes_something_else_gets_no_card(
    checkpoint: Checkpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded = CodeTable.decoded
    monkeypatch.setattr(CodeTable, "decoded", lambda table: decoded(table)[::-1])  # the trainer's table is another one
    with pytest.raises(ParityError, match="do not ship this file"):
        ship(checkpoint, Storage(format="pq", codes=8), tmp_path, "x")
    assert not (tmp_path / EXPORT_CARD_NAME).exists()


@pytest.mark.parametrize("storage", [Storage(format="int8"), Storage(format="pq", codes=16)], ids=lambda storage: storage.format)
def test_the_kernel_reads_what_is_shipped(checkpoint: Checkpoint, storage: Storage) -> None:
    small = quantize(checkpoint.trained, storage, checkpoint.occurrences, checkpoint.sessions)
    packed = pack_model(exported_bytes(small, "x"), [1, 5, 9], [0] * 601)  # raises where the graph is not of the family
    item_bytes = 32 if storage.format == "int8" else storage.codes
    assert len(packed.rest) == pytest.approx((600 - 3) * item_bytes, abs=64)
