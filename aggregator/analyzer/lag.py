"""How far the analyzer is behind, asked of Kafka by a connection of its own: a consumer that stalls would not tell.

Faust 0.15.3 can stall partitions after a rebalance (#629) or behind gaps in the offsets (#596). The watchdog ends a process of
which a partition has lag and does not move; whoever supervises it starts it again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from aggregator.errors import PartitionStalled, TransportRefused
from aggregator.transport.kafka_security import PLAIN, KafkaSecurity

ASK_EVERY_S = 3.0
ASK_TIMEOUT_MS = 5_000


@dataclass
class Watchdog:
    """Pure but for its clock: what moved when, and how far there is to go."""

    stall_s: float
    clock: Callable[[], float] = time.monotonic
    ends: dict[str, int] = field(default_factory=dict)
    """First offset beyond the newest message, by partition."""
    _at: dict[str, tuple[int, float]] = field(default_factory=dict)

    def progress(self, partition: str, next_offset: int) -> None:
        """The store holds everything of the partition below `next_offset`; called at each claim and each commit."""
        self._at[partition] = (next_offset, self.clock())

    def lag(self, partition: str) -> int:
        """Messages of the partition that are not folded yet, as far as is known."""
        return max(0, self.ends.get(partition, 0) - self._at.get(partition, (0, 0.0))[0])

    def idle(self, partition: str) -> None:
        """There is nothing to do on the partition: it cannot stall now."""
        offset, _ = self._at.get(partition, (0, 0.0))
        self._at[partition] = (offset, self.clock())

    def slow(self, ours: Iterable[str], after_s: float) -> list[tuple[str, int]]:
        """Partitions of ours that have lag and did not move for so long, and the offset that they wait for."""
        now = self.clock()
        return [(name, at) for name in ours if self.lag(name) for at, since in [self._at[name]] if now - since > after_s]

    def look(self, ours: Iterable[str]) -> None:
        """Raise `PartitionStalled` for one of our partitions that has lag and did not move for `stall_s`."""
        for partition in ours:
            if not self.lag(partition):
                self.idle(partition)
            offset, since = self._at[partition]
            if self.clock() - since > self.stall_s:
                raise PartitionStalled(
                    f"{partition} stands at offset {offset} of {self.ends[partition]} for {self.clock() - since:.0f} s; "
                    "this process ends, to be started again"
                )


class KafkaEnds:
    """Asks for the ends of a topic's partitions."""

    def __init__(self, bootstrap: str, topic: str, name: Callable[[int], str], security: KafkaSecurity = PLAIN) -> None:
        self._bootstrap, self._topic, self._name, self._security = bootstrap, topic, name, security
        self._consumer: Any = None

    async def first(self, number: int) -> int:
        """First offset of a partition that Kafka still holds; raises `TransportRefused`."""
        from aiokafka import TopicPartition

        place = TopicPartition(self._topic, number)
        return int((await self._asked(lambda consumer: consumer.beginning_offsets([place])))[place])

    async def ask(self) -> dict[str, int]:
        """By partition; raises `TransportRefused` where Kafka does not answer."""
        from aiokafka import TopicPartition

        def ends(consumer: Any) -> Any:
            return consumer.end_offsets(
                [TopicPartition(self._topic, at) for at in consumer.partitions_for_topic(self._topic) or ()]
            )

        return {self._name(place.partition): end for place, end in (await self._asked(ends)).items()}

    async def _asked(self, question: Callable[[Any], Any]) -> Any:
        from aiokafka import AIOKafkaConsumer
        from aiokafka.errors import KafkaError

        try:
            if self._consumer is None:
                made = AIOKafkaConsumer(
                    bootstrap_servers=self._bootstrap, request_timeout_ms=ASK_TIMEOUT_MS, **self._security.for_aiokafka()
                )
                try:
                    await made.start()
                except KafkaError:
                    await made.stop()
                    raise
                self._consumer = made
            await self._consumer._client.force_metadata_update()
            return await asyncio.wait_for(question(self._consumer), ASK_TIMEOUT_MS / 1000)
        except (KafkaError, TimeoutError, OSError) as error:
            raise TransportRefused(f"Kafka at {self._bootstrap} does not answer: {type(error).__name__}") from None

    async def close(self) -> None:
        """Disconnect."""
        if self._consumer is not None:
            await self._consumer.stop()
            self._consumer = None
