"""SQLite as this project uses it: WAL, each commit on the disk before it returns, and deleted rows overwritten."""

from __future__ import annotations

import sqlite3
from pathlib import Path


def connect(path: Path, schema: str) -> sqlite3.Connection:
    """Open or create. The connection moves between threads but is used by one at a time; transactions are explicit."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA secure_delete=ON")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.executescript(schema)
    return connection


def scrub_log(connection: sqlite3.Connection) -> None:
    """Empty the write-ahead log, which holds deleted rows until then; does nothing while another process reads."""
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
