"""The Faust agent over the same folds, without a broker; the broker's part is `python -m tests.kafka --smoke`."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from loop_parts import ROOT
from release_parts import NOW, WANTED, Shop, hand_over, make_shop, reports, snapshot

from aggregator.analyzer.app import build
from aggregator.analyzer.faust_app import FaustAnalyzer, make_app, partition_name
from aggregator.files import get_file
from aggregator.release import read_manifest
from aggregator.transport import Delivered, OutboxTransport
from contracts import Pool

EPOCH = 170_000_000


def faust_of(shop: Shop) -> FaustAnalyzer:
    settings = shop.settings(transport="kafka", kafka_bootstrap="127.0.0.1:1")
    return make_app(build(settings, lambda: NOW + 60))


async def fold(made: FaustAnalyzer, delivered: Delivered, within_s: float = 10.0) -> bool:
    """Whether the worker acknowledged it."""
    acknowledged: list[bool] = []
    await made.pipeline.submit(delivered, lambda: acknowledged.append(True))
    until = asyncio.get_running_loop().time() + within_s
    while not acknowledged and asyncio.get_running_loop().time() < until:
        await asyncio.sleep(0.02)
    return bool(acknowledged)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = make_shop(tmp_path)
    hand_over(shop, EPOCH, reports(shop, EPOCH, [WANTED if at % 2 else 0 for at in range(320)]))
    return shop


async def _put_all(made: FaustAnalyzer, values: list[bytes], times: int) -> None:
    await made.pipeline.assigned([partition_name(0)])
    committing = asyncio.create_task(made.pipeline.run())
    async with made.agent.test_context() as agent:
        for value in values * times:
            event = await agent.put(value, partition=0, wait=False)
            for _ in range(500):
                if event.message.acked:
                    break
                await asyncio.sleep(0.01)
            assert event.message.acked, "not acknowledged after the commit"
    committing.cancel()


def test_the_agent_folds_each_report_once_and_publishes(shop: Shop) -> None:
    values = [each.value for each in OutboxTransport(shop.outbox).read(0)]
    made = faust_of(shop)
    asyncio.run(_put_all(made, values, times=2))
    manifest = read_manifest(shop.public, shop.pool_key().public)
    assert manifest is not None
    pool = Pool.from_bytes(get_file(shop.public, manifest.pool))
    assert pool.reports == 320
    assert WANTED in [entry.item for entry in pool.items]
    (row,) = build(shop.settings()).store.buckets()
    assert (row.counted, row.late, row.state) == (320, 320, "closed"), "the second round came as new messages, after the close"


def test_a_worker_that_lost_its_partition_commits_nothing_and_acknowledges_nothing(shop: Shop) -> None:
    values = [each.value for each in OutboxTransport(shop.outbox).read(0)]

    async def both() -> None:
        old, new = faust_of(shop), faust_of(shop)
        tasks = [asyncio.create_task(each.pipeline.run()) for each in (old, new)]
        await old.pipeline.assigned(["kafka/0"])
        assert await fold(old, Delivered("kafka/0", 0, values[0]))
        await new.pipeline.assigned(["kafka/0"])
        assert not await fold(old, Delivered("kafka/0", 1, values[1]), 0.5)
        for offset, value in enumerate(values):  # redelivered from the start: the first one is a replay
            assert await fold(new, Delivered("kafka/0", offset, value))
        assert not await fold(old, Delivered("kafka/0", 2, values[2]), 0.5)
        for task in tasks:
            task.cancel()

    before = snapshot(shop.public)
    asyncio.run(both())
    (row,) = build(shop.settings()).store.buckets()
    assert (row.counted, row.refusals.duplicate) == (320, 0)
    assert snapshot(shop.public) != before


def test_the_embedded_default_needs_no_kafka() -> None:
    words = "import sys, aggregator.analyzer.app, aggregator.relay.app; sys.exit(bool({'faust', 'aiokafka'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", words], cwd=ROOT).returncode == 0


def test_a_message_that_faust_leaves_out_is_waited_for(shop: Shop) -> None:
    """Found on a real broker: after a rebalance later messages moved the offset past missing ones; 16 of 44 were lost."""
    values = [each.value for each in OutboxTransport(shop.outbox).read(0)]
    asked: list[tuple[str, int]] = []

    async def run() -> None:
        made = faust_of(shop)

        async def rewind(partition: str, offset: int) -> int:
            asked.append((partition, offset))
            return offset

        made.pipeline.rewind = rewind
        committing = asyncio.create_task(made.pipeline.run())
        await made.pipeline.assigned(["kafka/0"])
        assert await fold(made, Delivered("kafka/0", 0, values[0]))
        assert not await fold(made, Delivered("kafka/0", 2, values[2]), 0.5)
        assert asked == [("kafka/0", 1)]
        for offset in (1, 2, 3):
            assert await fold(made, Delivered("kafka/0", offset, values[offset]))
        await made.pipeline.close_complete()
        committing.cancel()

    asyncio.run(run())
    (row,) = build(shop.settings()).store.buckets()
    assert (row.arrived, row.state) == (320, "closed")


def test_offsets_that_kafka_deleted_are_passed_over(shop: Shop) -> None:
    values = [each.value for each in OutboxTransport(shop.outbox).read(0)]

    async def run() -> None:
        made = faust_of(shop)

        async def rewind(_: str, offset: int) -> int:
            return max(offset, 7)

        made.pipeline.rewind = rewind
        committing = asyncio.create_task(made.pipeline.run())
        await made.pipeline.assigned(["kafka/0"])
        assert await fold(made, Delivered("kafka/0", 7, values[0]))
        committing.cancel()

    asyncio.run(run())
