"""Where the analyzer's store lives: one schema and one set of statements, on SQLite (one host) or PostgreSQL (several)."""

from __future__ import annotations

import contextlib
import sqlite3
from contextlib import AbstractContextManager
from pathlib import Path

from aggregator.database import Connection
from aggregator.errors import StoreAway
from aggregator.postgres import SCHEMES, PostgresConnection, advisory_lock
from aggregator.sqlite import connect, scrub_log

STORE_FAULTS = (sqlite3.OperationalError, OSError, StoreAway)
"""What a full disk, one that fails for a while, or a lost database raises: waited out. Nothing is acknowledged meanwhile."""

_PUBLISHING = 0x494E544C5900

_SCHEMA = """
CREATE TABLE IF NOT EXISTS partitions (
    name TEXT PRIMARY KEY, generation {integer} NOT NULL, next_offset {integer} NOT NULL, replays {integer} NOT NULL DEFAULT 0
) {strict};
CREATE TABLE IF NOT EXISTS configurations (release TEXT PRIMARY KEY, body {bytes} NOT NULL) {strict};
CREATE TABLE IF NOT EXISTS buckets (
    id {identity},
    release TEXT NOT NULL, collection {integer} NOT NULL, epoch {integer} NOT NULL, key_id {integer} NOT NULL,
    state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closing', 'closed', 'refused')),
    bucket_reports {integer} NOT NULL, arrived {integer} NOT NULL DEFAULT 0, counted {integer} NOT NULL DEFAULT 0,
    unopened {integer} NOT NULL DEFAULT 0, duplicate {integer} NOT NULL DEFAULT 0, malformed {integer} NOT NULL DEFAULT 0,
    out_of_range {integer} NOT NULL DEFAULT 0, missing {integer} NOT NULL DEFAULT 0, late {integer} NOT NULL DEFAULT 0,
    outcome TEXT,
    UNIQUE (release, collection, epoch, key_id)
) {strict};
CREATE TABLE IF NOT EXISTS folded (
    id {identity}, bucket {integer} NOT NULL REFERENCES buckets (id),
    sequence {integer} NOT NULL, digest {bytes} NOT NULL, reports {bytes} NOT NULL,
    UNIQUE (bucket, sequence, digest)
) {strict};
CREATE TABLE IF NOT EXISTS closes (
    bucket {integer} PRIMARY KEY REFERENCES buckets (id), plan {bytes} NOT NULL, receipt {bytes} NOT NULL, pool {bytes},
    counts {bytes} NOT NULL, category_pool {bytes}
) {strict};
CREATE TABLE IF NOT EXISTS dead_letters (
    id {identity}, partition TEXT NOT NULL, "offset" {integer} NOT NULL, reason TEXT NOT NULL, at {integer} NOT NULL,
    value {bytes}
) {strict};
CREATE INDEX IF NOT EXISTS dead_values ON dead_letters (id) WHERE value IS NOT NULL;
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value TEXT NOT NULL) {strict};
"""


class SqliteDatabase:
    """A file; workers of one host may open the same."""

    begin, snapshot, for_update = "BEGIN IMMEDIATE", "BEGIN", ""
    """Writers take their turn by the file's lock."""

    def __init__(self, path: Path) -> None:
        words = {"integer": "INTEGER", "identity": "INTEGER PRIMARY KEY", "bytes": "BLOB", "strict": "STRICT"}
        self.connection: Connection = connect(path, _SCHEMA.format_map(words))

    def scrub(self) -> None:
        """Deleted rows are overwritten already; empty the log, which holds them too."""
        scrub_log(self.connection)  # type: ignore[arg-type]

    def publishing(self) -> AbstractContextManager[bool]:
        """The lock of one host is enough."""
        return contextlib.nullcontext(True)


class PostgresDatabase:
    """A database; workers of several hosts may use the same."""

    begin, snapshot, for_update = "BEGIN", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", " FOR UPDATE"
    """Writers take their turn by the locks of the partition's and the bucket's rows."""

    def __init__(self, url: str) -> None:
        identity = "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
        words = {"integer": "BIGINT", "identity": identity, "bytes": "BYTEA", "strict": ""}
        self.connection: Connection = connect_postgres(url, _SCHEMA.format_map(words))

    def scrub(self) -> None:
        """Give back what deleted rows took: PostgreSQL overwrites it when it is used again, not now (docs/threat-model.md)."""
        self.connection.execute("VACUUM (TRUNCATE) folded, closes, dead_letters")

    def publishing(self) -> AbstractContextManager[bool]:
        """A lock of the database, for the time of its connection."""
        return advisory_lock(self.connection, _PUBLISHING)  # type: ignore[arg-type]


def is_postgres(where: str) -> bool:
    """Whether a store's name is the URL of a database."""
    return where.startswith(SCHEMES)


def connect_postgres(url: str, schema: str) -> Connection:
    """Connect, and make the tables where there are none."""
    return PostgresConnection(url, schema)


def open_database(where: str | Path) -> SqliteDatabase | PostgresDatabase:
    """By a path, or a URL as `postgresql://user@host/database`."""
    return PostgresDatabase(str(where)) if is_postgres(str(where)) else SqliteDatabase(Path(where))
