"""Points and directions of an affine-point mechanism as numpy arrays. Letters: V values d + 1, K directions, D dimension."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from privacy.mechanisms import AffinePoint, coefficient

Int64 = NDArray[np.int64]


def points(mechanism: AffinePoint, values: Int64 | None = None) -> Int64:
    """int64[V, D]: points of `values`, by default of 0..d; row by row equal to `AffinePoint.point`."""
    q, dimension = mechanism.q, mechanism.dimension
    rest = np.arange(mechanism.domain_size + 1) if values is None else np.asarray(values, dtype=np.int64)
    columns = []
    for _ in range(dimension):
        rest, digit = np.divmod(rest, q)
        columns.append(digit)
    *t, s = columns
    lifted = sum((coefficient(i, q) * t_i * t_i for i, t_i in enumerate(t, start=1)), start=s) % q
    return np.stack([*t, lifted], axis=1)


def directions(mechanism: AffinePoint, indices: Int64 | None = None) -> Int64:
    """int64[K, D]: directions of `indices`, by default of all; row by row equal to `AffinePoint.direction`."""
    q, dimension = mechanism.q, mechanism.dimension
    rest = np.arange(mechanism.directions) if indices is None else np.array(indices, dtype=np.int64)
    found = np.zeros((len(rest), dimension), dtype=np.int64)
    begin = 0
    for leading in range(dimension):
        size = q ** (dimension - 1 - leading)
        block = (rest >= begin) & (rest < begin + size)
        number = rest[block] - begin
        found[block, leading] = 1
        for column in range(dimension - 1, leading, -1):
            number, found[block, column] = np.divmod(number, q)
        begin += size
    return found


def grid_index(coordinates: Int64, q: int) -> Int64:
    """Position of points [..., D] in the C order of an array of shape (q,) * D."""
    index = np.zeros(coordinates.shape[:-1], dtype=np.int64)
    for column in range(coordinates.shape[-1]):
        index = index * q + coordinates[..., column]
    return index
