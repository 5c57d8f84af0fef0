"""A real Kafka broker for tests: one KRaft node on loopback, from Maven's jars, in a folder of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

HERE = Path(__file__).resolve().parent
CACHE = HERE.parents[1] / ".kafka"
LIBS = CACHE / "libs"
START_S = 60.0
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


def _properties(folder: Path, port: int, controller: int) -> str:
    settings = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "inter.broker.listener.name": "PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "log.dirs": str(folder / "log"),
        "num.partitions": str(PARTITIONS),
        "auto.create.topics.enable": "false",
        "offsets.topic.replication.factor": "1",
        "offsets.topic.num.partitions": "4",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        "group.initial.rebalance.delay.ms": "0",
    }
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def _java(*words: str) -> list[str]:
    return ["java", "-Xmx384m", "-XX:TieredStopAtLevel=1", "-cp", f"{LIBS}/*", *words]


@contextlib.contextmanager
def broker(folder: Path) -> Iterator[str]:
    """Run a broker; yields its bootstrap address, leaves no process behind."""
    need_java()
    need_jars()
    folder.mkdir(parents=True, exist_ok=True)
    port, controller = free_port(), free_port()
    config = folder / "server.properties"
    config.write_text(_properties(folder, port, controller))
    cluster = subprocess.run(_java("kafka.tools.StorageTool", "random-uuid"), capture_output=True, text=True, check=True)
    identity = cluster.stdout.split()[-1]
    format_words = _java("kafka.tools.StorageTool", "format", "-t", identity, "-c", str(config))
    subprocess.run(format_words, capture_output=True, check=True)
    with (folder / "broker.log").open("wb") as log:
        process = subprocess.Popen(_java("kafka.Kafka", str(config)), stdout=log, stderr=subprocess.STDOUT)
    try:
        bootstrap = f"127.0.0.1:{port}"
        _await_port(port, process, folder / "broker.log")
        yield bootstrap
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await_port(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError("the broker ended: " + log.read_text(errors="replace")[-800:])
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.5):
            return
        time.sleep(0.2)
    raise RuntimeError(f"the broker did not listen within {START_S:.0f} s")


async def create_topics(bootstrap: str, *names: str) -> None:
    """Topics with `PARTITIONS` partitions; waits until the broker is ready for it."""
    until = time.monotonic() + START_S
    while True:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        try:
            await admin.start()
            await admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in names])
            return
        except KafkaError:
            if time.monotonic() > until:
                raise
            await asyncio.sleep(0.5)
        finally:
            await admin.close()
