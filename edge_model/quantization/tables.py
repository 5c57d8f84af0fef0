"""How the file holds the item vectors: int8 rows or product codes. Item i's vector is q_i / |q_i|; no scale is stored.

    format   arrays                                                  q_i
    int8     item_rows int8 [N + 1, d]                               item_rows[i]
    pq       item_codes uint8 [N + 1, M],                            concat over m of
             item_centroids int8 [M, 256, d / M]                     item_centroids[m, item_codes[i, m]]

So both decode to the same int8 rows, and whoever scores has one loop for both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edge_model.quantization.codebook import Codes
from edge_model.weights import Float32, unit_rows

Int8 = NDArray[np.int8]
Format = Literal["float", "int8", "pq"]

INT8_MOST = 127


@dataclass(frozen=True)
class FloatTable:
    """Unit vectors as they were trained: the reference that the others are measured against, not for shipping."""

    vectors: Float32
    format: Format = "float"

    def decoded(self) -> Float32:
        """Unit vectors, float32 [N + 1, d]."""
        return self.vectors

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Initializers of the file, by name."""
        return {"item_vectors": self.vectors}


@dataclass(frozen=True)
class RowTable:
    """One int8 row an item."""

    rows: Int8
    format: Format = "int8"

    def decoded(self) -> Float32:
        """Unit vectors, float32 [N + 1, d]."""
        return unit_rows(self.rows.astype(np.float32))

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Initializers of the file, by name."""
        return {"item_rows": self.rows}


@dataclass(frozen=True)
class CodeTable:
    """M codes of one byte an item, and int8 centroids."""

    codes: Codes
    centroids: Int8
    format: Format = "pq"

    def decoded(self) -> Float32:
        """Unit vectors, float32 [N + 1, d]."""
        return unit_rows(self.rows().astype(np.float32))

    def rows(self) -> Int8:
        """int8 [N + 1, d]: what a browser decodes once."""
        return np.concatenate([means[codes] for means, codes in zip(self.centroids, self.codes.T, strict=True)], axis=1)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Initializers of the file, by name."""
        return {"item_codes": self.codes, "item_centroids": self.centroids}


ItemTable = FloatTable | RowTable | CodeTable


def int8_rows(vectors: Float32) -> RowTable:
    """Rows scaled so that each one's largest entry is +-127; the length is divided out by the reader."""
    most = np.maximum(np.abs(vectors).max(axis=1, keepdims=True), 1e-12)
    rows = np.rint(vectors / most * INT8_MOST).astype(np.int8)
    rows[~rows.any(axis=1), 0] = 1  # a vector without length has no direction; any will do
    return RowTable(rows)


def int8_centroids(centroids: Float32) -> Int8:
    """All centroids on one scale, as concatenation wants it."""
    scaled: Int8 = np.rint(centroids / max(float(np.abs(centroids).max()), 1e-12) * INT8_MOST).astype(np.int8)
    return scaled
