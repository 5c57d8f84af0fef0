"""The analyzer on Kafka: a Faust agent over the same worker and store as the embedded loop. Needs the `kafka` extra.

Raw messages, concurrency 1, acknowledged by hand after the store's commit. No Tables, no windows and no exactly_once: in Faust
0.15.3 each of them loses or doubles counts (docs/decisions/0020). What makes a report count once is the store.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

import structlog
from fastapi import FastAPI

from aggregator.analyzer.app import FORGET_EVERY_S, Analyzer, build, end_process
from aggregator.analyzer.dead_letters import forward_dead_letters
from aggregator.analyzer.health import health_app
from aggregator.analyzer.lag import ASK_EVERY_S, KafkaEnds, Watchdog
from aggregator.analyzer.pipeline import Pipeline
from aggregator.analyzer.settings import AnalyzerSettings
from aggregator.analyzer.store_database import STORE_FAULTS
from aggregator.errors import TransportRefused
from aggregator.process import serve
from aggregator.transport import Delivered
from aggregator.transport.kafka import KafkaTransport

_log = structlog.get_logger("analyzer")
CLOSE_EVERY_S = 1.0
"""How often closes are looked at beside those that a message completes (an epoch that ends, a close that was interrupted)."""
REWIND_AFTER_S = 8.0
"""A partition that has lag and does not move for so long is read again from where the store stands (decision 0081)."""
METADATA_AGE_MS = 3_000
"""How long a consumer believes what it knows of the topic. A group's leader that asked while a broker was down knows no partition
and gives none to anyone; Kafka's usual five minutes would be as long a standstill (decision 0090)."""
STOP_S = 8.0


@dataclass(frozen=True)
class FaustAnalyzer:
    """The Faust app, its agent and what they feed."""

    app: Any
    agent: Any
    pipeline: Pipeline
    watchdog: Watchdog
    ends: KafkaEnds


def make_app(analyzer: Analyzer) -> FaustAnalyzer:
    """Faust app over a built analyzer; raises `TransportRefused` where the extra is not installed."""
    try:
        import faust
    except ImportError:
        raise TransportRefused("Kafka needs its extra: pip install 'intently[kafka]'") from None
    settings = analyzer.settings
    session_s = settings.kafka_session_timeout_s
    app = faust.App(
        settings.kafka_group, broker=f"kafka://{settings.kafka_bootstrap}", store="memory://", web_enabled=False,
        datadir=settings.faust_folder(), consumer_auto_offset_reset="earliest", topic_disable_leader=True,
        broker_commit_every=1_000, broker_commit_interval=1.0, broker_session_timeout=session_s,
        broker_heartbeat_interval=session_s / 4, broker_rebalance_timeout=session_s, stream_wait_empty=False,
        consumer_metadata_max_age_ms=METADATA_AGE_MS, broker_credentials=settings.kafka_security.for_faust(),
    )  # fmt: skip
    topic = app.topic(settings.kafka_topic, value_type=bytes, value_serializer="raw", key_type=bytes, key_serializer="raw")
    watchdog = Watchdog(settings.stall_s)
    ends = KafkaEnds(settings.kafka_bootstrap, settings.kafka_topic, partition_name, settings.kafka_security)

    async def rewind(partition: str, offset: int) -> int:
        number = int(partition.removeprefix(partition_name("")))
        first = max(offset, await ends.first(number))
        await app.consumer.seek(faust.types.TP(settings.kafka_topic, number), first)
        return first

    pipeline = Pipeline(analyzer, watchdog.progress, rewind)

    @app.agent(topic, concurrency=1)  # type: ignore[untyped-decorator]
    async def fold(stream: Any) -> None:
        async for event in stream.noack().events():
            message = event.message
            await pipeline.submit(Delivered(partition_name(message.partition), message.offset, event.value), event.ack)

    @app.on_partitions_assigned.connect  # type: ignore[untyped-decorator]
    async def assigned(_: Any, assigned: Iterable[Any], **__: Any) -> None:
        await pipeline.assigned(partition_name(tp.partition) for tp in assigned if tp.topic == settings.kafka_topic)

    @app.on_partitions_revoked.connect  # type: ignore[untyped-decorator]
    async def revoked(_: Any, revoked: Iterable[Any], **__: Any) -> None:
        pipeline.revoked(partition_name(tp.partition) for tp in revoked if tp.topic == settings.kafka_topic)

    return FaustAnalyzer(app, fold, pipeline, watchdog, ends)


