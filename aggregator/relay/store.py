"""The relay's own store: what was answered 202, and nothing of who sent it.

A report's row is (bucket, body) and no more, its key the body, which is random. While a bucket is open the file still betrays
something of the order of arrival (which page a row was written to when, in the write-ahead log and in the pages' free space);
once the bucket has ended, shuffled or dropped, its rows are overwritten and the log is emptied. A body that comes again is the
same row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aggregator.database import transaction
from aggregator.sqlite import connect, scrub_log
from aggregator.transport import batch_key
from contracts import BATCH_MOST, Batch, Bucket

_SCHEMA = """
CREATE TABLE IF NOT EXISTS buckets (
    id INTEGER PRIMARY KEY,
    release TEXT NOT NULL, collection INTEGER NOT NULL, epoch INTEGER NOT NULL, key_id INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'shuffled', 'handed', 'dropped')),
    reports INTEGER NOT NULL DEFAULT 0,
    UNIQUE (release, collection, epoch, key_id)
) STRICT;
CREATE TABLE IF NOT EXISTS releases (
    release TEXT PRIMARY KEY, epoch_s INTEGER NOT NULL, minimum_batch INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS reports (
    bucket INTEGER NOT NULL REFERENCES buckets (id), body BLOB NOT NULL, PRIMARY KEY (bucket, body)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS spent (
    nonce BLOB PRIMARY KEY, bucket INTEGER NOT NULL REFERENCES buckets (id), body BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS batches (
    bucket INTEGER NOT NULL REFERENCES buckets (id), sequence INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL,
    PRIMARY KEY (bucket, sequence)
) STRICT, WITHOUT ROWID;
"""

Shuffle = Callable[[list[bytes]], Any]


@dataclass(frozen=True)
class ReleaseRule:
    """What closing a release's buckets needs: the length of its epochs in seconds, and the fewest reports."""

    epoch_s: int
    minimum_batch: int


@dataclass(frozen=True)
class Closed:
    """How one bucket ended."""

    bucket: Bucket
    reports: int
    dropped: bool


class RelayStore:
    """One writer at a time."""

    def __init__(self, path: Path, batch_most: int = BATCH_MOST) -> None:
        self._database, self._batch_most = connect(path, _SCHEMA), batch_most
        self._ids: dict[Bucket, tuple[int, bool]] = {}

    def remember(self, release: str, rule: ReleaseRule) -> None:
        """Before its first bucket opens. A release is the SHA-256 of its configuration: its rule never changes."""
        values = (release, rule.epoch_s, rule.minimum_batch)
        with transaction(self._database) as database:
            database.execute("INSERT OR IGNORE INTO releases VALUES (?, ?, ?)", values)

    def rules(self) -> dict[str, ReleaseRule]:
        """By release, also of those that the settings name no more: their open buckets must still close."""
        rows = self._database.execute("SELECT release, epoch_s, minimum_batch FROM releases")
        return {release: ReleaseRule(epoch_s, minimum_batch) for release, epoch_s, minimum_batch in rows}

    def add(self, reports: Iterable[tuple[Bucket, bytes]]) -> list[bool]:
        """Store all in one transaction, on the disk when this returns. False for each whose bucket is closed already."""
        self._ids.clear()
        with transaction(self._database) as database:
            placed = [(self._bucket(bucket), body) for bucket, body in reports]
            database.executemany(
                "INSERT OR IGNORE INTO reports (bucket, body) VALUES (?, ?)",
                [(at, body) for (at, open_), body in placed if open_],
            )
        return [open_ for (_, open_), _ in placed]

    def _bucket(self, bucket: Bucket) -> tuple[int, bool]:
        known = self._ids.get(bucket)
        if known is None:
            fields = (bucket.release, bucket.collection, bucket.epoch, bucket.key_id)
            self._database.execute(
                "INSERT OR IGNORE INTO buckets (release, collection, epoch, key_id) VALUES (?, ?, ?, ?)", fields
            )
            row = self._database.execute(
                "SELECT id, state = 'open' FROM buckets WHERE release = ? AND collection = ? AND epoch = ? AND key_id = ?", fields
            ).fetchone()
            known = self._ids[bucket] = (row[0], bool(row[1]))
        return known

    def spend(self, bucket: Bucket, nonce: bytes, body: bytes) -> bool:
        """Spend a token on a report, on the disk when this returns; False if it was spent on another. Forgotten at the close."""
        self._ids.clear()
        with transaction(self._database) as database:
            at, _ = self._bucket(bucket)
            database.execute("INSERT OR IGNORE INTO spent VALUES (?, ?, ?)", (nonce, at, body))
            row = database.execute("SELECT bucket, body FROM spent WHERE nonce = ?", (nonce,)).fetchone()
        return (row[0], row[1]) == (at, body)

    def open_buckets(self) -> list[Bucket]:
        """Buckets that still take reports."""
        rows = self._database.execute("SELECT release, collection, epoch, key_id FROM buckets WHERE state = 'open'")
        return [Bucket(*row) for row in rows]

    def close_bucket(self, bucket: Bucket, minimum_batch: int, shuffle: Shuffle) -> Closed:
        """Shuffle and pack, or drop below the minimum, in one transaction: the order is on the disk before anyone sees it.

        Then the rows are gone from the file and from its log.
        """
        with transaction(self._database) as database:
            self._ids.clear()
            at, _ = self._bucket(bucket)
            bodies = [row[0] for row in database.execute("SELECT body FROM reports WHERE bucket = ?", (at,))]
            dropped = len(bodies) < minimum_batch
            if not dropped:
                shuffle(bodies)
                database.executemany(
                    "INSERT INTO batches (bucket, sequence, key, value) VALUES (?, ?, ?, ?)",
                    [
                        (at, b.sequence, batch_key(bucket, b.sequence), b.to_bytes())
                        for b in pack(bucket, bodies, self._batch_most)
                    ],
                )
            database.execute("DELETE FROM reports WHERE bucket = ?", (at,))
            database.execute("DELETE FROM spent WHERE bucket = ?", (at,))
            state = "dropped" if dropped else "shuffled"
            database.execute("UPDATE buckets SET state = ?, reports = ? WHERE id = ?", (state, len(bodies), at))
        scrub_log(self._database)
        return Closed(bucket, len(bodies), dropped)

    def waiting(self) -> list[tuple[int, list[tuple[bytes, bytes]]]]:
        """Shuffled buckets that were not handed over (or of which that is not known): id and (key, value) of each batch."""
        found = []
        for (at,) in self._database.execute("SELECT id FROM buckets WHERE state = 'shuffled' ORDER BY id").fetchall():
            rows = self._database.execute("SELECT key, value FROM batches WHERE bucket = ? ORDER BY sequence", (at,)).fetchall()
            found.append((at, rows))
        return found

    def handed(self, at: int) -> None:
        """The transport holds the whole bucket: delete our copy."""
        with transaction(self._database) as database:
            database.execute("DELETE FROM batches WHERE bucket = ?", (at,))
            database.execute("UPDATE buckets SET state = 'handed' WHERE id = ?", (at,))
        scrub_log(self._database)

    def close(self) -> None:
        """Close the file."""
        self._database.close()


def pack(bucket: Bucket, bodies: Sequence[bytes], most: int = BATCH_MOST) -> list[Batch]:
    """Batches of at most `most` reports each, numbered from 0."""
    parts = [tuple(bodies[at : at + most]) for at in range(0, len(bodies), most)]
    return [Batch(bucket, len(bodies), sequence, part) for sequence, part in enumerate(parts)]
