"""Of several workers, one publishes at a time: the ledger is one chain, the manifest one file."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path


class PublishLock:
    """A lock that the system lets go of when its holder dies, on every platform: SQLite's write lock on a file of its own."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0)

    @contextlib.contextmanager
    def held(self) -> Iterator[bool]:
        """Whether it is ours inside; False, without waiting, where another worker has it."""
        try:
            self._connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            yield False
            return
        try:
            yield True
        finally:
            self._connection.execute("ROLLBACK")

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()
