"""The interface of a transport, relay's side."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from contracts import Bucket

_KEY = struct.Struct(">32sBBII")


@dataclass(frozen=True)
class Delivered:
    """One batch at its place in a partition."""

    partition: str
    offset: int
    value: bytes


class Transport(Protocol):
    """Takes packed batches and keeps them until the analyzer has folded them."""

    async def put(self, batches: Sequence[tuple[bytes, bytes]]) -> None:
        """Hand over (key, value) pairs; returns when all are durable. Handing the same pair over again is harmless."""

    async def close(self) -> None:
        """Let go of files and connections."""


def batch_key(bucket: Bucket, sequence: int) -> bytes:
    """42 bytes: release (32) ‖ collection u8 ‖ key_id u8 ‖ epoch u32 ‖ sequence u32. The same batch always has the same key."""
    return _KEY.pack(bytes.fromhex(bucket.release), bucket.collection, bucket.key_id, bucket.epoch, sequence)