def partition_name(number: int | str) -> str:
    """Name in the store."""
    return f"kafka/{number}"


async def run_worker(settings: AnalyzerSettings, clock: Callable[[], float] = time.time) -> None:
    """Serve health and metrics, and run the Faust app for as long."""
    analyzer = build(settings, clock)
    analyzer.health.expect("kafka", "closing")
    made = make_app(analyzer)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        # Not awaited: starting lasts until Kafka gives us partitions, after a killed worker that is the session timeout.
        tasks = [asyncio.create_task(part) for part in _parts(made, analyzer)]
        for task in tasks:
            task.add_done_callback(end_process)
        try:
            yield
        finally:
            for task in tasks:
                task.remove_done_callback(end_process)
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(made.app.stop(), STOP_S)
            analyzer.worker.close()

    await serve(health_app(settings, analyzer.health, analyzer.publisher.pool_public_key, lifespan), settings.host, settings.port)


def _parts(made: FaustAnalyzer, analyzer: Analyzer) -> list[Any]:
    """What runs beside one another; each ends only with an error."""
    settings = analyzer.settings
    parts = [
        _run_app(made.app),
        made.pipeline.run(),
        _watch(made, analyzer),
        _every(CLOSE_EVERY_S, "closing", made.pipeline.close_complete, analyzer),
        _every(FORGET_EVERY_S, "forgetting", lambda: made.pipeline.call(analyzer.publisher.forget), analyzer),
    ]
    if settings.kafka_dead_letter_topic:
        carrier = KafkaTransport(settings.kafka_bootstrap, settings.kafka_dead_letter_topic, settings.kafka_security)
        parts.append(
            _every(CLOSE_EVERY_S, "dead letters", lambda: forward_dead_letters(made.pipeline, analyzer.store, carrier), analyzer)
        )
    return parts


async def _run_app(app: Any) -> None:
    """Ends with an error when the Faust app does."""
    await app.start()
    await app.wait_until_stopped()
    raise TransportRefused(f"the Faust app stopped: {app.crash_reason!r}")


async def _every(period_s: float, part: str, act: Callable[[], Awaitable[Any]], analyzer: Analyzer) -> None:
    """Do something again and again; a disk or a broker that refuses is waited out, and forgotten once it goes again."""
    while True:
        try:
            await act()
            analyzer.health.well(part) if part == "closing" else analyzer.health.mended(part)
        except (*STORE_FAULTS, TransportRefused) as error:
            analyzer.health.ill(part, f"{type(error).__name__}: {error}")
            _log.error("will be tried again", part=part, reason=f"{type(error).__name__}: {error}")
        await asyncio.sleep(period_s)


async def _watch(made: FaustAnalyzer, analyzer: Analyzer) -> None:
    """Ask for the lag, tell it, and end the process where a partition stalls."""
    try:
        while True:
            try:
                made.watchdog.held = await made.ends.ask()
                stood = await made.pipeline.call(analyzer.store.offsets)
                analyzer.health.well("kafka")
            except (TransportRefused, *STORE_FAULTS) as error:
                analyzer.health.ill("kafka", str(error))
                made.watchdog.excuse()
                await asyncio.sleep(1.0)
                continue
            ours = [claim.partition for claim in made.pipeline.claims()]
            analyzer.health.lag = {name: made.watchdog.lag(name) for name in ours}
            if analyzer.health.faults():  # without a broker or a disk nothing moves, and starting again would not help
                made.watchdog.excuse()
            else:
                made.watchdog.look(ours)
                made.watchdog.look_beyond(ours, stood)
                for partition, offset in made.watchdog.slow(ours, REWIND_AFTER_S):
                    await made.pipeline.rewind(partition, offset)
            await asyncio.sleep(ASK_EVERY_S)
    finally:
        await made.ends.close()
