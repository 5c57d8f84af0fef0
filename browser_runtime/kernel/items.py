"""The item table as the graph stores it: int8 rows or product codes, and vectors for categories."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from browser_runtime.kernel.builder import refuse
from browser_runtime.kernel.compile import Compiled
from browser_runtime.kernel.layout import Items

TABLE_TOLERANCE = 1e-6
"""The kernel's vectors (row times 1 / length) and the graph's may differ by float32's rounding alone."""


def items_of(compiled: Compiled, categories: Sequence[int]) -> Items:
    """Rows, categories' rows and biases. `categories[i]` is that of item i (0: none); entry 0 is not used.

    Raises `NotOfTheFamily` where the float table is not what `item_rows` or `item_codes` and `item_centroids` say.
    """
    constants = compiled.constants
    rows = constants.get("item_rows")
    if rows is None or rows.dtype != np.int8:
        refuse("operator Gather: the item table is no int8 rows or product codes (item_rows, item_codes, item_centroids)")
    table = constants[compiled.item_table]
    if table.shape != rows.shape:
        refuse(f"item_rows {rows.shape} and the item table {table.shape}: of different shapes")
    lengths = np.sqrt((rows.astype(np.float32) ** 2).sum(axis=1, keepdims=True))
    if not lengths.all():
        refuse(f"item_rows: item {int(np.flatnonzero(lengths[:, 0] == 0)[0])} has no length")
    unit = rows / lengths
    if np.abs(unit - table).max() > TABLE_TOLERANCE:
        refuse("operator Gather: the item table is not item_rows over their lengths")
    centroids, stored = _codes(constants, rows)
    category_rows = _category_rows(constants, unit, np.asarray(categories))
    bias, unit_of_bias = _bias(compiled, len(rows))
    return Items(
        rows=stored, categories=category_rows if centroids is None else nearest_codes(category_rows, centroids),
        centroids=centroids, dim=rows.shape[1], bias=bias, bias_unit=unit_of_bias,
        category_bias=None if bias is None else _category_bias(bias, np.asarray(categories), len(category_rows)),
    )  # fmt: skip


def _codes(constants: dict[str, NDArray[Any]], rows: NDArray[np.int8]) -> tuple[NDArray[np.int8] | None, NDArray[Any]]:
    codes, centroids = constants.get("item_codes"), constants.get("item_centroids")
    if codes is None or centroids is None:
        return None, rows
    if codes.dtype != np.uint8 or centroids.dtype != np.int8 or centroids.shape[:2] != (codes.shape[1], 256):
        refuse("item_codes and item_centroids: want uint8 [N + 1, M] and int8 [M, 256, d / M]")
    decoded = centroids[np.arange(codes.shape[1]), codes].reshape(len(codes), -1)
    if not np.array_equal(decoded, rows):
        refuse("item_rows: are not what item_codes and item_centroids say")
    return centroids, codes


def _category_rows(constants: dict[str, NDArray[Any]], unit: NDArray[Any], categories: NDArray[Any]) -> NDArray[np.int8]:
    """int8 [G, d]: the graph's own `category_rows`, else the mean of the items' unit vectors, its largest entry made 127."""
    count = int(categories.max(initial=0))
    given = constants.get("category_rows")
    if given is not None and given.dtype == np.int8 and given.shape == (count + 1, unit.shape[1]):
        return np.ascontiguousarray(given[1:])
    known = min(len(categories), len(unit))
    sums = np.zeros((count + 1, unit.shape[1]))
    np.add.at(sums, categories[1:known], unit[1:known])
    sums[~sums.any(axis=1)] = unit[0]
    rows: NDArray[np.int8] = np.rint(sums / np.abs(sums).max(axis=1, keepdims=True) * 127).astype(np.int8)
    return rows[1:]


def nearest_codes(rows: NDArray[np.int8], centroids: NDArray[np.int8]) -> NDArray[np.uint8]:
    """Codes [n, M] of the nearest centroid, part by part, after scaling each row to the length that decoded rows have."""
    parts, _, size = centroids.shape
    length = float(np.sqrt((centroids.astype(np.float64) ** 2).sum(axis=2).mean(axis=1).sum()))
    scaled = rows / np.linalg.norm(rows.astype(np.float64), axis=1, keepdims=True) * length
    pieces = scaled.reshape(len(rows), parts, 1, size)
    return np.stack([((pieces[:, m] - centroids[m]) ** 2).sum(axis=2).argmin(axis=1) for m in range(parts)], axis=1).astype(
        np.uint8
    )


def _bias(compiled: Compiled, count: int) -> tuple[NDArray[np.int8] | None, float]:
    """int8 biases and their unit: `item_bias` float32 [N + 1] must be whole multiples of one number."""
    if compiled.item_bias is None:
        return None, 0.0
    floats = compiled.constants[compiled.item_bias]
    if floats.shape != (count,):
        refuse(f"item bias: {floats.shape[0]} entries for {count} rows")
    stored = next((value for value in compiled.constants.values() if value.dtype == np.int8 and value.shape == (count,)), None)
    if stored is None or not stored.any():
        refuse("operator Gather: the item bias is no int8 table times one number")
    at = int(np.abs(stored.astype(np.int32)).argmax())
    unit = np.float32(floats[at] / stored[at])
    if unit <= 0 or np.abs(stored * unit - floats).max() > TABLE_TOLERANCE * 128 * unit:
        refuse("operator Gather: the item bias is no int8 table times one number")
    return stored, float(unit)


def _category_bias(bias: NDArray[np.int8], categories: NDArray[Any], count: int) -> NDArray[np.int8]:
    known = min(len(categories), len(bias))
    members = np.bincount(categories[1:known], minlength=count + 1)
    sums = np.bincount(categories[1:known], weights=bias[1:known], minlength=count + 1)
    return np.rint(sums / np.maximum(members, 1)).astype(np.int8)[1:]
