"""The analyzer's store. One transaction holds what a batch adds, the ids that it brought, and the next offset of its partition.

Offsets guard against replays, ids against a sender's retries, the generation against a worker that lost its partition.
"""

from __future__ import annotations

import array
import sqlite3
import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aggregator.analyzer.folds import Folded
from aggregator.errors import StaleGeneration
from aggregator.sqlite import connect, scrub_log, transaction
from contracts import Bucket, FileRef, Refusals

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
    out_of_range INTEGER NOT NULL DEFAULT 0, late INTEGER NOT NULL DEFAULT 0, outcome TEXT,
    UNIQUE (release, collection, epoch, key_id)
) STRICT;
CREATE TABLE IF NOT EXISTS seen (
    bucket INTEGER NOT NULL REFERENCES buckets (id), id BLOB NOT NULL, PRIMARY KEY (bucket, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS partials (
    id INTEGER PRIMARY KEY, bucket INTEGER NOT NULL REFERENCES buckets (id), messages BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS partials_by_bucket ON partials (bucket);
CREATE TABLE IF NOT EXISTS received (
    bucket INTEGER NOT NULL REFERENCES buckets (id), sequence INTEGER NOT NULL, PRIMARY KEY (bucket, sequence)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS closes (
    bucket INTEGER PRIMARY KEY REFERENCES buckets (id), plan BLOB NOT NULL, receipt BLOB NOT NULL, pool BLOB,
    counts BLOB NOT NULL, category_pool BLOB
) STRICT;
CREATE TABLE IF NOT EXISTS dead_letters (partition TEXT NOT NULL, "offset" INTEGER NOT NULL, reason TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
"""


@dataclass(frozen=True)
class Claim:
    """A worker's right to a partition: valid until a newer one is given."""

    partition: str
    generation: int
    next_offset: int


@dataclass(frozen=True)
class BucketRow:
    """What is known of a bucket."""

    id: int
    bucket: Bucket
    state: str
    bucket_reports: int
    arrived: int
    counted: int
    refusals: Refusals
    late: int
    outcome: str | None
    """Path of the receipt, or why the bucket was refused; None while it is open."""


@dataclass(frozen=True)
class PlannedClose:
    """All that a close publishes, as bytes: the `ClosePlan`, the receipt's envelope, the counts, the pools (None for none)."""

    plan: bytes
    receipt: bytes
    pool: bytes | None
    counts: bytes
    category_pool: bytes | None = None


_ROW = """id, release, collection, epoch, key_id, state, bucket_reports, arrived, counted, unopened, duplicate, malformed,
    out_of_range, late, outcome"""

_REASONS = ("unopened", "duplicate", "malformed", "out_of_range")


def _row(values: Sequence[Any]) -> BucketRow:
    at, release, collection, epoch, key_id, state, total, arrived, counted, *refused, late, outcome = values
    refusals = Refusals.model_validate(dict(zip(_REASONS, refused, strict=True)))
    bucket = Bucket(release, collection, epoch, key_id)
    return BucketRow(at, bucket, state, total, arrived, counted, refusals, late, outcome)


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

    def advance(self, claim: Claim, next_offset: int) -> None:
        """Inside a transaction."""
        self._database.execute("UPDATE partitions SET next_offset = ? WHERE name = ?", (next_offset, claim.partition))

    def count_replay(self, claim: Claim) -> None:
        """Inside a transaction: a message that was folded before came again."""
        self._database.execute("UPDATE partitions SET replays = replays + 1 WHERE name = ?", (claim.partition,))

    def replays(self) -> int:
        """Messages that came again, in all."""
        return int(self._database.execute("SELECT coalesce(sum(replays), 0) FROM partitions").fetchone()[0])

    def dead_letter(self, partition: str, offset: int, reason: str) -> None:
        """Inside a transaction: a message that cannot be folded, by place and reason, without its payload."""
        self._database.execute("INSERT INTO dead_letters VALUES (?, ?, ?)", (partition, offset, reason))

    def dead_letters(self) -> list[tuple[str, int, str]]:
        """All of them."""
        return self._database.execute('SELECT partition, "offset", reason FROM dead_letters').fetchall()

    # -- folding ------------------------------------------------------------------------------------------------------------

    def bucket(self, bucket: Bucket, bucket_reports: int) -> BucketRow:
        """Inside a transaction: the bucket's row, made if it is new."""
        fields = (bucket.release, bucket.collection, bucket.epoch, bucket.key_id)
        self._database.execute(
            "INSERT OR IGNORE INTO buckets (release, collection, epoch, key_id, bucket_reports) VALUES (?, ?, ?, ?, ?)",
            (*fields, bucket_reports),
        )
        where = "WHERE release = ? AND collection = ? AND epoch = ? AND key_id = ?"
        return _row(self._database.execute(f"SELECT {_ROW} FROM buckets {where}", fields).fetchone())

    def seen(self, bucket: int, ids: Iterable[bytes]) -> set[bytes]:
        """Those of `ids` that this bucket has."""
        asked = list(ids)
        marks = ",".join("?" * len(asked))
        rows = self._database.execute(f"SELECT id FROM seen WHERE bucket = ? AND id IN ({marks})", (bucket, *asked))
        return {identity for (identity,) in rows}

    def add(self, bucket: int, sequence: int, bodies: int, folded: Folded) -> None:
        """Inside a transaction: what a batch of that many bodies adds to an open bucket.

        Its bodies have arrived, duplicates too, unless a batch of that number came before: that one was sent again.
        """
        database = self._database
        first = database.execute("INSERT OR IGNORE INTO received (bucket, sequence) VALUES (?, ?)", (bucket, sequence)).rowcount
        database.executemany("INSERT INTO seen (bucket, id) VALUES (?, ?)", [(bucket, identity) for identity in folded.ids])
        if folded.messages:
            packed = pack_messages(folded.messages)
            database.execute("INSERT INTO partials (bucket, messages) VALUES (?, ?)", (bucket, packed))
        refused = folded.refusals()
        database.execute(
            """UPDATE buckets SET arrived = arrived + ?, counted = counted + ?, unopened = unopened + ?,
               duplicate = duplicate + ?, malformed = malformed + ?, out_of_range = out_of_range + ? WHERE id = ?""",
            (bodies * first, len(folded.messages), *(getattr(refused, reason) for reason in _REASONS), bucket),
        )

    def add_late(self, bucket: int, reports: int) -> None:
        """Inside a transaction: reports that came after the close."""
        self._database.execute("UPDATE buckets SET late = late + ? WHERE id = ?", (reports, bucket))

    def messages(self, bucket: int) -> array.array[int]:
        """All messages of a bucket, in no order that means anything."""
        found = array.array("I")
        for (packed,) in self._database.execute("SELECT messages FROM partials WHERE bucket = ?", (bucket,)):
            found.extend(unpack_messages(packed))
        return found

    # -- closing ------------------------------------------------------------------------------------------------------------

    def buckets(self, state: str = "%") -> list[BucketRow]:
        """Buckets in a state, in the order in which they are closed: by epoch, then collection."""
        order = "ORDER BY epoch, collection, release, key_id"
        rows = self._database.execute(f"SELECT {_ROW} FROM buckets WHERE state LIKE ? {order}", (state,))
        return [_row(row) for row in rows.fetchall()]

    def complete(self) -> list[BucketRow]:
        """Open buckets of which every report has arrived, be it one that does not count."""
        return [row for row in self.buckets("open") if row.arrived >= row.bucket_reports]

    def begin_close(self, bucket: int, planned: PlannedClose) -> None:
        """Fix what a close publishes, before anything is published."""
        with self.transaction() as database:
            database.execute("UPDATE buckets SET state = 'closing' WHERE id = ? AND state = 'open'", (bucket,))
            values = (bucket, planned.plan, planned.receipt, planned.pool, planned.counts, planned.category_pool)
            database.execute("INSERT OR IGNORE INTO closes VALUES (?, ?, ?, ?, ?, ?)", values)

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

    def refuse(self, bucket: int, reason: str) -> None:
        """Nothing of the bucket is published. Its ids and messages are deleted and overwritten."""
        with self.transaction():
            self._end(bucket, "refused", reason)
        scrub_log(self._database)

    def _end(self, bucket: int, state: str, outcome: str) -> None:
        self._database.execute("UPDATE buckets SET state = ?, outcome = ? WHERE id = ?", (state, outcome, bucket))
        for table in ("seen", "partials", "received", "closes"):
            self._database.execute(f"DELETE FROM {table} WHERE bucket = ?", (bucket,))

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


def pack_messages(messages: Sequence[int]) -> bytes:
    """u32 little-endian each."""
    packed = array.array("I", messages)
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


def unpack_messages(data: bytes) -> array.array[int]:
    """Inverse of `pack_messages`."""
    packed = array.array("I")
    packed.frombytes(data)
    if sys.byteorder == "big":
        packed.byteswap()
    return packed
