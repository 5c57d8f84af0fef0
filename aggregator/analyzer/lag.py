"""How far the analyzer is behind, asked of Kafka by a connection of its own: a consumer that stalls would not tell.

Faust 0.15.3 can stall partitions after a rebalance (#629) or behind gaps in the offsets (#596), and a group can give a partition
to nobody. The watchdog ends a process where a partition has lag and does not move; whoever supervises it starts it again.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aggregator.errors import PartitionStalled, TransportRefused
from aggregator.transport.kafka_security import PLAIN, KafkaSecurity

ASK_EVERY_S = 3.0
ASK_TIMEOUT_MS = 5_000
ASK_WITHIN_S = 10.0
"""All of a question, connecting included: a watchdog that waits for ever sees nothing."""
CLOSE_WITHIN_S = 2.0


@dataclass
class Watchdog:
    """Pure but for its clock: what moved when, and how far there is to go."""

    stall_s: float
    clock: Callable[[], float] = time.monotonic
    held: dict[str, tuple[int, int]] = field(default_factory=dict)
    """What Kafka holds of each partition: its first offset, and the one beyond its newest message."""
    _at: dict[str, tuple[int, float]] = field(default_factory=dict)
    _beyond: dict[str, tuple[int, float]] = field(default_factory=dict)

    def progress(self, partition: str, next_offset: int) -> None:
        """The store holds everything of the partition below `next_offset`; called at each claim and each commit."""
        self._at[partition] = (next_offset, self.clock())

    def lag(self, partition: str) -> int:
        """Messages of the partition that are not folded yet, as far as is known."""
        return self._behind(partition, self._at.get(partition, (0, 0.0))[0])

    def _behind(self, partition: str, next_offset: int) -> int:
        first, end = self.held.get(partition, (0, 0))
        return max(0, end - max(first, next_offset))  # what retention deleted is not waited for

    def idle(self, partition: str) -> None:
        """There is nothing to do on the partition: it cannot stall now."""
        offset, _ = self._at.get(partition, (0, 0.0))
        self._at[partition] = (offset, self.clock())

    def excuse(self) -> None:
        """Nothing could move: no broker, or no disk. Whatever stands still has stood so since now."""
        now = self.clock()
        for known in (self._at, self._beyond):
            known.update({name: (offset, now) for name, (offset, _) in known.items()})

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
                raise self._stalled(partition, offset, since)

    def look_beyond(self, ours: Iterable[str], stood: Mapping[str, int]) -> None:
        """As `look`, for the partitions that are not ours, by where the store stands, and after twice `stall_s`.

        By then a worker that has the partition has ended; this one is of a group in which nobody has it, and joins anew.
        """
        for partition in self.held.keys() - set(ours):
            offset = stood.get(partition, 0)
            known, since = self._beyond.get(partition, (-1, 0.0))
            if known != offset or not self._behind(partition, offset):
                self._beyond[partition] = (offset, self.clock())
            elif self.clock() - since > 2 * self.stall_s:
                raise self._stalled(partition, offset, since)
        for partition in ours:
            self._beyond.pop(partition, None)

    def _stalled(self, partition: str, offset: int, since: float) -> PartitionStalled:
        return PartitionStalled(
            f"{partition} stands at offset {offset} of {self.held[partition][1]} for {self.clock() - since:.0f} s; "
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

    async def ask(self) -> dict[str, tuple[int, int]]:
        """First offset and end by partition; raises `TransportRefused` where Kafka does not answer."""
        from aiokafka import TopicPartition

        async def both(consumer: Any) -> Any:
            places = [TopicPartition(self._topic, at) for at in consumer.partitions_for_topic(self._topic) or ()]
            return await consumer.beginning_offsets(places), await consumer.end_offsets(places)

        firsts, ends = await self._asked(both)
        return {self._name(place.partition): (firsts[place], end) for place, end in ends.items()}

    async def _asked(self, question: Callable[[Any], Any]) -> Any:
        """The answer, or `TransportRefused` in time; a connection that did not answer is not asked again."""
        from aiokafka.errors import KafkaError

        try:
            async with asyncio.timeout(ASK_WITHIN_S):
                consumer = await self._connected()
                await consumer._client.force_metadata_update()
                return await question(consumer)
        except (KafkaError, TimeoutError, OSError) as error:
            await self.close()
            raise TransportRefused(f"Kafka at {self._bootstrap} does not answer: {type(error).__name__}") from None

    async def _connected(self) -> Any:
        from aiokafka import AIOKafkaConsumer

        if self._consumer is None:
            self._consumer = AIOKafkaConsumer(
                bootstrap_servers=self._bootstrap, request_timeout_ms=ASK_TIMEOUT_MS, **self._security.for_aiokafka()
            )
            await self._consumer.start()
        return self._consumer

    async def close(self) -> None:
        """Disconnect, without waiting long for it."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(consumer.stop(), CLOSE_WITHIN_S)
