"""The worker: moves deliveries through opening and fold into the store. The outbox loop and the Faust agent both call it.

Preparing (parse, open, fold) costs nearly all of the time and touches no store; committing is one short transaction for many
batches. So batches may be prepared ahead and by other processes, and workers of one host hold the store's lock only to write.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

from aggregator.analyzer.book import Book
from aggregator.analyzer.folds import Rows
from aggregator.analyzer.opening import Job, Opening
from aggregator.analyzer.policy import LatePolicy
from aggregator.analyzer.store import AnalyzerStore, BucketRow, Claim
from aggregator.tracing import span
from aggregator.transport import Delivered
from contracts import Batch, Bucket, ContractError


@dataclass(frozen=True)
class Prepared:
    """A delivery on its way: its batch and rows, or why it is a dead letter."""

    delivered: Delivered
    batch: Batch | None = None
    rows: Future[Rows] | None = None
    reason: str = ""


class Releases(Protocol):
    """Where the worker learns which reports there may be."""

    def refresh(self) -> None:
        """Take up a release that was published meanwhile."""

    def book(self) -> Book:
        """All that are known."""


class Worker:
    """Folds what is delivered."""

    def __init__(
        self, store: AnalyzerStore, releases: Releases, opening: Opening, policy: LatePolicy, clock: Callable[[], float],
        folded: Callable[[int], None] = lambda _reports: None,
    ) -> None:  # fmt: skip
        self.store, self._releases, self._opening, self._policy = store, releases, opening, policy
        self._clock, self._folded = clock, folded

    def prepare(self, delivered: Delivered) -> Prepared:
        """Begin to open and fold. Anything may come from a transport: what cannot be folded is a dead letter, with its reason."""
        try:
            batch = Batch.from_bytes(delivered.value)
        except ContractError:
            return Prepared(delivered, reason="malformed batch")
        self._releases.refresh()
        known = self._releases.book().rules(batch.bucket)
        if known is None:
            return Prepared(delivered, reason="unknown release or collection")
        epoch_s, rules = known
        if batch.bucket_reports < rules.minimum_batch:
            return Prepared(delivered, reason="bucket below its minimum")
        reason = self._policy.refusal(batch.bucket.epoch, epoch_s, self._clock())
        if reason:
            return Prepared(delivered, reason=reason)
        return Prepared(delivered, batch, self._opening.submit(Job(batch.bucket, rules, b"".join(batch.bodies))))

    def commit(self, claim: Claim, prepared: Sequence[Prepared]) -> int:
        """Store what was prepared of the claimed partition, in the order of offsets, in one transaction; returns the next offset.

        What is below the next offset was folded before and is skipped. Raises `StaleGeneration`, with nothing stored, where
        another worker has the partition now.
        """
        for each in prepared:
            if each.rows is not None:
                each.rows.result()  # waited for before the store is locked
        with span("fold", partition=claim.partition, batches=len(prepared)), self.store.transaction():
            expected = self.store.next_offset(claim)
            rows = self._rows([each.batch for each in prepared if each.batch and each.delivered.offset >= expected])
            for each in prepared:
                if each.delivered.offset < expected:
                    self.store.count_replay(claim)
                    continue
                self._store(each, rows)
                expected = each.delivered.offset + 1
            self.store.advance(claim, expected)
        return expected

    def process(self, claim: Claim, deliveries: Sequence[Delivered]) -> int:
        """`prepare` and `commit`."""
        return self.commit(claim, [self.prepare(delivered) for delivered in deliveries])

    def _rows(self, batches: Sequence[Batch]) -> dict[Bucket, BucketRow]:
        """Rows of the batches' buckets, made and taken in the buckets' order; the first batch says how large a new one is."""
        sizes: dict[Bucket, int] = {}
        for batch in batches:
            sizes.setdefault(batch.bucket, batch.bucket_reports)
        return {bucket: self.store.bucket(bucket, sizes[bucket]) for bucket in sorted(sizes)}

    def _store(self, prepared: Prepared, rows: Mapping[Bucket, BucketRow]) -> None:
        batch, delivered = prepared.batch, prepared.delivered
        if batch is None or prepared.rows is None:
            self._dead_letter(delivered, prepared.reason)
            return
        row = rows[batch.bucket]
        if row.state != "open":
            self.store.add_late(row.id, len(batch.bodies))
        elif row.bucket_reports != batch.bucket_reports:
            self._dead_letter(delivered, "contradicts the size of its bucket")
        else:
            self.store.add(row.id, batch.sequence, delivered.value, prepared.rows.result())
            self._folded(len(batch.bodies))

    def _dead_letter(self, delivered: Delivered, reason: str) -> None:
        self.store.dead_letter(delivered.partition, delivered.offset, reason, int(self._clock()), delivered.value)

    def close(self) -> None:
        """End what opens."""
        self._opening.close()
