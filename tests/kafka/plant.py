# ruff: noqa: E402
"""A relay and two analyzers as processes over a real broker, on a disk of their own that can be filled; and what goes wrong."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "aggregator"))

from clocked import ClockFile
from loop_parts import EPOCH_S, address_of, countable, relay_settings, start
from postgres_server import PostgresServer
from release_parts import Shop, make_shop

from aggregator.transport.kafka import KafkaTransport
from tests.kafka.broker import Brokers, free_port

FIRST_EPOCH = 170_000_000
WORKERS = ("worker-0", "worker-1")
SESSION_S = 3.0
DISK_BYTES = 96 << 20


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """A tmpfs at `folder`; False where this user may not mount one."""
    folder.mkdir(parents=True)
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)], capture_output=True)
    try:
        yield made.returncode == 0
    finally:
        if made.returncode == 0:
            subprocess.run(["umount", "-l", str(folder)], capture_output=True, check=False)


class Plant:
    """Everything but the brokers."""

    def __init__(
        self, folder: Path, logs: Path, brokers: Brokers, topic: str, disk: bool, copies: int,
        postgres: PostgresServer | None = None,
    ) -> None:  # fmt: skip
        """`postgres`: the workers are of two hosts, each with a folder of its own for its keys; they share the public folder."""
        self.folder, self.logs, self.brokers, self.topic, self.disk = folder, logs, brokers, topic, disk
        self.postgres = postgres
        self.clock = ClockFile(logs / f"clock-{topic}")
        self.shop: Shop = replace(
            make_shop(folder, countable(), now_s=FIRST_EPOCH * EPOCH_S), database=postgres.fresh() if postgres else ""
        )
        self.clock.set(FIRST_EPOCH * EPOCH_S + 1.0)
        file = folder / "configuration.json"
        file.write_bytes(self.shop.configuration.to_bytes())
        kafka = {"transport": "kafka", "kafka_bootstrap": brokers.bootstrap, "kafka_topic": topic}
        worker = self.shop.settings(
            **kafka, kafka_group=topic, kafka_session_timeout_s=SESSION_S, kafka_dead_letter_topic=f"{topic}-dead", stall_s=45,
        ).model_dump(mode="json")  # fmt: skip
        self.port = free_port()
        self.settings = {
            "relay": relay_settings(folder, file, **kafka, port=self.port, batch_most=7),
            **{name: {**worker, "port": 0, "keys": self._keys_of(name)} for name in WORKERS},
        }
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.log_of: dict[str, Path] = {}
        self.filler = folder / "filler"
        self.counts: dict[str, int] = {}

    def _keys_of(self, worker: str) -> str:
        if self.postgres is None:
            return str(self.shop.keys)
        return str(shutil.copytree(self.shop.keys, self.folder / worker / "keys"))

    @property
    def relay(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def note(self, what: str) -> None:
        """Count a fault."""
        self.counts[what] = self.counts.get(what, 0) + 1

    def start(self, name: str) -> None:
        """Does nothing where it runs."""
        found = self.processes.get(name)
        if found is not None and found.poll() is None:
            return
        module = "aggregator.relay" if name == "relay" else "aggregator.analyzer"
        self.processes[name], self.log_of[name] = start(module, self.settings[name], self.logs, self.clock.path, name)

    def start_all(self) -> None:
        """And wait until each listens."""
        for name in self.settings:
            self.start(name)
        for name in self.settings:
            if not self.log_of[name].read_text().count("listening on"):
                address_of(self.processes[name], self.log_of[name])

    def kill(self, name: str) -> None:
        """kill -9."""
        found = self.processes.get(name)
        if found is not None and found.poll() is None:
            found.kill()
            found.wait()
            self.note("killed_" + name.split("-")[0])

    def pause(self, name: str, seconds: float) -> None:
        """A worker that hangs while its partitions go to the other one, and then goes on as if nothing had been."""
        found = self.processes.get(name)
        if found is not None and found.poll() is None:
            found.send_signal(signal.SIGSTOP)
            time.sleep(seconds)
            found.send_signal(signal.SIGCONT)
            self.note("hung_worker")

    def fill_disk(self, seconds: float) -> None:
        """No byte is left for a while."""
        if not self.disk:
            return
        descriptor = os.open(self.filler, os.O_WRONLY | os.O_CREAT)
        try:
            with contextlib.suppress(OSError):
                while os.write(descriptor, bytes(1 << 16)):
                    pass
            with contextlib.suppress(OSError):
                while os.write(descriptor, bytes(512)):
                    pass
            time.sleep(seconds)
        finally:
            os.close(descriptor)
            self.filler.unlink()
        self.note("disk_full")

    def kill_broker(self, rng: random.Random) -> None:
        """kill -9 of a broker, and its restart over the same log."""
        node = rng.choice([node for node in self.brokers.nodes if not node.lost])
        node.kill()
        time.sleep(rng.uniform(0.2, 2.0))
        node.start()
        self.brokers.ready()
        self.note("killed_broker")

    def kill_postgres(self, rng: random.Random) -> None:
        """kill -9 of the database, and its restart over the same files. Nothing where the store is SQLite's."""
        if self.postgres is not None:
            self.postgres.kill()
            time.sleep(rng.uniform(0.2, 3.0))
            self.postgres.start()
            self.note("killed_postgres")

    @contextlib.contextmanager
    def without_a_broker(self, rng: random.Random) -> Iterator[None]:
        """kill -9 of one broker of several, which stays away meanwhile; nothing of the kind where there is but one."""
        if len(self.brokers.nodes) == 1:
            yield
            return
        node = rng.choice(self.brokers.nodes)
        node.lost = True
        node.kill()
        self.note("epochs_without_a_broker")
        try:
            yield
        finally:
            node.lost = False
            node.start()
            self.brokers.ready()

    def send_again(self, rng: random.Random, values: list[bytes]) -> None:
        """Messages come again, in another order and under other keys; and something that is no batch."""
        chosen = [rng.choice(values) for _ in range(min(8, len(values)))] if values else []
        messages = [(b"again-%d" % at, value) for at, value in enumerate([*chosen, b"no batch"])]

        async def put() -> None:
            transport = KafkaTransport(self.brokers.bootstrap, self.topic)
            try:
                await transport.put(messages)
            finally:
                await transport.close()

        asyncio.run(put())
        self.counts["repeated_messages"] = self.counts.get("repeated_messages", 0) + len(chosen)
        self.note("garbage_messages")

    def stop(self) -> None:
        """Gently; then what has not ended is killed."""
        for process in self.processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                assert process.stdin is not None
                process.stdin.close()
        for process in self.processes.values():
            try:
                process.wait(25)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
