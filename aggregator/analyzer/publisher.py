"""Carries out closes: the only part of the analyzer that writes the public folder."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import structlog

from aggregator.analyzer.book import Book
from aggregator.analyzer.closing import ClosePlan, changes_pool, settle
from aggregator.analyzer.guarantees import budget_allows, guarantees_of
from aggregator.analyzer.history import earlier_epochs
from aggregator.analyzer.settings import AnalyzerSettings
from aggregator.analyzer.store import AnalyzerStore, BucketRow, PlannedClose
from aggregator.errors import ReleaseRefused
from aggregator.files import get_file, put_file
from aggregator.keys import Secret
from aggregator.pools import PoolParts
from aggregator.release import publish_manifest, read_manifest, read_release
from contracts import (
    LEDGER_PATH,
    RECEIPT_TYPE,
    Catalogue,
    Collection,
    Configuration,
    Envelope,
    FeatureSpec,
    FileRef,
    Manifest,
    Pool,
    Release,
)
from privacy.server_ledger import ServerLedger
from privacy.signing import sign

_log = structlog.get_logger("analyzer")
BELOW_MINIMUM = "below the minimum after opening"
BUDGET_SPENT = "the server's budget of the collection is spent"
Step = Callable[[str], None]
"""Called with the name of each step once it is done: where tests pull the plug."""


class Publisher:
    """Closes complete buckets, one after the other."""

    def __init__(
        self, settings: AnalyzerSettings, store: AnalyzerStore, pool_key: Secret, ledger_key: Secret,
        clock: Callable[[], float] = time.time, step: Step = lambda _: None,
    ) -> None:  # fmt: skip
        self._settings, self._store, self._clock, self._step = settings, store, clock, step
        self._public, self._pool_key = Path(settings.public), pool_key
        self._ledger = ServerLedger(self._public / LEDGER_PATH, ledger_key.private)
        self._book, self._known = Book({}), ""
        self._new_items: tuple[int, ...] = ()
        self._categories: tuple[int, ...] = ()
        self.refresh()

    def book(self) -> Book:
        """All configurations that reports may still come under."""
        return self._book

    def manifest(self) -> Manifest:
        """The manifest in force."""
        manifest = read_manifest(self._public, self._pool_key.public)
        if manifest is None:
            raise ReleaseRefused(f"no manifest in {self._public}; publish a release first")
        return manifest

    def refresh(self) -> Manifest:
        """Take up a release that was published meanwhile, and renew a manifest that is past half its life."""
        manifest = self.manifest()
        if manifest.release.path != self._known:
            release = read_release(self._public, manifest.release)
            self._store.remember_configuration(release.configuration.sha256, get_file(self._public, release.configuration))
            self._book, self._known = Book.from_bytes(self._store.configurations()), manifest.release.path
            self._new_items, self._categories = self._catalogue_facts(release)
        now = int(self._clock())
        if now - manifest.issued > self._settings.manifest_lifetime_s // 2:
            return publish_manifest(self._public, self._pool_key, now_s=now, lifetime_s=self._settings.manifest_lifetime_s)
        return manifest

    def close_complete(self) -> int:
        """First finish closes that were interrupted, then close every complete bucket; returns how many."""
        rows = self._store.buckets("closing")
        for row in rows:
            self._publish(row)
        complete = self._store.complete()
        for row in complete:
            self._close(row)
        return len(rows) + len(complete)

    def _close(self, row: BucketRow) -> None:
        known = self._book.collection(row.bucket)
        assert known is not None
        reason = self._refusal(row, *known)
        if reason:
            self._store.refuse(row.id, reason)
            _log.warning("close refused", reason=reason, collection=row.bucket.collection, epoch=row.bucket.epoch)
            return
        self._store.begin_close(row.id, self._plan(row, *known))
        self._step("planned")
        self._publish(row)

    def _refusal(self, row: BucketRow, configuration: Configuration, collection: Collection) -> str:
        """Why nothing of a complete bucket may be published, '' where it may. Junk is no company: only what counts, counts."""
        if row.counted < configuration.minimum_batch:
            return BELOW_MINIMUM
        return "" if budget_allows(self._ledger, row.bucket, collection, self._settings.budget_epsilon) else BUDGET_SPENT

    def _plan(self, row: BucketRow, configuration: Configuration, collection: Collection) -> PlannedClose:
        settings, manifest = self._settings, self.refresh()
        before, parts = self._pool_parts(row, collection, manifest)
        settled = settle(
            row.bucket, self._store.messages(row.id), row.refusals, configuration, collection, parts, settings.operators,
            guarantees_of(collection, row.counted, configuration.minimum_batch, settings.operators, settings.delta),
        )  # fmt: skip
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
            earlier_epochs(self._public, manifest, collection, row.bucket.epoch, rules),
        )  # fmt: skip

    def _catalogue_facts(self, release: Release) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Items beyond the model, and the category of each item."""
        spec = FeatureSpec.from_bytes(get_file(self._public, release.feature_spec))
        items = Catalogue.from_bytes(get_file(self._public, release.catalogue)).items
        return tuple(range(spec.items + 1, len(items) + 1)), tuple(item.category for item in items)

    def _publish(self, row: BucketRow) -> None:
        """Write down what was planned; every step gives the same bytes when it is done again."""
        started = time.perf_counter()
        planned = self._store.planned(row.id)
        plan = ClosePlan.from_bytes(planned.plan)
        self._ledger.append(Envelope.from_bytes(planned.receipt).payload_bytes(), time=plan.time)
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
