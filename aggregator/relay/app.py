"""The relay's FastAPI application."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import structlog
from fastapi import FastAPI
from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server
from starlette.routing import Route

from aggregator import process
from aggregator.errors import AggregatorError
from aggregator.keys import read_private_key
from aggregator.relay.admission import read_configurations
from aggregator.relay.gate import Gate
from aggregator.relay.oblivious import KeyConfigurations, Oblivious
from aggregator.relay.ohttp import Gateway
from aggregator.relay.openapi import openapi
from aggregator.relay.reports import Reports
from aggregator.relay.settings import RelaySettings
from aggregator.relay.store import Closed, RelayStore, ReleaseRule
from aggregator.relay.writer import CloseRules, GroupCommit, close_due
from aggregator.settings import LOOPBACK
from aggregator.transport import OutboxTransport, Transport

_log = structlog.get_logger("relay")


class _Metrics:
    """What may be known of the traffic: totals, never of a sender."""

    def __init__(self, commit: GroupCommit) -> None:
        self.registry = CollectorRegistry()
        self.answers = Counter("intently_relay_answers", "report requests by status", ["status"], registry=self.registry)
        self.buckets = Counter("intently_relay_buckets", "closed buckets by outcome", ["outcome"], registry=self.registry)
        self.reports = Counter(
            "intently_relay_reports", "reports of closed buckets by outcome", ["outcome"], registry=self.registry
        )
        queue = Gauge("intently_relay_queue", "reports that wait for the disk", registry=self.registry)
        queue.set_function(lambda: commit.waiting)
        cut = Gauge("intently_relay_cut_connections", "connections whose request never began", registry=self.registry)
        cut.set_function(lambda: process.cut_connections)

    def closed(self, closed: Closed) -> None:
        """Count one bucket."""
        outcome = "dropped" if closed.dropped else "shuffled"
        self.buckets.labels(outcome).inc()
        self.reports.labels(outcome).inc(closed.reports)
        _log.info(
            "bucket closed",
            collection=closed.bucket.collection,
            epoch=closed.bucket.epoch,
            reports=closed.reports,
            outcome=outcome,
        )


def make_transport(settings: RelaySettings) -> Transport:
    """The transport that the settings name."""
    if settings.transport == "outbox":
        return OutboxTransport(Path(settings.outbox))
    from aggregator.transport.kafka import KafkaTransport

    return KafkaTransport(settings.kafka_bootstrap, settings.kafka_topic, settings.kafka_security)


@contextlib.contextmanager
def serving_metrics(port: int, registry: CollectorRegistry) -> Iterator[None]:
    """Prometheus text on loopback only, 0: nowhere. Live totals tell who watches the public port when somebody reported."""
    if not port:
        yield
        return
    try:
        server, thread = start_http_server(port, LOOPBACK, registry)
    except OSError as error:
        raise AggregatorError(f"metrics_port {port} cannot be used: {error.strerror}; choose another port or 0") from None
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def create_app(settings: RelaySettings, clock: Callable[[], float] = time.time, transport: Transport | None = None) -> FastAPI:
    """The application. Buckets are closed by a task of its own while it runs."""
    admitted = read_configurations(settings.configurations)
    store = RelayStore(Path(settings.store), settings.batch_most)
    for release, rule in admitted.items():
        store.remember(release, ReleaseRule(rule.epoch_s, rule.minimum_batch))
    commit = GroupCommit(store, settings.queue_most)
    carrier = transport or make_transport(settings)
    metrics = _Metrics(commit)
    rules = CloseRules(store.rules(), settings.close_grace_s)

    async def close_for_ever() -> None:
        while True:
            try:
                for closed in await close_due(commit, store, carrier, rules, clock()):
                    metrics.closed(closed)
            except (
                AggregatorError,
                sqlite3.OperationalError,
                OSError,
            ) as error:  # no transport, or a full disk: it waits in our store
                _log.warning("close or hand-over failed, will be tried again", reason=str(error))
            await asyncio.sleep(settings.close_check_s)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(commit.run()), asyncio.create_task(close_for_ever())]
        try:
            with serving_metrics(settings.metrics_port, metrics.registry):
                yield
        finally:
            await _end(tasks)
            commit.stop()
            await carrier.close()
            store.close()

    app = FastAPI(title="Intently relay", openapi_url=None, lifespan=lifespan)
    reports = Reports(
        commit, admitted, clock, settings.close_grace_s, settings.retry_after_s, metrics.answers,
        Gate.of(settings, admitted), store, settings.slow_after_s,
    )  # fmt: skip
    app.router.routes.append(Route("/v1/reports/{rest:path}", reports))
    if settings.ohttp_key:
        gateway = Gateway(read_private_key(Path(settings.ohttp_key)).private)
        app.router.routes.append(Route("/v1/ohttp", Oblivious(gateway, reports, metrics.answers)))
        app.router.routes.append(Route("/.well-known/ohttp-gateway", KeyConfigurations(gateway)))

    @app.get("/openapi.json")
    def document() -> dict[str, Any]:
        return openapi(bool(settings.ohttp_key))

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    return app


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for task in tasks:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            raise error
