"""The analyzer's process on the embedded default: folds from the outbox, closes, and a small HTTP application for its health."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from fastapi import FastAPI

from aggregator.analyzer.guarantees import Draw
from aggregator.analyzer.health import Health, health_app
from aggregator.analyzer.opening import make_opening
from aggregator.analyzer.publisher import Publisher, Step
from aggregator.analyzer.settings import AnalyzerSettings
from aggregator.analyzer.store import AnalyzerStore
from aggregator.analyzer.store_database import STORE_FAULTS
from aggregator.analyzer.worker import Worker
from aggregator.keys import read_signing_key
from aggregator.transport import OutboxTransport
from aggregator.transport.outbox import PARTITION

_log = structlog.get_logger("analyzer")
FORGET_EVERY_S = 3600.0
RETRY_S = 1.0


@dataclass(frozen=True)
class Analyzer:
    """The parts of one analyzer."""

    settings: AnalyzerSettings
    store: AnalyzerStore
    worker: Worker
    publisher: Publisher
    health: Health = field(default_factory=Health)


def build(
    settings: AnalyzerSettings, clock: Callable[[], float] = time.time, step: Step = lambda _: None, draw: Draw | None = None
) -> Analyzer:
    """Open the store, read the keys, take up the release in force. `draw`: of noise; None for OpenDP's."""
    keys = Path(settings.keys)
    store = AnalyzerStore(settings.store)
    publisher = Publisher(
        settings, store, read_signing_key(keys / "pool.key"), read_signing_key(keys / "ledger.key"), clock, step, draw
    )
    health = Health()
    worker = Worker(store, publisher, make_opening(keys, settings.open_processes), settings.late_policy(), clock, health.folded)
    return Analyzer(settings, store, worker, publisher, health)


class OutboxLoop:
    """Reads the outbox, folds, closes."""

    def __init__(self, analyzer: Analyzer, outbox: OutboxTransport) -> None:
        self._analyzer, self._outbox = analyzer, outbox
        self._claim = analyzer.store.claim(PARTITION)
        self._offset, self._forgot_at = self._claim.next_offset, 0.0

    def turn(self) -> bool:
        """Fold what has arrived, close what is due; False when there was nothing to do."""
        deliveries = self._outbox.read(self._offset)
        if deliveries:
            self._offset = self._analyzer.worker.process(self._claim, deliveries)
            self._outbox.trim(self._offset)
        self._analyzer.health.lag[PARTITION] = self._outbox.waiting(self._offset)
        if time.monotonic() - self._forgot_at > FORGET_EVERY_S:
            self._analyzer.publisher.forget()
            self._forgot_at = time.monotonic()
        return bool(self._analyzer.publisher.close_complete()) or bool(deliveries)

    async def run(self, poll_s: float) -> None:
        """For ever."""
        health = self._analyzer.health
        while True:
            try:
                busy = await asyncio.to_thread(self.turn)
            except STORE_FAULTS as error:
                health.ill("loop", f"{type(error).__name__}: {error}")
                _log.error("the store refuses, will be tried again", reason=f"{type(error).__name__}: {error}")
                await asyncio.sleep(RETRY_S)
                continue
            health.well("loop")
            if not busy:
                await asyncio.sleep(poll_s)


def create_app(settings: AnalyzerSettings, clock: Callable[[], float] = time.time) -> FastAPI:
    """The embedded analyzer. Its loop runs while the application does, and ends the process where it fails."""
    analyzer = build(settings, clock)
    analyzer.health.expect("loop")
    loop = OutboxLoop(analyzer, OutboxTransport(Path(settings.outbox)))

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
            analyzer.worker.close()

    return health_app(settings, analyzer.health, analyzer.publisher.pool_public_key, lifespan)


def end_process(task: asyncio.Task[None]) -> None:
    """The loop does not end by itself: say why, and stop the server gracefully."""
    import os
    import signal
    import sys

    if not task.cancelled() and (error := task.exception()) is not None:
        print(f"intently: the analyzer's loop stopped: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
        os.kill(os.getpid(), signal.SIGTERM)
