"""Carries out closes: the only part of the analyzer that writes the public folder."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import structlog

from aggregator.analyzer.book import Book
from aggregator.analyzer.closing import ClosePlan, Settled, settle
from aggregator.analyzer.guarantees import budget_allows, guarantees_of
from aggregator.analyzer.settings import AnalyzerSettings
from aggregator.analyzer.store import AnalyzerStore, BucketRow
from aggregator.errors import ReleaseRefused
from aggregator.files import get_file, put_file
from aggregator.keys import Secret
from aggregator.release import publish_manifest, read_manifest, read_release
from contracts import LEDGER_PATH, RECEIPT_TYPE, Catalogue, FeatureSpec, FileRef, Manifest, Pool, Receipt, Release
from privacy.server_ledger import ServerLedger
from privacy.signing import sign

_log = structlog.get_logger("analyzer")
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
            self._new_items = self._items_beyond_model(release)
        now = int(self._clock())
        if now - manifest.issued > self._settings.manifest_lifetime_s // 2:
            return publish_manifest(self._public, self._pool_key, now_s=now, lifetime_s=self._settings.manifest_lifetime_s)
        return manifest

    def close_complete(self) -> int:
        """First finish closes that were interrupted, then close every complete bucket; returns how many."""
        rows = self._store.buckets("closing")
        for row in rows:
            self._close(row)
        complete = self._store.complete()
        for row in complete:
            self._store.begin_close(row.id, self._plan().to_bytes().decode())
            self._step("planned")
            self._close(self._reread(row))
        return len(rows) + len(complete)

    def _reread(self, row: BucketRow) -> BucketRow:
        return next(each for each in self._store.buckets() if each.id == row.id)

    def _plan(self) -> ClosePlan:
        manifest = self.refresh()
        release = read_release(self._public, manifest.release)
        return ClosePlan(
            time=int(self._clock()), manifest_version=manifest.version + 1, previous=self._previous(manifest, release),
            base=release.base_pool, new_items=self._new_items,
        )  # fmt: skip

    def _previous(self, manifest: Manifest, release: Release) -> FileRef | None:
        return None if manifest.pool == release.base_pool else manifest.pool

    def _items_beyond_model(self, release: Release) -> tuple[int, ...]:
        spec = FeatureSpec.from_bytes(get_file(self._public, release.feature_spec))
        items = len(Catalogue.from_bytes(get_file(self._public, release.catalogue)).items)
        return tuple(range(spec.items + 1, items + 1))

    def _close(self, row: BucketRow) -> None:
        started = time.perf_counter()
        known = self._book.collection(row.bucket)
        assert known is not None
        assert row.plan is not None
        configuration, collection = known
        settings, plan = self._settings, ClosePlan.from_bytes(row.plan.encode())
        if not budget_allows(self._ledger, row.bucket, collection, settings.budget_epsilon):
            self._store.finish_close(row.id, "refused: budget", None, state="refused")
            _log.warning("close refused: the server's budget of the collection is spent", collection=collection.id)
            return
        base = Pool.from_bytes(get_file(self._public, plan.base))
        previous = Pool.from_bytes(get_file(self._public, plan.previous)) if plan.previous else base
        settled = settle(
            row.bucket, self._store.messages(row.id), row.refusals, configuration, collection, plan, base, previous,
            settings.pool, settings.operators,
            guarantees_of(collection, row.counted, configuration.minimum_batch, settings.operators, settings.delta),
        )  # fmt: skip
        self._step("settled")
        self._publish(row, plan, settled)
        _log.info(
            "bucket published", collection=collection.id, epoch=row.bucket.epoch, reports=row.counted,
            seconds=round(time.perf_counter() - started, 3),
        )  # fmt: skip

    def _publish(self, row: BucketRow, plan: ClosePlan, settled: Settled) -> None:
        payload = settled.receipt.to_bytes()
        envelope = sign(RECEIPT_TYPE, payload, self._pool_key.private)
        self._ledger.append(payload, time=plan.time)
        self._step("ledger")
        put_file(self._public, settled.counts, ".f64", compress=False)
        pool = put_file(self._public, settled.pool, ".json") if settled.pool is not None else None
        receipt = put_file(self._public, envelope.to_bytes(), ".json")
        self._step("files")
        self._publish_manifest(plan, settled.receipt, pool, receipt)
        self._step("manifest")
        self._store.finish_close(row.id, receipt.path, pool)
        self._step("finished")

    def _publish_manifest(self, plan: ClosePlan, receipt: Receipt, pool: FileRef | None, reference: FileRef) -> None:
        present = self.manifest()
        ours = present.version < plan.manifest_version or reference in present.receipts  # else a release came in between
        publish_manifest(
            self._public, self._pool_key, now_s=plan.time, pool=pool, receipts=(reference,),
            ledger=(self._ledger.entries, self._ledger.head), lifetime_s=self._settings.manifest_lifetime_s,
            version=max(plan.manifest_version, present.version) if ours else None,
        )  # fmt: skip
