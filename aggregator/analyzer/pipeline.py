"""Kafka messages into the store: opened ahead, committed in order and many at once, acknowledged after the commit.

No message is passed over: one that does not follow the last is left where it is, and the consumer is sent back. Faust 0.15.3
leaves messages out after a rebalance; found on a real broker, where a bucket lost 16 of 44 reports (decision 0081).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import structlog

from aggregator.analyzer.app import RETRY_S, Analyzer
from aggregator.analyzer.store import Claim
from aggregator.analyzer.store_database import STORE_FAULTS
from aggregator.analyzer.worker import Prepared
from aggregator.errors import StaleGeneration
from aggregator.transport import Delivered

_log = structlog.get_logger("analyzer")
AHEAD = 64
"""Messages that are being opened or wait for their commit: some 400 kB."""
Acknowledge = Callable[[], None]
Rewind = Callable[[str, int], Awaitable[int]]
"""Have a partition delivered again from an offset; returns the first that there is, which is later where Kafka deleted some."""
REWIND_EVERY_S = 1.0


async def no_rewind(partition: str, offset: int) -> int:
    """For a transport that leaves nothing out."""
    return offset


@dataclass(frozen=True)
class _Waiting:
    claim: Claim
    prepared: Prepared
    acknowledge: Acknowledge


class Pipeline:
    """The partitions of one worker. The store is used by one thread."""

    def __init__(
        self, analyzer: Analyzer, progress: Callable[[str, int], None] = lambda _partition, _offset: None,
        rewind: Rewind = no_rewind,
    ) -> None:  # fmt: skip
        self._analyzer, self._progress, self.rewind = analyzer, progress, rewind
        self._claims: dict[str, Claim] = {}
        self._next: dict[str, int] = {}
        self._rewound: dict[str, float] = {}
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue(AHEAD)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="analyzer-store")

    def claims(self) -> list[Claim]:
        """The partitions that are ours, as far as we know."""
        return list(self._claims.values())

    async def assigned(self, names: Iterable[str]) -> None:
        """Kafka gave us partitions: from now on every other worker's commits on them fail."""
        for name in names:
            claim = self._claims[name] = await self._patiently(self._analyzer.store.claim, name)
            self._next[name] = claim.next_offset
            self._progress(name, claim.next_offset)

    def revoked(self, names: Iterable[str]) -> None:
        """Kafka took partitions away; what is still on its way of them is not folded."""
        for name in names:
            self._claims.pop(name, None)

    async def submit(self, delivered: Delivered, acknowledge: Acknowledge) -> None:
        """Begin to open a message; waits where `AHEAD` are on their way. Not ours (any more): never acknowledged."""
        claim = self._claims.get(delivered.partition)
        if claim is not None:
            await self._queue.put(_Waiting(claim, self._analyzer.worker.prepare(delivered), acknowledge))

    async def run(self) -> None:
        """Commit for ever."""
        while True:
            taken = [await self._queue.get()]
            await _opened(taken[0].prepared)
            while not self._queue.empty() and len(taken) < AHEAD:
                taken.append(self._queue.get_nowait())
            for waiting in taken:
                await _opened(waiting.prepared)
            for name in dict.fromkeys(waiting.claim.partition for waiting in taken):
                await self._commit([waiting for waiting in taken if waiting.claim.partition == name])
            await self._patiently(self._analyzer.publisher.close_complete)

    async def _commit(self, waiting: Sequence[_Waiting]) -> None:
        claim = waiting[-1].claim
        if self._claims.get(claim.partition) != claim:
            return
        ours = await self._without_gap(claim.partition, [each for each in waiting if each.claim == claim])
        if not ours:
            return
        try:
            offset = await self._patiently(self._analyzer.worker.commit, claim, [each.prepared for each in ours])
        except StaleGeneration as error:
            _log.warning("partition lost", reason=str(error))
            if self._claims.get(claim.partition) == claim:
                self._claims.pop(claim.partition)
            return
        self._next[claim.partition] = offset
        self._progress(claim.partition, offset)
        for each in ours:
            each.acknowledge()

    async def _without_gap(self, partition: str, waiting: Sequence[_Waiting]) -> list[_Waiting]:
        """Those that follow what is folded, one after the other; for the rest the consumer goes back."""
        ours: list[_Waiting] = []
        expected = self._next[partition]
        for each in waiting:
            offset = each.prepared.delivered.offset
            if offset > expected:
                expected = await self._go_back(partition, expected, offset)
            if offset > expected:
                break
            ours.append(each)
            expected = max(expected, offset + 1)
        return ours

    async def _go_back(self, partition: str, expected: int, got: int) -> int:
        """The offset that must come next: `expected`, but where Kafka has deleted that."""
        if time.monotonic() - self._rewound.get(partition, -REWIND_EVERY_S) < REWIND_EVERY_S:
            return expected  # what was fetched before is still coming
        self._rewound[partition] = time.monotonic()
        first = await self.rewind(partition, expected)
        log = _log.error if first > expected else _log.warning
        log("messages were left out", partition=partition, expected=expected, got=got, going_on_from=first)
        return first

    async def _patiently(self, act: Any, *words: Any) -> Any:
        """`call`, again and again while the store refuses: a message that is passed over here would not come again."""
        while True:
            try:
                found = await self.call(act, *words)
            except STORE_FAULTS as error:
                self._analyzer.health.ill("store", f"{type(error).__name__}: {error}")
                _log.error("the store refuses, will be tried again", reason=f"{type(error).__name__}: {error}")
                await asyncio.sleep(RETRY_S)
            else:
                self._analyzer.health.mended("store")
                return found

    async def close_complete(self) -> int:
        """Close every bucket that is due."""
        return int(await self.call(self._analyzer.publisher.close_complete))

    async def call(self, act: Any, *words: Any) -> Any:
        """Run `act` in the store's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, act, *words)


async def _opened(prepared: Prepared) -> None:
    """Wait without holding up the loop: heartbeats go on."""
    if prepared.rows is not None:
        await asyncio.wrap_future(prepared.rows)
