"""The analyzer's store. One transaction holds what a batch adds, the ids that it brought, and the next offset of its partition.

Offsets guard against replays, ids against a sender's retries, the generation against a worker that lost its partition.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np

from aggregator.analyzer.folds import ROW, Rows
from aggregator.analyzer.store_rows import COLUMNS, REASONS, BucketRow, Claim, DeadLetter, PlannedClose, bucket_row
from aggregator.errors import StaleGeneration
from aggregator.sqlite import connect, scrub_log, transaction
from contracts import Bucket, FileRef

__all__ = ["AnalyzerStore", "BucketRow", "Claim", "DeadLetter", "PlannedClose"]

DEAD_VALUES_KEPT = 10_000
"""Values of dead letters that wait to be forwarded; beyond it (56 MB) only their places and reasons are kept."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS partitions (
    name TEXT PRIMARY KEY, generation INTEGER NOT NULL, next_offset INTEGER NOT NULL, replays INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE IF NOT EXISTS configurations (release TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS buckets (
    id INTEGER PRIMARY KEY,
    release TEXT NOT NULL, collection INTEGER NOT NULL, epoch INTEGER NOT NULL, key_id INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closing', 'closed', 'refused')),
    bucket_reports INTEGER NOT NULL, arrived INTEGER NOT NULL DEFAULT 0, counted INTEGER NOT NULL DEFAULT 0,
    unopened INTEGER NOT NULL DEFAULT 0, duplicate INTEGER NOT NULL DEFAULT 0, malformed INTEGER NOT NULL DEFAULT 0,
    out_of_range INTEGER NOT NULL DEFAULT 0, missing INTEGER NOT NULL DEFAULT 0, late INTEGER NOT NULL DEFAULT 0, outcome TEXT,
    UNIQUE (release, collection, epoch, key_id)
) STRICT;
CREATE TABLE IF NOT EXISTS folded (
    id INTEGER PRIMARY KEY, bucket INTEGER NOT NULL REFERENCES buckets (id),
    sequence INTEGER NOT NULL, digest BLOB NOT NULL, reports BLOB NOT NULL,
    UNIQUE (bucket, sequence, digest)
) STRICT;
CREATE TABLE IF NOT EXISTS closes (
    bucket INTEGER PRIMARY KEY REFERENCES buckets (id), plan BLOB NOT NULL, receipt BLOB NOT NULL, pool BLOB,
    counts BLOB NOT NULL, category_pool BLOB
) STRICT;
CREATE TABLE IF NOT EXISTS dead_letters (
    id INTEGER PRIMARY KEY, partition TEXT NOT NULL, "offset" INTEGER NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL,
    value BLOB
) STRICT;
CREATE INDEX IF NOT EXISTS dead_values ON dead_letters (id) WHERE value IS NOT NULL;
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
"""


class AnalyzerStore:
    """One connection; workers of one host may open the same file."""

    def __init__(self, path: Path) -> None:
        self._database = connect(path, _SCHEMA)

    def transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        """All or nothing; the methods marked so are called inside."""
        return transaction(self._database)

    # -- partitions ---------------------------------------------------------------------------------------------------------

    def claim(self, partition: str) -> Claim:
        """Take a partition: every older generation's commit fails from now on."""
        with self.transaction() as database:
            database.execute("INSERT OR IGNORE INTO partitions (name, generation, next_offset) VALUES (?, 0, 0)", (partition,))
            database.execute("UPDATE partitions SET generation = generation + 1 WHERE name = ?", (partition,))
            generation, offset = database.execute(
                "SELECT generation, next_offset FROM partitions WHERE name = ?", (partition,)
            ).fetchone()
        return Claim(partition, generation, offset)

    def next_offset(self, claim: Claim) -> int:
        """Inside a transaction: the first offset that is not folded yet; raises `StaleGeneration`."""
        generation, offset = self._database.execute(
            "SELECT generation, next_offset FROM partitions WHERE name = ?", (claim.partition,)
        ).fetchone()
        if generation != claim.generation:
            raise StaleGeneration(f"{claim.partition}: generation {claim.generation} lost the partition to {generation}")
        return int(offset)

    def offsets(self) -> dict[str, int]:
        """First offset that is not folded yet, of every partition that any worker ever had."""
        return dict(self._database.execute("SELECT name, next_offset FROM partitions").fetchall())

    def advance(self, claim: Claim, next_offset: int) -> None:
        """Inside a transaction."""
        self._database.execute("UPDATE partitions SET next_offset = ? WHERE name = ?", (next_offset, claim.partition))

    def count_replay(self, claim: Claim) -> None:
        """Inside a transaction: a message that was folded before came again."""
        self._database.execute("UPDATE partitions SET replays = replays + 1 WHERE name = ?", (claim.partition,))

    def replays(self) -> int:
        """Messages that came again, in all."""
        return int(self._database.execute("SELECT coalesce(sum(replays), 0) FROM partitions").fetchone()[0])

    # -- dead letters -------------------------------------------------------------------------------------------------------

    def dead_letter(self, partition: str, offset: int, reason: str, at: int, value: bytes) -> None:
        """Inside a transaction: a message that cannot be folded. Its value is kept until `forwarded` or scrubbed."""
        kept = value if self._values_kept() < DEAD_VALUES_KEPT else None
        self._database.execute(
            'INSERT INTO dead_letters (partition, "offset", reason, at, value) VALUES (?, ?, ?, ?, ?)',
            (partition, offset, reason, at, kept),
        )

    def _values_kept(self) -> int:
        return int(self._database.execute("SELECT count(*) FROM dead_letters WHERE value IS NOT NULL").fetchone()[0])

    def dead_letters(self) -> list[tuple[str, int, str]]:
        """Partition, offset and reason of all of them."""
        return self._database.execute('SELECT partition, "offset", reason FROM dead_letters ORDER BY id').fetchall()

    def dead_letter_reasons(self) -> dict[str, int]:
        """How many there are of each reason."""
        return dict(self._database.execute("SELECT reason, count(*) FROM dead_letters GROUP BY reason").fetchall())

    def dead_values(self, most: int = 100) -> list[DeadLetter]:
        """Those whose value is still here, oldest first."""
        rows = self._database.execute(
            'SELECT id, partition, "offset", reason, value FROM dead_letters WHERE value IS NOT NULL ORDER BY id LIMIT ?', (most,)
        )
        return [DeadLetter(*row) for row in rows]

    def forwarded(self, ids: Sequence[int]) -> None:
        """Their values stand elsewhere now."""
        with self.transaction() as database:
            database.executemany("UPDATE dead_letters SET value = NULL WHERE id = ?", [(at,) for at in ids])

    # -- folding ------------------------------------------------------------------------------------------------------------

    def bucket(self, bucket: Bucket, bucket_reports: int) -> BucketRow:
        """Inside a transaction: the bucket's row, made if it is new."""
        fields = (bucket.release, bucket.collection, bucket.epoch, bucket.key_id)
        self._database.execute(
            "INSERT OR IGNORE INTO buckets (release, collection, epoch, key_id, bucket_reports) VALUES (?, ?, ?, ?, ?)",
            (*fields, bucket_reports),
        )
        where = "WHERE release = ? AND collection = ? AND epoch = ? AND key_id = ?"
        return bucket_row(self._database.execute(f"SELECT {COLUMNS} FROM buckets {where}", fields).fetchone())

    def add(self, bucket: int, sequence: int, value: bytes, rows: Rows) -> None:
        """Inside a transaction: what a batch adds to an open bucket.

        Its reports have arrived unless a batch of that number came before. The very same batch again adds nothing.
        """
        database, digest = self._database, hashlib.sha256(value).digest()[:16]
        came = database.execute("SELECT 1 FROM folded WHERE bucket = ? AND sequence = ? LIMIT 1", (bucket, sequence)).fetchone()
        added = database.execute(
            "INSERT OR IGNORE INTO folded (bucket, sequence, digest, reports) VALUES (?, ?, ?, ?)",
            (bucket, sequence, digest, rows.tobytes()),
        ).rowcount
        column = "arrived" if came is None else "duplicate" if not added else None
        if column is not None:
            database.execute(f"UPDATE buckets SET {column} = {column} + ? WHERE id = ?", (len(rows), bucket))

    def add_late(self, bucket: int, reports: int) -> None:
        """Inside a transaction: reports that came after the close."""
        self._database.execute("UPDATE buckets SET late = late + ? WHERE id = ?", (reports, bucket))

    def folded(self, bucket: int) -> Rows:
        """The row of every report that came, duplicates too: `ROW`[n]."""
        size = "SELECT coalesce(sum(length(reports)), 0) FROM folded WHERE bucket = ?"
        found = np.empty(self._database.execute(size, (bucket,)).fetchone()[0] // ROW.itemsize, dtype=ROW)
        at = 0
        for (packed,) in self._database.execute("SELECT reports FROM folded WHERE bucket = ?", (bucket,)):
            rows = np.frombuffer(packed, dtype=ROW)
            found[at : at + len(rows)] = rows
            at += len(rows)
        return found

    # -- closing ------------------------------------------------------------------------------------------------------------

    def buckets(self, state: str = "%") -> list[BucketRow]:
        """Buckets in a state, in the order in which they are closed: by epoch, then collection."""
        order = "ORDER BY epoch, collection, release, key_id"
        rows = self._database.execute(f"SELECT {COLUMNS} FROM buckets WHERE state LIKE ? {order}", (state,))
        return [bucket_row(row) for row in rows.fetchall()]

    def begin_close(self, row: BucketRow, planned: PlannedClose) -> bool:
        """Fix what a close publishes and what it counted, before anything is published.

        False, with nothing changed: another worker was faster, or reports arrived after `row` was read.
        """
        with self.transaction() as database:
            if not self._settle(row, "closing"):
                return False
            values = (row.id, planned.plan, planned.receipt, planned.pool, planned.counts, planned.category_pool)
            database.execute("INSERT INTO closes VALUES (?, ?, ?, ?, ?, ?)", values)
        return True

    def _settle(self, row: BucketRow, state: str) -> bool:
        counts = ", ".join(f"{reason} = ?" for reason in REASONS)
        values = (state, row.counted, *(getattr(row.refusals, reason) for reason in REASONS), row.id, row.arrived)
        changed = self._database.execute(
            f"UPDATE buckets SET state = ?, counted = ?, {counts} WHERE id = ? AND state = 'open' AND arrived = ?", values
        )
        return changed.rowcount == 1

    def planned(self, bucket: int) -> PlannedClose:
        """What was fixed for a bucket whose close has begun and not ended."""
        where = "SELECT plan, receipt, pool, counts, category_pool FROM closes WHERE bucket = ?"
        return PlannedClose(*self._database.execute(where, (bucket,)).fetchone())

    def finish_close(self, bucket: int, outcome: str, pool: FileRef | None = None, before: FileRef | None = None) -> None:
        """The close is published. Its ids and messages are deleted and overwritten. `pool` started from `before`."""
        with self.transaction() as database:
            self._end(bucket, "closed", outcome)
            for name, reference in (("pool", pool), ("before", before)):
                if pool is not None and reference is not None:
                    database.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (name, reference.model_dump_json()))
        scrub_log(self._database)

    def refuse(self, row: BucketRow, reason: str) -> None:
        """Nothing of the bucket is published. Its ids and messages are deleted and overwritten."""
        with self.transaction():
            if self._settle(row, "refused"):
                self._end(row.id, "refused", reason)
        scrub_log(self._database)

    def _end(self, bucket: int, state: str, outcome: str) -> None:
        self._database.execute("UPDATE buckets SET state = ?, outcome = ? WHERE id = ?", (state, outcome, bucket))
        for table in ("folded", "closes"):
            self._database.execute(f"DELETE FROM {table} WHERE bucket = ?", (bucket,))

    def forget(self, buckets: Sequence[int], letters_before: int) -> None:
        """Delete ended buckets and the dead letters from before a time: what came of them is published or counted."""
        with self.transaction() as database:
            database.executemany("DELETE FROM buckets WHERE id = ? AND state IN ('closed', 'refused')", [(at,) for at in buckets])
            database.execute("DELETE FROM dead_letters WHERE at < ?", (letters_before,))
        scrub_log(self._database)

    def pool_before(self, pool: FileRef) -> FileRef | None:
        """The pool that `pool` started from: the one before its epoch. None where `pool` is not the last that was made."""
        found = {
            name: FileRef.model_validate_json(value)
            for name, value in self._database.execute("SELECT name, value FROM state WHERE name IN ('pool', 'before')")
        }
        return found.get("before") if found.get("pool") == pool else None

    def remember_configuration(self, release: str, body: bytes) -> None:
        """Configurations stay known after the next release: reports sealed under them may still be on their way."""
        with self.transaction() as database:
            database.execute("INSERT OR IGNORE INTO configurations VALUES (?, ?)", (release, body))

    def configurations(self) -> dict[str, bytes]:
        """By release."""
        return dict(self._database.execute("SELECT release, body FROM configurations").fetchall())

    def close(self) -> None:
        """Close the file."""
        self._database.close()
