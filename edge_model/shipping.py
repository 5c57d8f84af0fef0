"""From a checkpoint to the folder that is shipped: the file in its storage, checked against the trainer, with sizes.

model.onnx           the exported file
feature_spec.json    what it is fed
export_card.json     storage, hashes, sizes raw and brotli, parity
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import brotli
import numpy as np
from pydantic import Field

from contracts import sha256_hex
from contracts.record import Record, Sha256Hex
from edge_model.checkpoint import Checkpoint
from edge_model.errors import QuantizationError
from edge_model.files import write_whole
from edge_model.onnx_export import OPSET, export, exported_bytes
from edge_model.parity import TOLERANCE, check_parity, made_up_sessions
from edge_model.quantization import CodeTable, Quantized, Storage, quantize
from edge_model.quantization.codebook import CODES
from edge_model.quantization.quantize import with_table
from edge_model.quantization.tables import INT8_MOST
from edge_model.run_onnx import SPEC_NAME, OnnxScorer

MODEL_NAME, EXPORT_CARD_NAME = "model.onnx", "export_card.json"
QUALITY = 11
"""Of brotli: files are compressed once and fetched often."""
ATTEMPTS, WELL_USED = 4, 0.994
"""Times that the bits of an item are corrected until a budget of bytes is met, and so much of it is used."""


class FileSize(Record):
    """One file that a browser fetches."""

    bytes: int
    brotli_bytes: int
    sha256: Sha256Hex


class ExportCard(Record):
    """What was exported, and how large it is."""

    version: int = 1
    trained_on: str
    storage: Storage
    opset: int = OPSET
    items: int
    dim: int
    files: dict[str, FileSize] = Field(description="everything needed to score the whole catalogue")
    download_bytes: int = Field(description="of these files, brotli")
    mean_cosine: float = Field(description="of stored and trained item vectors, each item once")
    parity_prefixes: int
    parity_max_relative_error: float
    parity_tolerance: float = TOLERANCE


def ship(
    checkpoint: Checkpoint,
    storage: Storage,
    directory: Path,
    trained_on: str,
    most_bytes: int | None = None,
    weigh: Callable[[Quantized], int] | None = None,
) -> tuple[Quantized, ExportCard]:
    """Quantize, export, check parity on made-up sessions, write the card last.

    `most_bytes` bounds what `weigh` says, by default `download_bytes` (pq only: codes are made cheaper until they fit). Raises
    `QuantizationError` where that cannot be, `ParityError` where the file computes something else than the trainer; no card is
    left behind then.
    """
    directory = Path(directory)
    (directory / EXPORT_CARD_NAME).unlink(missing_ok=True)
    small = within(checkpoint, storage, trained_on, most_bytes, weigh)
    data = export(small, directory / MODEL_NAME, trained_on)
    spec = checkpoint.trained.spec
    write_whole(directory / SPEC_NAME, spec.to_bytes())
    log, wanted = made_up_sessions(spec, checkpoint.occurrences)
    parity = check_parity(small.trained, OnnxScorer(directory / MODEL_NAME), log, wanted)
    files = {MODEL_NAME: size_of(data), SPEC_NAME: size_of(spec.to_bytes())}
    card = ExportCard(
        trained_on=trained_on,
        storage=small.storage,
        items=spec.items,
        dim=small.trained.weights["item"].shape[1],
        files=files,
        download_bytes=sum(size.brotli_bytes for size in files.values()),
        mean_cosine=small.mean_cosine,
        parity_prefixes=parity.prefixes,
        parity_max_relative_error=parity.max_relative_error,
    )
    write_whole(directory / EXPORT_CARD_NAME, card.model_dump_json(indent=2).encode() + b"\n")
    return small, card


def within(
    checkpoint: Checkpoint,
    storage: Storage,
    trained_on: str,
    most_bytes: int | None,
    weigh: Callable[[Quantized], int] | None = None,
) -> Quantized:
    """The model in this storage, and within so many bytes if they are bounded."""
    weigh = weigh or (lambda small: download_bytes(small, trained_on))
    if most_bytes is not None and storage.format == "pq" and storage.item_bits is None:
        storage = storage.model_copy(update={"item_bits": bits_left(checkpoint, storage, most_bytes, weigh)})
    best: Quantized | None = None
    for _ in range(ATTEMPTS):
        small = quantize(checkpoint.trained, storage, checkpoint.occurrences, checkpoint.sessions)
        got = 0 if most_bytes is None else weigh(small)
        if most_bytes is None or got <= most_bytes:
            best = small
        if most_bytes is None or storage.item_bits is None or WELL_USED * most_bytes <= got <= most_bytes:
            break
        over = 8 * (got - most_bytes) / len(checkpoint.occurrences)
        storage = storage.model_copy(update={"item_bits": 0.998 * (storage.item_bits - over)})
    if best is not None:
        return best
    raise QuantizationError(
        f"the {storage.format} file needs {got:,} bytes (brotli), want at most {most_bytes:,}; take pq with fewer codes, a "
        "coarser encoder_bits, or train a smaller model."
    )


def bits_left(checkpoint: Checkpoint, storage: Storage, most_bytes: int, weigh: Callable[[Quantized], int]) -> float | None:
    """Bits an item that a budget leaves beside encoder, centroids and graph; None where that is more than the codes take.

    Raises `QuantizationError` where it is next to nothing.
    """
    items, dim = checkpoint.trained.weights["item"].shape
    if dim % storage.codes:
        return None  # quantize refuses that in its own words
    noise = np.random.default_rng(0).integers(-INT8_MOST, INT8_MOST, (storage.codes, CODES, dim // storage.codes)).astype(np.int8)
    empty = CodeTable(np.zeros((items, storage.codes), np.uint8), noise)
    rest = weigh(with_table(checkpoint.trained, empty, storage))
    if rest > 0.95 * most_bytes:
        raise QuantizationError(
            f"encoder and centroids alone need {rest:,} bytes (brotli), which leaves no room for items: want at most "
            f"{most_bytes:,}; take a coarser encoder_bits, or train a smaller model."
        )
    bits = 0.985 * 8 * (most_bytes - rest) / items
    return bits if bits < 0.99 * 8 * storage.codes else None


def download_bytes(small: Quantized, trained_on: str) -> int:
    """Brotli bytes of the model and its feature spec."""
    return compressed(exported_bytes(small, trained_on)) + compressed(small.trained.spec.to_bytes())


def compressed(data: bytes) -> int:
    """Bytes after brotli at its best quality."""
    return len(brotli.compress(data, quality=QUALITY))


def size_of(data: bytes) -> FileSize:
    """Sizes and hash of a file's content."""
    return FileSize(bytes=len(data), brotli_bytes=compressed(data), sha256=sha256_hex(data))
