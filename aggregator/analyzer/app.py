"""The analyzer's process: folds, closes, and a small HTTP application for health and metrics."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from aggregator.analyzer.publisher import Publisher, Step
from aggregator.analyzer.settings import AnalyzerSettings
from aggregator.analyzer.store import AnalyzerStore
from aggregator.analyzer.worker import Worker, hpke_opener
from aggregator.keys import read_hpke_keys, read_signing_key
from aggregator.transport import OutboxTransport
from aggregator.transport.outbox import PARTITION


@dataclass(frozen=True)
class Analyzer:
    """The parts of one analyzer."""

    store: AnalyzerStore
    worker: Worker
    publisher: Publisher


def build(settings: AnalyzerSettings, clock: Callable[[], float] = time.time, step: Step = lambda _: None) -> Analyzer:
    """Open the store, read the keys, take up the release in force."""
    keys = Path(settings.keys)
    store = AnalyzerStore(Path(settings.store))
    publisher = Publisher(
        settings, store, read_signing_key(keys / "pool.key"), read_signing_key(keys / "ledger.key"), clock, step
    )
    return Analyzer(store, Worker(store, publisher.book, hpke_opener(read_hpke_keys(keys))), publisher)


class OutboxLoop:
    """Reads the outbox, folds, closes."""

    def __init__(self, analyzer: Analyzer, outbox: OutboxTransport) -> None:
        self._analyzer, self._outbox = analyzer, outbox
        self._claim = analyzer.store.claim(PARTITION)
        self._offset = self._claim.next_offset

    def turn(self) -> bool:
        """Fold what has arrived, close what is complete; False when there was nothing to do."""
        deliveries = self._outbox.read(self._offset)
        if deliveries:
            self._analyzer.publisher.refresh()
            self._offset = self._analyzer.worker.process(self._claim, deliveries)
            self._outbox.trim(self._offset)
        return bool(self._analyzer.publisher.close_complete()) or bool(deliveries)

    async def run(self, poll_s: float) -> None:
        """For ever."""
        while True:
            if not await asyncio.to_thread(self.turn):
                await asyncio.sleep(poll_s)


def metrics_of(store: AnalyzerStore) -> bytes:
    """Prometheus text: totals over all buckets that the store knows."""
    registry = CollectorRegistry()
    buckets = Gauge("intently_analyzer_buckets", "buckets by state", ["state"], registry=registry)
    reports = Gauge("intently_analyzer_reports", "reports by what became of them", ["outcome"], registry=registry)
    refused = Gauge("intently_analyzer_buckets_refused", "buckets not published, by reason", ["reason"], registry=registry)
    for row in store.buckets():
        buckets.labels(row.state).inc()
        if row.state == "refused":
            refused.labels(row.outcome).inc()
        reports.labels("withheld" if row.state == "refused" else "counted").inc(row.counted)
        reports.labels("late").inc(row.late)
        for reason, number in row.refusals.model_dump().items():
            reports.labels(reason).inc(number)
    Gauge("intently_analyzer_replays", "messages that came again", registry=registry).set(store.replays())
    Gauge("intently_analyzer_dead_letters", "messages that could not be folded", registry=registry).set(len(store.dead_letters()))
    return generate_latest(registry)


def create_app(settings: AnalyzerSettings, clock: Callable[[], float] = time.time) -> FastAPI:
    """The embedded analyzer. Its loop runs while the application does, and ends the process where it fails."""
    analyzer = build(settings, clock)
    outbox = OutboxTransport(Path(settings.outbox))
    loop = OutboxLoop(analyzer, outbox)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.task = task = asyncio.create_task(loop.run(settings.poll_s))
        task.add_done_callback(end_process)
        try:
            yield
        finally:
            task.remove_done_callback(end_process)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    return health_app(settings, lifespan)


def health_app(
    settings: AnalyzerSettings, lifespan: Callable[[FastAPI], contextlib.AbstractAsyncContextManager[None]]
) -> FastAPI:
    """`/healthz` and `/metrics`; the metrics read the store through a connection of their own."""
    app = FastAPI(title="Intently analyzer", openapi_url=None, lifespan=lifespan)
    reading = AnalyzerStore(Path(settings.store))

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/metrics")
    async def read_metrics() -> Response:
        return Response(metrics_of(reading), media_type=CONTENT_TYPE_LATEST)

    return app


def end_process(task: asyncio.Task[None]) -> None:
    """The loop does not end by itself: say why, and stop the server gracefully."""
    import os
    import signal
    import sys

    if not task.cancelled() and (error := task.exception()) is not None:
        print(f"intently: the analyzer's loop stopped: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
        os.kill(os.getpid(), signal.SIGTERM)
