"""What the first download alone knows: items of the pool by their own vectors, all others by their category's.

The same rule holds for items that came after the training: an item without a vector of its own has that of its category, or the
unknown item's where it has none.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_model.quantization.tables import INT8_MOST, CodeTable, FloatTable, Int8, ItemTable, RowTable, int8_rows
from edge_model.weights import Float32


def category_rows(vectors: Float32, item_category: NDArray[np.int32], known: NDArray[np.bool_]) -> Int8:
    """int8 [K + 1, d]: direction of the mean of the unit vectors [N + 1, d] of each category's `known` items; the unknown item's
    (row 0) for category 0 and for a category without known items."""
    sums = np.zeros((int(item_category.max(initial=0)) + 1, vectors.shape[1]))
    own = known & (item_category > 0)
    np.add.at(sums, item_category[own], vectors[own])
    sums[~sums.any(axis=1)] = vectors[0]
    rows: Int8 = np.rint(sums / np.abs(sums).max(axis=1, keepdims=True) * INT8_MOST).astype(np.int8)
    return rows


def known_only(table: ItemTable, known: NDArray[np.bool_], item_category: NDArray[np.int32] | None) -> RowTable:
    """int8 rows [N + 1, d] in which every item that is not `known` [N + 1] has its category's row."""
    known = known.copy()
    known[0] = True  # the unknown item itself
    rows = whole_rows(table)
    category = np.zeros(len(rows), np.int32) if item_category is None else item_category
    substitutes = category_rows(table.decoded(), category, known)
    return RowTable(np.where(known[:, None], rows, substitutes[category]))


def whole_rows(table: ItemTable) -> Int8:
    """int8 [N + 1, d] of any storage."""
    match table:
        case RowTable():
            return table.rows
        case CodeTable():
            return table.rows()
        case FloatTable():
            return int8_rows(table.vectors).rows
