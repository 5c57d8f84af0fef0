"""A trained model made small: item table in int8 rows or product codes, encoder on a grid."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from contracts.record import Record
from edge_model.quantization.grid import encoder_on_grid
from edge_model.quantization.product import Product, fit_product
from edge_model.quantization.rotation import turned
from edge_model.quantization.tables import CodeTable, FloatTable, Format, ItemTable, int8_centroids, int8_rows
from edge_model.training import Trained
from edge_model.weights import Float32, unit_rows


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
    mean_cosine: float
    """Of stored and trained item vectors, each item once."""


def quantize(trained: Trained, storage: Storage, occurrences: NDArray[np.int64], sessions: Float32 | None = None) -> Quantized:
    """`trained` in this storage; `occurrences` [N + 1] says how often each item occurs in train sessions,
    `sessions` [d, d] where session embeddings lie (`spread`); without it all directions count alike.

    Raises `QuantizationError` where the codes do not fit the model.
    """
    match storage.format:
        case "float":
            return with_table(trained, FloatTable(trained.item_vectors), storage)
        case "int8":
            return with_table(trained, int8_rows(trained.item_vectors), storage)
        case "pq":
            weight, rng = item_weight(occurrences, storage), np.random.default_rng(storage.seed)
            fitted = fit_product(trained.item_vectors, storage.codes, weight, storage.item_bits, rng, sessions=sessions)
            return quantized_as(replace(trained, weights=turned(trained.weights, fitted.rotation)), fitted, storage)


def quantized_as(trained: Trained, product: Product, storage: Storage) -> Quantized:
    """A model whose item space is already turned, with these codes."""
    return with_table(trained, CodeTable(product.codes, int8_centroids(product.centroids)), storage)


def item_weight(occurrences: NDArray[np.int64], storage: Storage) -> Float32:
    """How much each item's error counts, float32 [N + 1]."""
    return ((occurrences + 1) ** storage.weight_power).astype(np.float32)


def with_table(trained: Trained, table: ItemTable, storage: Storage) -> Quantized:
    """The model with this table, its encoder as the storage says."""
    weights, decoded = trained.weights, table.decoded()
    cosine = float(np.mean(np.sum(unit_rows(weights["item"]) * decoded, axis=1)))
    if storage.encoder_bits is not None:
        weights = encoder_on_grid(weights, storage.encoder_bits)
    return Quantized(replace(trained, weights=weights | {"item": decoded}), table, storage, cosine)


__all__ = ["Quantized", "Storage", "item_weight", "quantize", "quantized_as", "with_table"]
