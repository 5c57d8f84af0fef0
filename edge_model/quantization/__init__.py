"""A trained model made small enough for a phone to download: int8 rows or product codes of items, an encoder that compresses."""

from edge_model.quantization.quantize import Quantized, Storage, quantize
from edge_model.quantization.tables import CodeTable, FloatTable, Format, ItemTable, RowTable

__all__ = ["CodeTable", "FloatTable", "Format", "ItemTable", "Quantized", "RowTable", "Storage", "quantize"]
