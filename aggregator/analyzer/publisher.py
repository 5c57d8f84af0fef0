"""Carries out closes: the only part of the analyzer that writes the public folder."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import structlog

from aggregator.analyzer.book import Book
from aggregator.analyzer.closing import ClosePlan, changes_pool, settle
from aggregator.analyzer.folds import Merged, merge
from aggregator.analyzer.guarantees import Draw, budget_allows, guarantees_of, noise_of
from aggregator.analyzer.history import catalogue_facts, earlier_epochs
from aggregator.analyzer.publish_lock import PublishLock
from aggregator.analyzer.settings import AnalyzerSettings
from aggregator.analyzer.store import AnalyzerStore, BucketRow, PlannedClose
from aggregator.errors import ReleaseRefused
from aggregator.files import get_file, put_file
from aggregator.keys import Secret
from aggregator.pools import PoolParts
from aggregator.release import publish_manifest, read_manifest, read_release
from aggregator.tracing import span
from contracts import (
    LEDGER_PATH,
    MANIFEST_PATH,
    RECEIPT_TYPE,
    Collection,
    Configuration,
    Envelope,
    FileRef,
    Manifest,
    Pool,
)
from privacy.server_ledger import ServerLedger
from privacy.signing import sign

_log = structlog.get_logger("analyzer")
BELOW_MINIMUM = "below the minimum after opening"
BUDGET_SPENT = "the server's budget of the collection is spent"
PUBLISHED = "in the ledger already: its noise is not drawn again"
Step = Callable[[str], None]
"""Called with the name of each step once it is done: where tests pull the plug."""

Place = tuple[int, int, int]


def _place(path: Path) -> Place | None:
    """What changes when a file is written or replaced; None where there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


