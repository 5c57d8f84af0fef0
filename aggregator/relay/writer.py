"""Group commit: one thread that writes whatever has queued up while the disk was busy, and then answers all of it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from aggregator.relay.admission import closes_at
from aggregator.relay.store import Closed, RelayStore, ReleaseRule
from aggregator.tracing import span
from aggregator.transport import Transport
from contracts import Bucket

T = TypeVar("T")


@dataclass(frozen=True)
class _Waiting:
    bucket: Bucket
    body: bytes
    answer: asyncio.Future[bool]


class QueueFull(Exception):
    """More reports wait for the disk than the relay is set to hold."""


class GroupCommit:
    """All writes to the store go through one thread, so a close never overlaps an insertion."""

    def __init__(self, store: RelayStore, queue_most: int) -> None:
        self._store, self._queue_most = store, queue_most
        self._queue: list[_Waiting] = []
        self._wake = asyncio.Event()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="relay-store")

    @property
    def waiting(self) -> int:
        """Reports that wait for the disk."""
        return len(self._queue)

    async def add(self, bucket: Bucket, body: bytes) -> bool:
        """True once the report is on the disk, False if its bucket closed meanwhile; raises `QueueFull`."""
        if len(self._queue) >= self._queue_most:
            raise QueueFull
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._queue.append(_Waiting(bucket, body, answer))
        self._wake.set()
        return await answer

    async def run(self) -> None:
        """Write for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            taken, self._queue = self._queue, []
            reports = [(waiting.bucket, waiting.body) for waiting in taken]
            try:
                outcome: list[bool] | Exception = await self.call(partial(self._store.add, reports))
            except Exception as error:  # a full disk, say: every sender hears it, and the next group is tried
                outcome = error
            _answer(taken, outcome)

    async def call(self, act: Callable[[], T]) -> T:
        """Run `act` in the store's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, act)

    def stop(self) -> None:
        """Wait for what the thread is doing."""
        self._thread.shutdown(wait=True)


def _answer(taken: list[_Waiting], outcome: list[bool] | Exception) -> None:
    for index, waiting in enumerate(taken):
        if waiting.answer.done():  # the sender went away
            continue
        if isinstance(outcome, Exception):
            waiting.answer.set_exception(outcome)
        else:
            waiting.answer.set_result(outcome[index])


@dataclass(frozen=True)
class CloseRules:
    """When buckets close, and which are too small to."""

    releases: Mapping[str, ReleaseRule]
    close_grace_s: float


async def close_due(commit: GroupCommit, store: RelayStore, carrier: Transport, rules: CloseRules, now_s: float) -> list[Closed]:
    """Close each bucket whose epoch is over, then hand over what waits. Safe to be killed anywhere and to be called again."""
    closed = []
    shuffle = random.SystemRandom().shuffle
    for bucket in await commit.call(store.open_buckets):
        rule = rules.releases.get(bucket.release)
        if rule is not None and now_s >= closes_at(bucket.epoch, rule.epoch_s, rules.close_grace_s):
            closed.append(await commit.call(partial(store.close_bucket, bucket, rule.minimum_batch, shuffle)))
    for at, batches in await commit.call(store.waiting):
        with span("hand over", batches=len(batches)):
            await carrier.put(batches)
            await commit.call(partial(store.handed, at))
    return closed
