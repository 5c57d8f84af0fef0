"""What stands still is found, whoever has it; what could not move is excused; no fault outlives its cause."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from release_parts import NOW, make_shop

from aggregator.analyzer import faust_app, lag
from aggregator.analyzer.app import build
from aggregator.analyzer.lag import KafkaEnds, Watchdog
from aggregator.errors import PartitionStalled, TransportRefused


@dataclass
class Stalling:
    """A watchdog and its clock."""

    now: float = 0.0
    dog: Watchdog = field(init=False)

    def __post_init__(self) -> None:
        self.dog = Watchdog(60, lambda: self.now)


def test_a_stalled_partition_is_named() -> None:
    found = Stalling()
    for name in ("a", "b"):
        found.dog.progress(name, 5)
    found.dog.held = {"a": (0, 5), "b": (0, 7)}
    found.now = 50
    found.dog.look(["a", "b"])
    found.dog.progress("b", 6)
    found.now = 111
    with pytest.raises(PartitionStalled, match=r"b stands at offset 6 of 7 for 61 s"):
        found.dog.look(["a", "b"])


def test_a_partition_that_nobody_was_given_ends_the_process() -> None:
    """Found on a real broker: a group whose leader knew no partition gave none to anyone, and every worker was content."""
    found = Stalling()
    found.dog.held = {"a": (0, 5), "b": (0, 7)}
    found.dog.look_beyond([], {"a": 5})
    found.now = 119
    found.dog.look_beyond([], {"a": 5})
    found.now = 121
    with pytest.raises(PartitionStalled, match=r"b stands at offset 0 of 7 for 121 s"):
        found.dog.look_beyond([], {"a": 5})


def test_a_partition_that_another_worker_folds_ends_no_process() -> None:
    found = Stalling()
    found.dog.held = {"a": (0, 500), "b": (0, 7)}
    for step in range(50):
        found.now += 50
        found.dog.look_beyond(["b"], {"a": step, "b": 0})


def test_what_kafka_deleted_is_not_waited_for() -> None:
    found = Stalling()
    found.dog.progress("a", 5)
    found.dog.held = {"a": (9, 9), "b": (4, 4)}
    assert found.dog.lag("a") == 0
    for _ in range(5):
        found.now += 50
        found.dog.look(["a"])
        found.dog.look_beyond(["a"], {"a": 5})


def test_a_lost_broker_is_no_stall() -> None:
    """Else every worker would end as soon as the broker is back."""
    found = Stalling()
    found.dog.progress("a", 5)
    found.dog.held = {"a": (0, 7), "b": (0, 7)}
    found.dog.look_beyond(["a"], {"a": 5})
    found.now = 300
    found.dog.excuse()
    found.now = 310
    found.dog.look(["a"])
    found.dog.look_beyond(["a"], {"a": 5})


def test_a_dead_letter_that_waited_for_its_broker_leaves_no_fault_behind(tmp_path: Path) -> None:
    """It left the process unready for ever, and the watchdog looks away while there is a fault."""
    analyzer = build(make_shop(tmp_path).settings(), lambda: NOW)
    turns = 0

    async def act() -> None:
        nonlocal turns
        turns += 1
        if turns == 1:
            raise TransportRefused("Kafka does not answer")

    async def until(faults: int) -> None:
        while len(analyzer.health.faults()) != faults:
            await asyncio.sleep(0.001)

    async def run() -> None:
        task = asyncio.create_task(faust_app._every(0.01, "dead letters", act, analyzer))
        await asyncio.wait_for(until(1), 20)
        await asyncio.wait_for(until(0), 20)
        task.cancel()

    asyncio.run(run())


def test_a_worker_asks_again_soon_which_partitions_there_are(tmp_path: Path) -> None:
    """A leader that asked while the broker was down gives no partition to anyone until it asks again: by default five minutes."""
    shop = make_shop(tmp_path)
    made = faust_app.make_app(build(shop.settings(transport="kafka", kafka_bootstrap="127.0.0.1:1"), lambda: NOW))

    async def age_ms() -> int:
        from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread

        async def none(*_: object) -> None: ...

        consumer = made.app.transport.create_consumer(callback=none, on_partitions_revoked=none, on_partitions_assigned=none)
        thread = AIOKafkaConsumerThread(consumer, loop=asyncio.get_running_loop())
        return int(thread._create_worker_consumer(made.app.transport)._client._metadata_max_age_ms)

    assert asyncio.run(age_ms()) == faust_app.METADATA_AGE_MS <= 5_000


def test_a_broker_that_takes_the_question_and_never_answers_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The watchdog asks from a loop of its own: one question without an end would blind it for good."""
    monkeypatch.setattr(lag, "ASK_WITHIN_S", 0.5)
    taken = 0

    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal taken
        taken += 1
        await asyncio.sleep(60)

    async def ask_twice() -> None:
        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        ends = KafkaEnds(f"127.0.0.1:{server.sockets[0].getsockname()[1]}", "topic", str)
        for turn in (1, 2):
            with pytest.raises(TransportRefused, match="does not answer: TimeoutError"):
                await asyncio.wait_for(ends.ask(), 60)
            assert taken == turn, "a connection of its own for each question, after one that failed"
        await ends.close()
        server.close()

    asyncio.run(ask_twice())
