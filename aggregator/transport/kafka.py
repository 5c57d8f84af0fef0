"""Kafka: an idempotent producer that waits for all in-sync replicas. Needs the `kafka` extra."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any

from aggregator.errors import TransportRefused
from aggregator.transport.kafka_security import PLAIN, KafkaSecurity

REQUEST_TIMEOUT_MS = 10_000
PUT_LIMIT_S = 30.0
"""One hand-over. After a broker's death aiokafka's idempotent producer can retry for ever (no batch of it expires), so a producer
that does not come through in time is thrown away; what it may have written after all is counted once by the analyzer."""
STOP_LIMIT_S = 2.0
Headers = Sequence[tuple[str, bytes]]


class KafkaTransport:
    """Produces to one topic. The key spreads a bucket over the partitions; the analyzer's sum does not depend on that."""

    def __init__(self, bootstrap: str, topic: str, security: KafkaSecurity = PLAIN) -> None:
        self._bootstrap, self._topic, self._security = bootstrap, topic, security
        self._producer: Any = None
        self._connecting = asyncio.Lock()

    async def _connected(self) -> Any:
        async with self._connecting:  # two puts at once would leave one producer unclosed
            if self._producer is None:
                self._producer = await self._connect()
        return self._producer

    async def _connect(self) -> Any:
        try:
            from aiokafka import AIOKafkaProducer
            from aiokafka.errors import KafkaError
        except ImportError:
            raise TransportRefused("Kafka needs its extra: pip install 'intently[kafka]'") from None
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            acks="all",
            enable_idempotence=True,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
            **self._security.for_aiokafka(),
        )
        try:
            await producer.start()
        except asyncio.CancelledError:  # the time of a hand-over is over
            await _let_go(producer)
            raise
        except KafkaError as error:
            await producer.stop()
            raise TransportRefused(f"Kafka at {self._bootstrap} does not answer: {type(error).__name__}") from None
        return producer

    async def put(self, batches: Sequence[tuple[bytes, bytes]]) -> None:
        """Produce all and wait for each acknowledgement; a batch that comes twice is counted once by the analyzer."""
        await self.put_with_headers([(key, value, []) for key, value in batches])

    async def put_with_headers(self, messages: Sequence[tuple[bytes, bytes, Headers]]) -> None:
        """As `put`, with headers beside each key and value."""
        try:
            async with asyncio.timeout(PUT_LIMIT_S):
                await self._send(await self._connected(), messages)
        except TimeoutError:
            await self._abandon()
            raise TransportRefused(f"Kafka at {self._bootstrap} took no batch in {PUT_LIMIT_S:g} s") from None

    async def _send(self, producer: Any, messages: Sequence[tuple[bytes, bytes, Headers]]) -> None:
        from aiokafka.errors import KafkaError

        try:
            sent = [await producer.send(self._topic, value=value, key=key, headers=more) for key, value, more in messages]
            await asyncio.gather(*sent)
        except KafkaError as error:
            await self._abandon()
            raise TransportRefused(f"Kafka at {self._bootstrap} did not take a batch: {type(error).__name__}") from None

    async def _abandon(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await _let_go(producer)

    async def close(self) -> None:
        """Flush and disconnect."""
        if self._producer is not None:
            await self._producer.stop()
            self._producer = None


async def _let_go(producer: Any) -> None:
    """End a producer whatever it waits for: `stop` alone would wait for its batches."""
    with contextlib.suppress(Exception):
        await asyncio.wait_for(producer.stop(), STOP_LIMIT_S)
    with contextlib.suppress(Exception):  # where it did not stop by itself: its task, then its sockets
        await asyncio.wait_for(producer._sender.close(), STOP_LIMIT_S)
        await asyncio.wait_for(producer.client.close(), STOP_LIMIT_S)
