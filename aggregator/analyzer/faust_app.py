"""The analyzer on Kafka: a Faust agent over the same worker and store as the embedded loop. Needs the `kafka` extra.

Raw messages, concurrency 1, acknowledged by hand after the store's commit. No Tables, no windows and no exactly_once: in Faust
0.15.3 each of them loses or doubles counts (docs/decisions/0020). What makes a report count once is the store.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from fastapi import FastAPI

from aggregator.analyzer.app import Analyzer, build, end_process, health_app
from aggregator.analyzer.settings import AnalyzerSettings
from aggregator.analyzer.store import Claim
from aggregator.errors import StaleGeneration, TransportRefused
from aggregator.process import serve
from aggregator.transport import Delivered

_log = structlog.get_logger("analyzer")
CLOSE_EVERY_S = 1.0
"""How often closes are looked at beside those that a message completes (a close that was interrupted, a manifest to renew)."""

SESSION_TIMEOUT_S = 10.0
"""How long Kafka waits for a worker that was killed before it gives its partitions to another (Faust's default is 60)."""
STOP_S = 8.0


class Partitions:
    """Folds messages under the claims of this worker. All work is done in one thread, so that the store has one user."""

    def __init__(self, analyzer: Analyzer) -> None:
        self._analyzer = analyzer
        self._claims: dict[str, Claim] = {}
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="analyzer-store")

    async def assigned(self, names: Iterable[str]) -> None:
        """Kafka gave us partitions: from now on every other worker's commits on them fail."""
        for name in names:
            self._claims[name] = await self._run(self._analyzer.store.claim, name)

    def revoked(self, names: Iterable[str]) -> None:
        """Kafka took partitions away; what is still buffered of them is not folded."""
        for name in names:
            self._claims.pop(name, None)

    async def fold(self, delivered: Delivered) -> bool:
        """Fold one message and close what it completes. True: committed, acknowledge it."""
        claim = self._claims.get(delivered.partition)
        if claim is None:
            return False
        try:
            await self._run(self._fold, claim, delivered)
        except StaleGeneration as error:
            _log.warning("partition lost", reason=str(error))
            self._claims.pop(delivered.partition, None)
            return False
        return True

    def _fold(self, claim: Claim, delivered: Delivered) -> None:
        self._analyzer.publisher.refresh()
        self._analyzer.worker.process(claim, [delivered])

    async def close_complete(self) -> int:
        """Close every complete bucket."""
        return int(await self._run(self._analyzer.publisher.close_complete))

    async def _run(self, act: Any, *words: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, act, *words)


@dataclass(frozen=True)
class FaustAnalyzer:
    """The Faust app and its agent."""

    app: Any
    agent: Any
    partitions: Partitions


def make_app(settings: AnalyzerSettings, analyzer: Analyzer) -> FaustAnalyzer:
    """Faust app over a built analyzer; raises `TransportRefused` where the extra is not installed."""
    try:
        import faust
    except ImportError:
        raise TransportRefused("Kafka needs its extra: pip install 'intently[kafka]'") from None
    app = faust.App(
        settings.kafka_group, broker=f"kafka://{settings.kafka_bootstrap}", store="memory://", web_enabled=False,
        datadir=Path(settings.store).parent / "faust", consumer_auto_offset_reset="earliest", topic_disable_leader=True,
        broker_commit_every=1_000, broker_commit_interval=1.0, broker_session_timeout=SESSION_TIMEOUT_S,
        broker_heartbeat_interval=SESSION_TIMEOUT_S / 4,
        broker_rebalance_timeout=SESSION_TIMEOUT_S, stream_wait_empty=False,
    )  # fmt: skip
    topic = app.topic(settings.kafka_topic, value_type=bytes, value_serializer="raw", key_type=bytes, key_serializer="raw")
    partitions = Partitions(analyzer)

    @app.agent(topic, concurrency=1)  # type: ignore[untyped-decorator]
    async def fold(stream: Any) -> None:
        async for event in stream.noack().events():
            message = event.message
            if await partitions.fold(Delivered(partition_name(message.partition), message.offset, event.value)):
                event.ack()
                await partitions.close_complete()

    @app.timer(CLOSE_EVERY_S)  # type: ignore[untyped-decorator]
    async def close() -> None:
        await partitions.close_complete()

    @app.on_partitions_assigned.connect  # type: ignore[untyped-decorator]
    async def assigned(_: Any, assigned: Iterable[Any], **__: Any) -> None:
        await partitions.assigned(partition_name(tp.partition) for tp in assigned if tp.topic == settings.kafka_topic)

    @app.on_partitions_revoked.connect  # type: ignore[untyped-decorator]
    async def revoked(_: Any, revoked: Iterable[Any], **__: Any) -> None:
        partitions.revoked(partition_name(tp.partition) for tp in revoked if tp.topic == settings.kafka_topic)

    return FaustAnalyzer(app, fold, partitions)


def partition_name(number: int) -> str:
    """Name in the store."""
    return f"kafka/{number}"


async def run_worker(settings: AnalyzerSettings) -> None:
    """Serve health and metrics, and run the Faust app for as long."""
    made = make_app(settings, build(settings))

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        # Not awaited: starting lasts until Kafka gives us partitions, after a killed worker that is SESSION_TIMEOUT_S.
        watch = asyncio.create_task(_run_app(made.app))
        watch.add_done_callback(end_process)
        try:
            yield
        finally:
            watch.remove_done_callback(end_process)
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(made.app.stop(), STOP_S)

    await serve(health_app(settings, lifespan), settings.host, settings.port)


async def _run_app(app: Any) -> None:
    """Ends with an error when the Faust app does."""
    await app.start()
    await app.wait_until_stopped()
    raise TransportRefused(f"the Faust app stopped: {app.crash_reason!r}")
