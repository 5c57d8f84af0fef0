"""The item table in the graph: initializers as stored, and the nodes that make `item_vectors` float32 [N + 1, d] of them.

All of these nodes read constants alone, so onnxruntime folds them into one table when a session is created.
Letters: N items, M codes an item, s = d / M.
"""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

from edge_model.quantization.codebook import CODES
from edge_model.quantization.tables import CodeTable, FloatTable, ItemTable


def item_constants(table: ItemTable) -> dict[str, NDArray[np.generic]]:
    """Initializers by name; those of `table.arrays()` are the file format, the others serve the nodes."""
    constants = table.arrays()
    if not isinstance(table, FloatTable):
        constants |= {"item_axis": np.array([1], np.int64)}
    if isinstance(table, CodeTable):
        parts, _, size = table.centroids.shape
        constants |= {
            "item_part": (np.arange(parts) * CODES).astype(np.int32),  # where a part's centroids begin
            "item_centroid_shape": np.array([parts * CODES, size], np.int64),
            "item_row_shape": np.array([len(table.codes), parts * size], np.int64),
        }
    return constants


def item_nodes(table: ItemTable) -> list[onnx.NodeProto]:
    """Nodes from the initializers to `item_vectors`; `item_rows`, int8 [N + 1, d] in both storages, is what the kernel reads."""
    node = helper.make_node
    if isinstance(table, FloatTable):
        return []
    nodes = []
    if isinstance(table, CodeTable):
        nodes = [
            node("Reshape", ["item_centroids", "item_centroid_shape"], ["item_parts"]),  # [M * 256, s]
            node("Cast", ["item_codes"], ["item_codes_32"], to=TensorProto.INT32),  # [N + 1, M]
            node("Add", ["item_codes_32", "item_part"], ["item_places"]),
            node("Gather", ["item_parts", "item_places"], ["item_pieces"]),  # [N + 1, M, s]
            node("Reshape", ["item_pieces", "item_row_shape"], ["item_rows"]),  # [N + 1, d]
        ]
    return [
        *nodes,
        node("Cast", ["item_rows"], ["item_numbers"], to=TensorProto.FLOAT),
        node("ReduceL2", ["item_numbers", "item_axis"], ["item_lengths"], keepdims=1),  # [N + 1, 1]
        node("Div", ["item_numbers", "item_lengths"], ["item_vectors"]),
    ]
