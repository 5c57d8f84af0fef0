"""Health of an analyzer: `/healthz`, `/readyz`, `/metrics`, and a page at `/` that shows them.

The metrics read the store through a connection of their own.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from fastapi import FastAPI, Response
from fastapi.responses import HTMLResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from aggregator.analyzer.settings import AnalyzerSettings
from aggregator.analyzer.store import AnalyzerStore
from aggregator.errors import StoreAway
from aggregator.files import get_file
from aggregator.problems import PROBLEM_TYPE, problem
from aggregator.release import read_manifest, read_release
from contracts import BATCH_MOST, LEDGER_PATH, MICRO, Configuration, Envelope, LedgerEntry, Pool

STATUS_PAGE = Path(__file__).with_name("status.html")
FRESH_S = 30.0
"""A part that was well so long ago counts as well: twice the slowest round."""


@dataclass
class Health:
    """What the parts of a running analyzer say of themselves."""

    clock: Callable[[], float] = time.monotonic
    _well: dict[str, float] = field(default_factory=dict)
    _ill: dict[str, str] = field(default_factory=dict)
    opened: int = 0
    """Reports opened by this process."""
    batches: int = 0
    lag: dict[str, int] = field(default_factory=dict)
    """Messages not folded yet, by partition of ours."""

    def expect(self, *parts: str) -> None:
        """Parts that must be well before the process is ready."""
        for part in parts:
            self._ill[part] = "has not begun"

    def well(self, part: str) -> None:
        """It did what it must, just now."""
        self._well[part] = self.clock()
        self._ill.pop(part, None)

    def mended(self, part: str) -> None:
        """It can again what it could not."""
        self._ill.pop(part, None)

    def ill(self, part: str, why: str) -> None:
        """It could not."""
        self._ill[part] = why

    def folded(self, reports: int) -> None:
        """A batch was opened and committed."""
        self.opened += reports
        self.batches += 1

    def faults(self) -> list[str]:
        """Why the process is not ready, one sentence a part; empty where it is."""
        now = self.clock()
        stale = [f"{part}: silent for {now - at:.0f} s" for part, at in self._well.items() if now - at > FRESH_S]
        return [*(f"{part}: {why}" for part, why in self._ill.items()), *stale]


def health_app(settings: AnalyzerSettings, health: Health, public_key: bytes, lifespan: object = None) -> FastAPI:
    """The application. It tells totals of closed epochs and the health of the process; it listens on loopback by default."""
    app = FastAPI(title="Intently analyzer", openapi_url=None, lifespan=lifespan)  # type: ignore[arg-type]
    reading = AnalyzerStore(settings.store)

    @app.get("/", response_class=HTMLResponse)
    async def status_page() -> str:
        return STATUS_PAGE.read_text()

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz")
    async def readyz() -> Response:
        faults = health.faults()
        if faults:
            return Response(problem(503, "; ".join(faults)), 503, media_type=PROBLEM_TYPE.decode())
        return Response(b'{"status":"ready"}', media_type="application/json")

    @app.get("/metrics")
    def read_metrics() -> Response:
        return Response(metrics_of(reading, settings, health, public_key), media_type=CONTENT_TYPE_LATEST)

    return app


def metrics_of(store: AnalyzerStore, settings: AnalyzerSettings, health: Health, public_key: bytes) -> bytes:
    """Prometheus text. What the store tells is left out while that is away."""
    registry = CollectorRegistry()
    with contextlib.suppress(StoreAway):
        _of_store(registry, store)
    _of_process(registry, health)
    _of_public(registry, Path(settings.public), public_key)
    return generate_latest(registry)


def _of_store(registry: CollectorRegistry, store: AnalyzerStore) -> None:
    buckets = Gauge("intently_analyzer_buckets", "buckets by state", ["state"], registry=registry)
    reports = Gauge("intently_analyzer_reports", "reports by what became of them", ["outcome"], registry=registry)
    refused = Gauge("intently_analyzer_buckets_refused", "buckets not published, by reason", ["reason"], registry=registry)
    for row in store.buckets():
        buckets.labels(row.state).inc()
        if row.state == "refused":
            refused.labels(row.outcome).inc()
        reports.labels("withheld" if row.state == "refused" else "counted").inc(row.counted)
        reports.labels("waiting").inc(row.arrived if row.state == "open" else 0)
        reports.labels("late").inc(row.late)
        for reason, number in row.refusals.model_dump().items():
            reports.labels(reason).inc(number)
    Gauge("intently_analyzer_replays", "messages that came again", registry=registry).set(store.replays())
    letters = Gauge("intently_analyzer_dead_letters", "messages that could not be folded", ["reason"], registry=registry)
    for reason, number in store.dead_letter_reasons().items():
        letters.labels(reason).set(number)


def _of_process(registry: CollectorRegistry, health: Health) -> None:
    Gauge("intently_analyzer_ready", "1: ready", registry=registry).set(not health.faults())
    Gauge("intently_analyzer_opened_total", "reports opened by this process; its rate is opens a second", registry=registry).set(
        health.opened
    )
    fill = health.opened / (health.batches * BATCH_MOST) if health.batches else 0.0
    Gauge("intently_analyzer_batch_fill", "reports a batch, of the most there can be", registry=registry).set(fill)
    lag = Gauge("intently_analyzer_lag", "batches that are not folded yet", ["partition"], registry=registry)
    for partition, behind in health.lag.items():
        lag.labels(partition).set(behind)


def _of_public(registry: CollectorRegistry, public: Path, public_key: bytes) -> None:
    spent = Gauge("intently_analyzer_epsilon_spent", "sum of local epsilons in the ledger", ["collection"], registry=registry)
    for entry in ledger_entries(public / LEDGER_PATH):
        spent.labels(str(entry.collection)).inc(entry.epsilon_micro / MICRO)
    manifest = read_manifest(public, public_key)
    if manifest is None:
        return
    told = read_release(public, manifest.release).configuration
    epoch_s = Configuration.from_bytes(get_file(public, told)).epoch_s
    pool = Pool.from_bytes(get_file(public, manifest.pool))
    if pool.epoch:
        age = Gauge("intently_analyzer_pool_age_seconds", "since the epoch ended that the pool in force holds", registry=registry)
        age.set(time.time() - (pool.epoch + 1) * epoch_s)
    issued = Gauge("intently_analyzer_manifest_age_seconds", "since the manifest in force was issued", registry=registry)
    issued.set(time.time() - manifest.issued)


def ledger_entries(path: Path) -> list[LedgerEntry]:
    """What the ledger records; its chain and signatures are checked by who writes and who audits it, not by each scrape."""
    data = path.read_bytes() if path.exists() else b""
    whole = data[: data.rfind(b"\n") + 1]
    return [LedgerEntry.from_bytes(Envelope.from_bytes(line).payload_bytes()) for line in whole.splitlines()]
