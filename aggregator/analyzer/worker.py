"""The worker: moves deliveries through the fold into the store. The outbox loop and the Faust agent both call it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from aggregator.analyzer.book import Book
from aggregator.analyzer.folds import BucketRules, Opener, fold_batch, report_id
from aggregator.analyzer.store import AnalyzerStore, Claim
from aggregator.keys import Secret
from aggregator.transport import Delivered
from contracts import Batch, Bucket, ContractError
from privacy import SealingError, sealing


def hpke_opener(keys: Mapping[int, Secret]) -> Opener:
    """Opens with the bucket's key."""
    openers = {key_id: sealing.Opener(secret.private) for key_id, secret in keys.items()}

    info_of = lru_cache(maxsize=64)(Bucket.info)

    def open_report(bucket: Bucket, body: bytes) -> bytes | None:
        opener = openers.get(bucket.key_id)
        if opener is None:
            return None
        try:
            return opener.open(body, info_of(bucket))
        except SealingError:
            return None

    return open_report


class Worker:
    """Folds what is delivered, in one transaction a call."""

    def __init__(self, store: AnalyzerStore, book: Callable[[], Book], open_report: Opener) -> None:
        self.store, self._book, self._open = store, book, open_report

    def process(self, claim: Claim, deliveries: Sequence[Delivered]) -> int:
        """Fold deliveries of the claimed partition, in the order of their offsets; returns the next offset.

        What is below the next offset was folded before and is skipped. Raises `StaleGeneration`, with nothing stored, where
        another worker has the partition now.
        """
        with self.store.transaction():
            expected = self.store.next_offset(claim)
            for delivered in deliveries:
                if delivered.offset < expected:
                    self.store.count_replay(claim)
                    continue
                self._fold(delivered)
                expected = delivered.offset + 1
            self.store.advance(claim, expected)
        return expected

    def _fold(self, delivered: Delivered) -> None:
        try:
            batch = Batch.from_bytes(delivered.value)
        except ContractError:
            self.store.dead_letter(delivered.partition, delivered.offset, "malformed batch")
            return
        rules = self._book().rules(batch.bucket)
        if rules is None:
            self.store.dead_letter(delivered.partition, delivered.offset, "unknown release or collection")
        elif batch.bucket_reports < rules.minimum_batch:
            self.store.dead_letter(delivered.partition, delivered.offset, "bucket below its minimum")
        else:
            self._fold_known(batch, delivered, rules)

    def _fold_known(self, batch: Batch, delivered: Delivered, rules: BucketRules) -> None:
        row = self.store.bucket(batch.bucket, batch.bucket_reports)
        if row.state != "open":
            self.store.add_late(row.id, len(batch.bodies))
        elif row.bucket_reports != batch.bucket_reports:
            self.store.dead_letter(delivered.partition, delivered.offset, "contradicts the size of its bucket")
        else:
            seen = self.store.seen(row.id, map(report_id, batch.bodies))
            self.store.add(row.id, batch.sequence, len(batch.bodies), fold_batch(batch, rules, seen, self._open))
