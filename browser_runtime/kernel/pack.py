"""An exported ONNX model into the kernel's two files, the same for every shopper.

The graph is checked node by node against what the kernel computes, and every weight is taken from the ONNX file. A graph that
the kernel does not compute raises `NotOfTheFamily` with a sentence that names the operator; it runs in the onnxruntime-web tier.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import onnx

from browser_runtime.errors import NotOfTheFamily
from browser_runtime.kernel.compile import compile_graph
from browser_runtime.kernel.items import items_of
from browser_runtime.kernel.layout import head_bytes, rest_bytes


@dataclass(frozen=True)
class Packed:
    """`head`: encoder, categories and the items of the pool; `rest`: all other items."""

    head: bytes
    rest: bytes


def pack_model(model: bytes, pool_items: Sequence[int], categories: Sequence[int]) -> Packed:
    """`pool_items`: items of `head`; `categories[i]`: category of item i from 1, 0 for none (entry 0 is not used).

    Raises `NotOfTheFamily`.
    """
    try:
        parsed = onnx.ModelProto.FromString(model)
    except Exception:
        raise NotOfTheFamily("the model is not an ONNX file") from None
    compiled = compile_graph(parsed)
    items = items_of(compiled, categories)
    count = len(items.rows) - 1
    chosen = sorted({item for item in pool_items if 1 <= item <= count})
    sha256 = hashlib.sha256(model).digest()
    length = _length(parsed)
    return Packed(head_bytes(compiled.program, items, chosen, sha256, length, compiled.scale), rest_bytes(items, chosen, sha256))


def _length(model: onnx.ModelProto) -> int:
    """L, from the metadata that the export writes."""
    stated = {prop.key: prop.value for prop in model.metadata_props}.get("intently.length", "")
    if not stated.isdecimal() or not 1 <= int(stated) <= 256:
        raise NotOfTheFamily(f"metadata intently.length: got {stated!r}, want 1 to 256")
    return int(stated)
