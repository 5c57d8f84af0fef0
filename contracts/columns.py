"""The catalogue as browsers read it: columns that need no parsing, beside the JSON that tools read. Little-endian.

     0  4        "INTC"
     4  u16      layout, 1
     6  u16      1: with thumbnails
     8  u32      N, items
    12  u32      H, bytes of the head
    16  H        head: the catalogue's JSON without its items; then 0 up to a multiple of 4
        u32[N]   prices in minor units
        u32[N]   bytes of each thumbnail, with thumbnails alone
        u16[N+1] category of each item by its index; entry 0 is 0
        u16[N]   bytes of each SKU
        u16[N]   bytes of each name
                 SKUs, then names, then thumbnails, UTF-8, without a gap and to the file's end

Twin: browser_runtime/src/updates/columns.ts. What it saves: docs/decisions/0100-columns.md.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable
from typing import Final

from contracts.catalogue import Catalogue, Item
from contracts.errors import ContractError

MAGIC: Final = b"INTC"
_HEAD: Final = struct.Struct("<4sHHII")
_U16, _U32 = 2**16 - 1, 2**32 - 1


def pack_columns(catalogue: Catalogue) -> bytes | None:
    """None where a price, a name or the number of categories is beyond the layout: browsers then read the JSON."""
    items = catalogue.items
    skus, names = [item.sku.encode() for item in items], [item.name.encode() for item in items]
    pictures = [item.thumbnail.encode() for item in items] if any(item.thumbnail for item in items) else []
    if max(map(len, (*skus, *names)), default=0) > _U16 or len(catalogue.categories) > _U16:
        return None
    if max((item.price_minor for item in items), default=0) > _U32:
        return None
    head = catalogue.model_dump_json(exclude={"items"}).encode()
    return b"".join((
        _HEAD.pack(MAGIC, 1, bool(pictures), len(items), len(head)), head, bytes(-len(head) % 4),
        _column("I", (item.price_minor for item in items)), _column("I", map(len, pictures)),
        _column("H", (0, *(item.category for item in items))), _column("H", map(len, skus)), _column("H", map(len, names)),
        *skus, *names, *pictures,
    ))  # fmt: skip


def read_columns(data: bytes) -> Catalogue:
    """The catalogue that `pack_columns` packed; raises `ContractError` for anything else."""
    reader = _Reader(data)
    magic, layout, pictures, count, length = _HEAD.unpack(reader.take(_HEAD.size))
    if (magic, layout) != (MAGIC, 1) or pictures > 1:
        raise ContractError(f"columns: got layout {magic!r} {layout} {pictures}, want {MAGIC!r} 1 and 0 or 1")
    try:
        about = json.loads(reader.take(length))
        if any(reader.take(-length % 4)):
            raise ContractError("columns: the gap behind the head is not 0")
        prices, thumbnails = reader.column("I", count), reader.column("I", count if pictures else 0)
        categories, skus, names = reader.column("H", count + 1), reader.column("H", count), reader.column("H", count)
        texts = [[reader.take(n).decode() for n in lengths] for lengths in (skus, names, thumbnails or (0,) * count)]
        reader.end()
        if categories[0] != 0:
            raise ContractError("columns: entry 0 of the categories is not 0")
        rows = zip(*texts[:2], categories[1:], prices, texts[2], strict=True)
        items = tuple(Item(sku=s, name=n, category=c, price_minor=p, thumbnail=t) for s, n, c, p, t in rows)
        return Catalogue.model_validate_json(json.dumps(about | {"items": [item.model_dump() for item in items]}))
    except (ValueError, TypeError) as error:
        raise ContractError(f"columns: {str(error).splitlines()[0]}") from None


def _column(kind: str, values: Iterable[int]) -> bytes:
    found = list(values)
    return struct.pack(f"<{len(found)}{kind}", *found)


class _Reader:
    """Takes bytes from the front."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        if self.at + count > len(self.data):
            raise ContractError(f"columns: the file ends at byte {len(self.data)}, want {self.at + count} at least")
        self.at += count
        return self.data[self.at - count : self.at]

    def column(self, kind: str, count: int) -> tuple[int, ...]:
        return struct.unpack(f"<{count}{kind}", self.take(count * struct.calcsize(kind)))

    def end(self) -> None:
        if self.at != len(self.data):
            raise ContractError(f"columns: {len(self.data) - self.at} bytes behind the file's end")