class Publisher:
    """Closes complete buckets, one after the other."""

    def __init__(
        self, settings: AnalyzerSettings, store: AnalyzerStore, pool_key: Secret, ledger_key: Secret,
        clock: Callable[[], float] = time.time, step: Step = lambda _: None, draw: Draw | None = None,
    ) -> None:  # fmt: skip
        """`draw`: of the noise, where the settings ask for it; None for OpenDP's."""
        self._settings, self._store, self._clock, self._step, self._draw = settings, store, clock, step, draw
        self._policy = settings.late_policy()
        self._lock = PublishLock(settings.publishing_lock())
        self._public, self._pool_key = Path(settings.public), pool_key
        self._ledger_key = ledger_key
        self._ledger = ServerLedger(self._public / LEDGER_PATH, ledger_key.private)
        self._ledger_at = _place(self._public / LEDGER_PATH)
        self._book, self._known = Book({}), ""
        self._manifest_at: Place | None = None
        self._new_items: tuple[int, ...] = ()
        self._categories: tuple[int, ...] = ()
        self.refresh()

    @property
    def pool_public_key(self) -> bytes:
        """What manifests are checked with."""
        return self._pool_key.public

    def book(self) -> Book:
        """All configurations that reports may still come under."""
        return self._book

    def manifest(self) -> Manifest:
        """The manifest in force."""
        manifest = read_manifest(self._public, self._pool_key.public)
        if manifest is None:
            raise ReleaseRefused(f"no manifest in {self._public}; publish a release first")
        return manifest

    def refresh(self) -> None:
        """Take up a release that was published meanwhile. Costs one `stat` while the manifest's file is the same."""
        place = _place(self._public / MANIFEST_PATH)
        if place is None or place != self._manifest_at:
            self._take_up(self.manifest())
            self._manifest_at = place

    def _take_up(self, manifest: Manifest) -> None:
        if manifest.release.path == self._known:
            return
        release = read_release(self._public, manifest.release)
        self._store.remember_configuration(release.configuration.sha256, get_file(self._public, release.configuration))
        self._book, self._known = Book.from_bytes(self._store.configurations()), manifest.release.path
        self._new_items, self._categories = catalogue_facts(self._public, release)

    def _reopen_ledger(self) -> None:
        """Where another worker wrote it, or where a write of ours failed. Under the lock."""
        path = self._public / LEDGER_PATH
        if _place(path) != self._ledger_at:
            self._ledger = ServerLedger(path, self._ledger_key.private)
            self._ledger_at = _place(path)

    def _renewed(self) -> Manifest:
        """The manifest in force, made anew where it is past half its life. Under the lock."""
        manifest, now = self.manifest(), int(self._clock())
        self._take_up(manifest)
        if now - manifest.issued > self._settings.manifest_lifetime_s // 2:
            return publish_manifest(self._public, self._pool_key, now_s=now, lifetime_s=self._settings.manifest_lifetime_s)
        return manifest

    def close_complete(self) -> int:
        """First finish closes that were interrupted, then close every bucket that is due; returns how many.

        One worker publishes at a time; 0 where that is another one, or where the settings say that this host does not.
        """
        if not self._settings.publishes:
            return 0
        with self._lock.held() as held, self._store.publishing() if held else nullcontext(False) as ours:
            if not ours:
                return 0
            self._renewed()
            self._reopen_ledger()
            rows = self._store.buckets("closing")
            for row in rows:
                self._publish(row)
            return len(rows) + sum(self._traced_close(row) for row in self._due())

    def _due(self) -> list[BucketRow]:
        now = self._clock()
        return [row for row in self._store.buckets("open") if self._closes(row, now)]

    def _closes(self, row: BucketRow, now: float) -> bool:
        known = self._book.collection(row.bucket)
        assert known is not None, "a bucket's configuration stays known"
        return self._policy.closes(row.bucket.epoch, known[0].epoch_s, row.arrived >= row.bucket_reports, now)

    def forget(self) -> None:
        """Delete what is older than the retention."""
        now, ended = self._clock(), [*self._store.buckets("closed"), *self._store.buckets("refused")]
        known = [(row, self._book.collection(row.bucket)) for row in ended]
        gone = [row.id for row, found in known if found and self._policy.forgets(row.bucket.epoch, found[0].epoch_s, now)]
        self._store.forget(gone, int(now - self._policy.retention_s))

    def _traced_close(self, row: BucketRow) -> bool:
        with span("close", collection=row.bucket.collection, epoch=row.bucket.epoch, reports=row.arrived):
            return self._close(row)

    def _close(self, row: BucketRow) -> bool:
        known = self._book.collection(row.bucket)
        assert known is not None
        merged = merge(self._store.folded(row.id))
        row = row.merged(merged)
        reason = self._refusal(row, *known)
        if reason:
            self._store.refuse(row, reason)
            _log.warning("close refused", reason=reason, collection=row.bucket.collection, epoch=row.bucket.epoch)
            return True
        if not self._store.begin_close(row, self._plan(row, merged, *known)):
            return False
        self._step("planned")
        self._publish(row)
        return True

    def _refusal(self, row: BucketRow, configuration: Configuration, collection: Collection) -> str:
        """Why nothing of a complete bucket may be published, '' where it may. Junk is no company: only what counts, counts."""
        if row.counted < configuration.minimum_batch:
            return BELOW_MINIMUM
        if self._settings.noise_epsilon is not None and self._ledger.find(row.bucket) is not None:
            return PUBLISHED  # the store was restored from before that close: two draws would average out
        return "" if budget_allows(self._ledger, row.bucket, collection, self._settings.budget_epsilon) else BUDGET_SPENT

    def _plan(self, row: BucketRow, merged: Merged, configuration: Configuration, collection: Collection) -> PlannedClose:
        """All that the close publishes. A draw of the noise that `begin_close` then does not take is never seen by anyone."""
        settings, manifest = self._settings, self._renewed()
        before, parts = self._pool_parts(row, collection, manifest)
        noise = noise_of(collection, settings.noise_epsilon, settings.delta, self._draw)
        cost = guarantees_of(
            collection, row.counted, configuration.minimum_batch, settings.operators, settings.delta,
            noise.stated if noise else None,
        )  # fmt: skip
        settled = settle(
            row.bucket, merged.messages, row.refusals, configuration, collection, parts, settings.operators, cost, noise
        )
        plan = ClosePlan(
            time=int(self._clock()), manifest_version=manifest.version + 1, lifetime_s=settings.manifest_lifetime_s, before=before
        )
        envelope = sign(RECEIPT_TYPE, settled.receipt.to_bytes(), self._pool_key.private)
        return PlannedClose(plan.to_bytes(), envelope.to_bytes(), settled.pool, settled.counts, settled.category_pool)

    def _pool_parts(
        self, row: BucketRow, collection: Collection, manifest: Manifest
    ) -> tuple[FileRef, PoolParts] | tuple[None, None]:
        """The pool before the bucket's epoch and what a new one is made of; nothing where the close leaves the pool alone."""
        present = Pool.from_bytes(get_file(self._public, manifest.pool))
        if not changes_pool(collection, row.bucket.epoch, row.counted, present):
            return None, None
        base = read_release(self._public, manifest.release).base_pool
        before = manifest.pool
        if row.bucket.epoch == present.epoch:  # the rank cap holds for an epoch, however many buckets it has
            before = self._store.pool_before(manifest.pool) or base
        first, previous = (Pool.from_bytes(get_file(self._public, reference)) for reference in (base, before))
        rules = self._settings.pool
        return before, PoolParts(
            first, previous, rules, self._new_items, frozenset(manifest.availability.unavailable), self._categories,
            earlier_epochs(self._public, manifest, collection, row.bucket.epoch, rules), base.sha256, before.sha256,
        )  # fmt: skip

    def _publish(self, row: BucketRow) -> None:
        """Write down what was planned; every step gives the same bytes when it is done again."""
        started = time.perf_counter()
        planned = self._store.planned(row.id)
        plan = ClosePlan.from_bytes(planned.plan)
        self._ledger_at = None  # until the write is known to be whole
        self._ledger.append(Envelope.from_bytes(planned.receipt).payload_bytes(), time=plan.time)
        self._ledger_at = _place(self._public / LEDGER_PATH)
        self._step("ledger")
        put_file(self._public, planned.counts, ".f64", compress=False)
        pool = put_file(self._public, planned.pool, ".json") if planned.pool is not None else None
        categories = put_file(self._public, planned.category_pool, ".json") if planned.category_pool is not None else None
        receipt = put_file(self._public, planned.receipt, ".json")
        self._step("files")
        self._publish_manifest(plan, pool, receipt, categories)
        self._step("manifest")
        self._store.finish_close(row.id, receipt.path, pool, plan.before)
        self._step("finished")
        _log.info(
            "bucket published", collection=row.bucket.collection, epoch=row.bucket.epoch, reports=row.counted,
            seconds=round(time.perf_counter() - started, 3),
        )  # fmt: skip

    def _publish_manifest(self, plan: ClosePlan, pool: FileRef | None, reference: FileRef, categories: FileRef | None) -> None:
        present = self.manifest()
        ours = present.version < plan.manifest_version or reference in present.receipts  # else a release came in between
        publish_manifest(
            self._public, self._pool_key, now_s=plan.time, pool=pool, category_pool=categories, receipts=(reference,),
            ledger=(self._ledger.entries, self._ledger.head), lifetime_s=plan.lifetime_s,
            version=max(plan.manifest_version, present.version) if ours else None,
        )  # fmt: skip
