"""A trained model made small: item table in int8 rows or product codes, encoder on a grid."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from pydantic import Field

from contracts.record import Record
from edge_model.quantization.grid import encoder_on_grid
from edge_model.quantization.product import fit_product
from edge_model.quantization.rotation import turned
from edge_model.quantization.tables import CodeTable, FloatTable, Format, ItemTable, RowTable, int8_centroids, int8_rows
from edge_model.session_log import SessionLog
from edge_model.training import Trained
from edge_model.weights import Float32


class Storage(Record):
    """How small, and how."""

    format: Format = "int8"
    codes: int = Field(default=32, ge=1, description="M, codes an item (pq)")
    item_bits: float | None = Field(
        default=None, gt=0, description="most bits an item after compression, on average (pq); None: all that the codes take"
    )
    weight_power: float = Field(
        default=0.5, ge=0, le=1, description="an item counts as (occurrences in train sessions + 1) to this power (pq)"
    )
    encoder_bits: int | None = Field(
        default=8, ge=3, le=12, description="grid of the encoder's weights; None: float32 as trained"
    )
    seed: int = 7


@dataclass(frozen=True)
class Quantized:
    """A model as it will be exported."""

    trained: Trained
    """Weights as the file holds them; `weights["item"]` are the decoded unit vectors, so the trainer computes what the file
    does."""
    table: ItemTable
    storage: Storage


def quantize(trained: Trained, storage: Storage, log: SessionLog) -> Quantized:
    """`trained` in this storage; `log` tells how often each item occurs in train sessions."""
    table: ItemTable
    weights = trained.weights
    match storage.format:
        case "float":
            table = FloatTable(trained.item_vectors)
        case "int8":
            table = int8_rows(trained.item_vectors)
        case "pq":
            table, rotation = product_codes(trained.item_vectors, storage, log)
            weights = turned(weights, rotation)
    if storage.encoder_bits is not None:
        weights = encoder_on_grid(weights, storage.encoder_bits)
    return Quantized(replace(trained, weights=weights | {"item": table.decoded()}), table, storage)


def product_codes(vectors: Float32, storage: Storage, log: SessionLog) -> tuple[CodeTable, Float32]:
    """Product codes of unit vectors [N + 1, d], and the rotation [d, d] of the space that they decode into."""
    occurrences = np.bincount(log.items[: log.train_events()], minlength=len(vectors))
    weight = ((occurrences + 1) ** storage.weight_power).astype(np.float32)
    fitted = fit_product(vectors, storage.codes, weight, storage.item_bits, np.random.default_rng(storage.seed))
    return CodeTable(fitted.codes, int8_centroids(fitted.centroids)), fitted.rotation


__all__ = ["Quantized", "RowTable", "Storage", "product_codes", "quantize"]
