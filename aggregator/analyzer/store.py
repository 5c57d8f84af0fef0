"""The analyzer's store. One transaction holds what a batch adds, the ids that it brought, and the next offset of its partition.

Offsets guard against replays, ids against a sender's retries, the generation against a worker that lost its partition.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np

from aggregator.analyzer.folds import ROW, Rows
from aggregator.analyzer.store_database import open_database
from aggregator.analyzer.store_rows import COLUMNS, REASONS, BucketRow, Claim, DeadLetter, PlannedClose, bucket_row
from aggregator.database import Connection, transaction
from aggregator.errors import StaleGeneration
from contracts import Bucket, FileRef

__all__ = ["AnalyzerStore", "BucketRow", "Claim", "DeadLetter", "PlannedClose"]

DEAD_VALUES_KEPT = 10_000
"""Values of dead letters that wait to be forwarded; beyond it (56 MB) only their places and reasons are kept."""
FETCHED = 1_000
"""Batches that are read at once: 2 MB."""


class AnalyzerStore:
    """One connection. Workers of one host may open the same file, workers of several the same PostgreSQL database (0092)."""

    def __init__(self, where: str | Path) -> None:
        """`where`: path of a SQLite file, or `postgresql://user@host/database`. Raises `StoreAway`, `SettingsRefused`."""
        self._kind = open_database(where)
        self._database = self._kind.connection
        self._one = threading.RLock()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Connection]:
        """All or nothing; the methods marked so are called inside. One thread at a time."""
        with self._one, transaction(self._database, self._kind.begin) as database:
            yield database

    def publishing(self) -> AbstractContextManager[bool]:
        """Whether this store lets us publish inside: False where a worker of another host does."""
        return self._kind.publishing()

    # -- partitions ---------------------------------------------------------------------------------------------------------

    def claim(self, partition: str) -> Claim:
        """Take a partition: every older generation's commit fails from now on."""
        with self.transaction() as database:
            made = "INSERT INTO partitions (name, generation, next_offset) VALUES (?, 0, 0) ON CONFLICT DO NOTHING"
            database.execute(made, (partition,))
            database.execute("UPDATE partitions SET generation = generation + 1 WHERE name = ?", (partition,))
            generation, offset = database.execute(
                "SELECT generation, next_offset FROM partitions WHERE name = ?", (partition,)
            ).fetchone()
        return Claim(partition, generation, offset)

    def next_offset(self, claim: Claim) -> int:
        """Inside a transaction: the first offset that is not folded yet; raises `StaleGeneration`."""
        generation, offset = self._database.execute(
            f"SELECT generation, next_offset FROM partitions WHERE name = ?{self._kind.for_update}", (claim.partition,)
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
        return list(self._database.execute('SELECT partition, "offset", reason FROM dead_letters ORDER BY id').fetchall())

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
        """Inside a transaction: the bucket's row, made if it is new, and ours until the end: no close begins meanwhile.

        Of several buckets, in their order: two workers that waited for each other's would both fail.
        """
        fields = (bucket.release, bucket.collection, bucket.epoch, bucket.key_id)
        made = "INSERT INTO buckets (release, collection, epoch, key_id, bucket_reports) VALUES (?, ?, ?, ?, ?)"
        self._database.execute(f"{made} ON CONFLICT DO NOTHING", (*fields, bucket_reports))
        where = f"WHERE release = ? AND collection = ? AND epoch = ? AND key_id = ?{self._kind.for_update}"
        return bucket_row(self._database.execute(f"SELECT {COLUMNS} FROM buckets {where}", fields).fetchone())

    def add(self, bucket: int, sequence: int, value: bytes, rows: Rows) -> None:
        """Inside a transaction: what a batch adds to an open bucket.

        Its reports have arrived unless a batch of that number came before. The very same batch again adds nothing.
        """
        database, digest = self._database, hashlib.sha256(value).digest()[:16]
        came = database.execute("SELECT 1 FROM folded WHERE bucket = ? AND sequence = ? LIMIT 1", (bucket, sequence)).fetchone()
        added = database.execute(
            "INSERT INTO folded (bucket, sequence, digest, reports) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (bucket, sequence, digest, rows.tobytes()),
        ).rowcount
        column = "arrived" if came is None else "duplicate" if not added else None
        if column is not None:
            database.execute(f"UPDATE buckets SET {column} = {column} + ? WHERE id = ?", (len(rows), bucket))

    def add_late(self, bucket: int, reports: int) -> None:
        """Inside a transaction: reports that came after the close."""
        self._database.execute("UPDATE buckets SET late = late + ? WHERE id = ?", (reports, bucket))

    def folded(self, bucket: int) -> Rows:
        """The row of every report that came, duplicates too: `ROW`[n]. Memory: those rows and `FETCHED` batches."""
        size = "SELECT coalesce(sum(length(reports)), 0) FROM folded WHERE bucket = ?"
        with self._one, transaction(self._database, self._kind.snapshot) as database:
            found = np.empty(int(database.execute(size, (bucket,)).fetchone()[0]) // ROW.itemsize, dtype=ROW)
            at = 0
            for packed in self._packed(bucket):
                rows = np.frombuffer(packed, dtype=ROW)
                found[at : at + len(rows)] = rows
                at += len(rows)
        return found

    def _packed(self, bucket: int) -> Iterator[bytes]:
        after: tuple[int, bytes] | None = (-1, b"")
        page = (
            "SELECT sequence, digest, reports FROM folded WHERE bucket = ? AND (sequence, digest) > (?, ?) "
            f"ORDER BY sequence, digest LIMIT {FETCHED}"
        )
        while after is not None:
            rows = self._database.execute(page, (bucket, *after)).fetchall()
            yield from (packed for _, _, packed in rows)
            after = rows[-1][:2] if len(rows) == FETCHED else None

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
        return bool(changed.rowcount == 1)

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
                    database.execute(
                        "INSERT INTO state VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                        (name, reference.model_dump_json()),
                    )
        self._kind.scrub()

    def refuse(self, row: BucketRow, reason: str) -> None:
        """Nothing of the bucket is published. Its ids and messages are deleted and overwritten."""
        with self.transaction():
            if self._settle(row, "refused"):
                self._end(row.id, "refused", reason)
        self._kind.scrub()

    def _end(self, bucket: int, state: str, outcome: str) -> None:
        self._database.execute("UPDATE buckets SET state = ?, outcome = ? WHERE id = ?", (state, outcome, bucket))
        for table in ("folded", "closes"):
            self._database.execute(f"DELETE FROM {table} WHERE bucket = ?", (bucket,))

    def forget(self, buckets: Sequence[int], letters_before: int) -> None:
        """Delete ended buckets and the dead letters from before a time: what came of them is published or counted."""
        with self.transaction() as database:
            database.executemany("DELETE FROM buckets WHERE id = ? AND state IN ('closed', 'refused')", [(at,) for at in buckets])
            database.execute("DELETE FROM dead_letters WHERE at < ?", (letters_before,))
        self._kind.scrub()

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
            database.execute("INSERT INTO configurations VALUES (?, ?) ON CONFLICT DO NOTHING", (release, body))

    def configurations(self) -> dict[str, bytes]:
        """By release."""
        return dict(self._database.execute("SELECT release, body FROM configurations").fetchall())

    def close(self) -> None:
        """Close the file or the connection."""
        self._database.close()
