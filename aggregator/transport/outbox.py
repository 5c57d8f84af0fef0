"""Outbox: a SQLite file that the relay writes and the analyzer reads, both on one machine."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

from aggregator.database import transaction
from aggregator.errors import TransportRefused
from aggregator.sqlite import connect
from aggregator.transport.base import Delivered
from contracts import sha256_hex

PARTITION = "outbox/0"
KEYS_KEPT = 100_000
"""Keys of batches that were folded long ago are kept to this number, so that a late resend is still recognised."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS outbox (
    "offset" INTEGER PRIMARY KEY AUTOINCREMENT,
    key BLOB NOT NULL UNIQUE,
    sha256 TEXT NOT NULL,
    value BLOB
) STRICT;
"""


class OutboxTransport:
    """One partition. `put` by the relay; `read` and `trim` by the analyzer."""

    def __init__(self, path: Path) -> None:
        self._database = connect(path, _SCHEMA)
        self._lock = threading.Lock()

    async def put(self, batches: Sequence[tuple[bytes, bytes]]) -> None:
        """Append what is not there yet, in one transaction; raises `TransportRefused` if a key comes with other bytes."""
        await asyncio.to_thread(self.put_now, batches)

    def put_now(self, batches: Sequence[tuple[bytes, bytes]]) -> None:
        """`put` in the calling thread."""
        with self._lock, transaction(self._database) as database:
            for key, value in batches:
                digest = sha256_hex(value)
                row = database.execute("SELECT sha256 FROM outbox WHERE key = ?", (key,)).fetchone()
                if row is None:
                    database.execute("INSERT INTO outbox (key, sha256, value) VALUES (?, ?, ?)", (key, digest, value))
                elif row[0] != digest:
                    raise TransportRefused(
                        f"outbox: batch {key.hex()} was handed over before with other bytes; it is not replaced"
                    )

    def read(self, offset: int, most: int = 64) -> list[Delivered]:
        """Batches from `offset` on, oldest first."""
        rows = self._database.execute(
            'SELECT "offset", value FROM outbox WHERE "offset" >= ? AND value IS NOT NULL ORDER BY "offset" LIMIT ?',
            (offset, most),
        )
        return [Delivered(PARTITION, at, value) for at, value in rows]

    def waiting(self, offset: int) -> int:
        """Batches from `offset` on."""
        where = 'SELECT count(*) FROM outbox WHERE "offset" >= ? AND value IS NOT NULL'
        return int(self._database.execute(where, (offset,)).fetchone()[0])

    def trim(self, offset: int) -> None:
        """Scrub the values below `offset`, which are folded for good; their keys stay, at most `KEYS_KEPT`."""
        with transaction(self._database) as database:
            database.execute('UPDATE outbox SET value = NULL WHERE "offset" < ? AND value IS NOT NULL', (offset,))
            database.execute('DELETE FROM outbox WHERE "offset" < ? AND value IS NULL', (offset - KEYS_KEPT,))

    async def close(self) -> None:
        """Close the file."""
        self._database.close()
