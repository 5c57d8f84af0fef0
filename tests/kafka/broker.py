"""A real Kafka broker for tests: one KRaft node on loopback, from Maven's jars, in a folder of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

HERE = Path(__file__).resolve().parent
CACHE = HERE.parents[1] / ".kafka"
LIBS = CACHE / "libs"
START_S = 120.0
PARTITIONS = 4
UNAVAILABLE = 3
"""Exit code where Java, Maven or the jars cannot be had: never 0, never a failed test."""


class Unavailable(Exception):
    """A broker cannot be had here, and why."""


def need_java() -> None:
    """Java 17+ and Maven on PATH, installed by apt where this is root; raises `Unavailable`."""
    if shutil.which("java") and shutil.which("mvn"):
        return
    if os.name != "nt" and os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = {"env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}, "stdout": subprocess.DEVNULL}
        subprocess.run(["apt-get", "update", "-qq"], check=False, **quiet)  # type: ignore[call-overload]
        words = ["apt-get", "install", "-y", "-qq", "openjdk-17-jre-headless", "maven"]
        subprocess.run(words, check=False, **quiet)  # type: ignore[call-overload]
    if not (shutil.which("java") and shutil.which("mvn")):
        raise Unavailable("Java 17+ and Maven are needed for a Kafka broker; install both and run this again")


def need_jars() -> None:
    """The broker's jars, fetched once; raises `Unavailable`."""
    if any(LIBS.glob("kafka_2.13-*.jar")):
        return
    words = ["mvn", "-q", "-B", "-f", str(HERE / "pom.xml"), "dependency:copy-dependencies", "-DincludeScope=runtime"]
    done = subprocess.run([*words, f"-DoutputDirectory={LIBS}"], capture_output=True, text=True, timeout=900)
    if done.returncode != 0:
        raise Unavailable(f"Maven could not fetch the broker: {done.stdout.strip().splitlines()[:1]}")


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _properties(node: Node, voters: Sequence[Node]) -> str:
    copies = min(3, len(voters))
    settings = {
        "process.roles": "broker,controller",
        "node.id": str(node.id),
        "controller.quorum.voters": ",".join(f"{each.id}@127.0.0.1:{each.controller}" for each in voters),
        "listeners": f"PLAINTEXT://127.0.0.1:{node.port},CONTROLLER://127.0.0.1:{node.controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{node.port}",
        "inter.broker.listener.name": "PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "log.dirs": str(node.folder / "log"),
        "num.partitions": str(PARTITIONS),
        "auto.create.topics.enable": "false",
        "default.replication.factor": str(copies),
        "min.insync.replicas": str(max(1, copies - 1)),
        "offsets.topic.replication.factor": str(copies),
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": str(copies),
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.replication.factor": str(copies),
        "share.coordinator.state.topic.min.isr": "1",
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "1000",
        "broker.session.timeout.ms": "6000",
    }
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def _java(*words: str) -> list[str]:
    return ["java", "-Xmx384m", "-XX:TieredStopAtLevel=1", "-cp", f"{LIBS}/*", *words]


@dataclass
class Node:
    """One broker, which is also a controller. Its log stays when it is killed."""

    id: int
    folder: Path
    port: int
    controller: int
    process: subprocess.Popen[bytes] | None = None
    lost: bool = False
    """Killed, and not to come back for now."""

    @property
    def log(self) -> Path:
        return self.folder / "broker.log"

    def start(self) -> None:
        """Begin; `Brokers.ready` waits."""
        with self.log.open("ab") as sink:
            words = _java("kafka.Kafka", str(self.folder / "server.properties"))
            self.process = subprocess.Popen(words, stdout=sink, stderr=subprocess.STDOUT)

    def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """Gently, then not."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.kill()


@dataclass
class Brokers:
    """A cluster on loopback."""

    nodes: list[Node]

    @property
    def bootstrap(self) -> str:
        return ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    def ready(self) -> None:
        """Wait until every node listens that is not lost."""
        for node in self.nodes:
            if node.lost:
                continue
            assert node.process is not None
            _await_port(node.port, node.process, node.log)


@contextlib.contextmanager
def brokers(folder: Path, count: int = 1) -> Iterator[Brokers]:
    """Run a cluster; leaves no process behind."""
    need_java()
    need_jars()
    nodes = [Node(at, folder / f"node-{at}", free_port(), free_port()) for at in range(1, count + 1)]
    made = subprocess.run(_java("kafka.tools.StorageTool", "random-uuid"), capture_output=True, text=True, check=True)
    for node in nodes:
        node.folder.mkdir(parents=True, exist_ok=True)
        config = node.folder / "server.properties"
        config.write_text(_properties(node, nodes))
        words = _java("kafka.tools.StorageTool", "format", "-t", made.stdout.split()[-1], "-c", str(config))
        subprocess.run(words, capture_output=True, check=True)
    try:
        for node in nodes:
            node.start()
        found = Brokers(nodes)
        found.ready()
        yield found
    finally:
        for node in nodes:
            node.stop()


@contextlib.contextmanager
def broker(folder: Path) -> Iterator[str]:
    """Run one broker; yields its bootstrap address."""
    with brokers(folder) as found:
        yield found.bootstrap


def _await_port(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError("the broker ended: " + log.read_text(errors="replace")[-800:])
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.5):
            return
        time.sleep(0.2)
    raise RuntimeError(f"the broker did not listen within {START_S:.0f} s")


async def create_topics(bootstrap: str, *names: str, copies: int = 1) -> None:
    """Topics with `PARTITIONS` partitions; waits until the brokers are ready for it."""
    until = time.monotonic() + START_S
    while True:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        try:
            await admin.start()
            await admin.create_topics([NewTopic(name, PARTITIONS, copies) for name in names])
            return
        except KafkaError:
            if time.monotonic() > until:
                raise
            await asyncio.sleep(0.5)
        finally:
            await admin.close()
