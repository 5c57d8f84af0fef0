"""Load for a real relay process: saturation, and a spike of twenty times the mean.

Raw sockets, because a client library costs more than the relay.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aggregator.relay.store import RelayStore
from benchmarks.result import percentile
from contracts import BODY_BYTES, Bucket, Collection, Configuration, sha256_hex
from privacy.mechanisms import choose_mechanism

ROOT = Path(__file__).resolve().parents[1]
EPOCH_S = 86_400
CONNECTIONS = 128
SPIKE = 20
MEAN_PER_S = 200
"""17 million reports a day."""
QUEUE_MOST_IN_SPIKE = CONNECTIONS // 2
RETRY_S = 1
READY_S = 60


def configuration_of(domain: int) -> Configuration:
    """One collection at epsilon 4."""
    mechanism = choose_mechanism(domain, 4.0)
    collection = Collection(
        id=1, name="dwelled", kind="item_dwelled", domain_size=domain, epsilon=4, epsilon_micro=mechanism.epsilon_micro, share=1,
        mechanism=mechanism.record(), dwell_ms=1000,
    )  # fmt: skip
    return Configuration(
        shop="bench", demo=True, epoch_s=EPOCH_S, draw_min_ms=0, draw_max_ms=1000, minimum_batch=1, cap_epsilon=32, cap_days=90,
        poll_s=60, reports_url="", collections=(collection,),
    )  # fmt: skip


@dataclass
class Relay:
    """A relay process and what it has spent."""

    process: subprocess.Popen[bytes]
    host: str
    port: int
    path: str
    store: Path

    def cpu_s(self) -> float:
        """User and system time of the process."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        """Gently."""
        self.process.terminate()
        self.process.wait(30)

    def peak_bytes(self) -> int:
        """Largest resident size so far."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def start_relay(folder: Path, **more: object) -> Relay:
    """One relay, one configuration."""
    configuration = configuration_of(43_000)
    (folder / "c.json").write_bytes(configuration.to_bytes())
    settings = {
        "store": str(folder / "relay.sqlite"), "outbox": str(folder / "outbox.sqlite"), "close_grace_s": 60,
        "configurations": [{"file": str(folder / "c.json"), "key_ids": [1]}], "retry_after_s": RETRY_S, **more,
    }  # fmt: skip
    (folder / "relay.json").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "aggregator.relay", "--config", str(folder / "relay.json")]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    line = process.stdout.readline().decode().strip()
    host, port = line.removeprefix("listening on http://").split(":")
    bucket = Bucket(sha256_hex(configuration.to_bytes()), 1, int(time.time() // EPOCH_S), 1)
    return Relay(process, host, int(port), bucket.path(), folder / "relay.sqlite")


@dataclass
class Answers:
    """What the relay said, and how long it took."""

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    accepted: list[bytes] = field(default_factory=list)

    def ms(self, share: float) -> float:
        """Percentile, in milliseconds."""
        return round(1000 * percentile(self.seconds, share), 1)


class Sender(asyncio.Protocol):
    """One connection that sends one report after the other. A refusal closes it; then it connects anew."""

    def __init__(self) -> None:
        self.received = b""
        self.waiting: asyncio.Future[int] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio.Protocol."""
        self.transport: Any = transport

    def data_received(self, data: bytes) -> None:
        """asyncio.Protocol: an answer may come in pieces."""
        self.received += data
        if self.waiting is not None and not self.waiting.done() and b"\r\n\r\n" in self.received:
            self.waiting.set_result(int(self.received[9:12]))

    def connection_lost(self, error: Exception | None) -> None:
        """asyncio.Protocol."""
        if self.waiting is not None and not self.waiting.done():
            self.waiting.set_exception(ConnectionResetError())

    async def send(self, request: bytes) -> int:
        """Status."""
        self.received = b""
        self.waiting = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return int(await self.waiting)


def request_of(relay: Relay, body: bytes) -> bytes:
    head = f"POST {relay.path} HTTP/1.1\r\nHost: r\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def connect(relay: Relay) -> Sender:
    _, sender = await asyncio.get_running_loop().create_connection(Sender, relay.host, relay.port)
    return sender


async def post(relay: Relay, sender: Sender, body: bytes, answers: Answers) -> tuple[Sender, int]:
    """One report; returns the connection to go on with."""
    started = time.perf_counter()
    status = await sender.send(request_of(relay, body))
    answers.seconds.append(time.perf_counter() - started)
    answers.statuses[status] += 1
    if status == 202:
        answers.accepted.append(body)
        return sender, status
    return await connect(relay), status


def check_stored(relay: Relay, answers: Answers) -> int:
    """How many of what was answered 202 are not in the store."""
    database = RelayStore(relay.store)._database
    stored = {row[0] for row in database.execute("SELECT body FROM reports")}
    return len(set(answers.accepted) - stored)


def relay_load(reports: int) -> dict[str, Any]:
    """Saturation: so many connections, each with one report under way."""
    with tempfile.TemporaryDirectory() as folder:
        relay = start_relay(Path(folder))
        try:
            answers = Answers()
            before, started = relay.cpu_s(), time.perf_counter()
            asyncio.run(_saturate(relay, reports, answers))
            wall, spent = time.perf_counter() - started, relay.cpu_s() - before
            peak = relay.peak_bytes()
        finally:
            relay.stop()
        lost = check_stored(relay, answers)
    return {
        "per_cpu_s": round(reports / spent), "per_s": round(reports / wall),
        "p50_ms": answers.ms(0.5), "p99_ms": answers.ms(0.99),
        "statuses": dict(answers.statuses), "lost": lost, "connections": CONNECTIONS, "peak_bytes": peak,
    }  # fmt: skip


async def _saturate(relay: Relay, reports: int, answers: Answers) -> None:
    async def one(number: int) -> None:
        sender = await connect(relay)
        for _ in range(number):
            sender, _status = await post(relay, sender, os.urandom(BODY_BYTES), answers)

    await asyncio.gather(*(one(reports // CONNECTIONS) for _ in range(CONNECTIONS)))


def spike_load(seconds: int, mean_per_s: int = MEAN_PER_S) -> dict[str, Any]:
    """Twenty times the mean for so long, then the mean until p99 is back; a refused report comes again after Retry-After.

    Its queue is made small, so that back-pressure is seen: what is refused is counted, what was accepted must be on the disk.
    """
    with tempfile.TemporaryDirectory() as folder:
        relay = start_relay(Path(folder), queue_most=QUEUE_MOST_IN_SPIKE)
        try:
            answers, found = Answers(), asyncio.run(_spike(relay, seconds, mean_per_s))
            answers.accepted = found.pop("accepted")
            found["relay_peak_bytes"] = relay.peak_bytes()
        finally:
            relay.stop()
        return {**found, "lost": check_stored(relay, answers), "seconds": seconds, "mean_per_s": mean_per_s, "times": SPIKE}


async def _spike(relay: Relay, seconds: int, mean_per_s: int) -> dict[str, Any]:
    quiet, spike, after = Answers(), Answers(), Answers()
    await _offer(relay, 3, mean_per_s, quiet)
    late = await _offer(relay, seconds, SPIKE * mean_per_s, spike)
    began = time.perf_counter()
    usual = max(0.02, 3 * percentile(quiet.seconds, 0.99))
    recovered = None
    while recovered is None and time.perf_counter() - began < 60:
        window = Answers()
        await _offer(relay, 1, mean_per_s, window)
        after.accepted += window.accepted
        if window.statuses[202] == sum(window.statuses.values()) and percentile(window.seconds, 0.99) <= usual:
            recovered = time.perf_counter() - began
    return {
        "offered": SPIKE * mean_per_s * seconds, "accepted_in_spike": spike.statuses[202], "refused_429": spike.statuses[429],
        "other": {status: n for status, n in spike.statuses.items() if status not in (202, 429)}, "never_accepted": late,
        "p99_ms_quiet": quiet.ms(0.99), "p99_ms_spike": spike.ms(0.99),
        "recovery_s": None if recovered is None else round(recovered, 2),
        "accepted": quiet.accepted + spike.accepted + after.accepted,
    }  # fmt: skip


async def _offer(relay: Relay, seconds: float, per_s: int, answers: Answers) -> int:
    """An open loop: reports come when they come. Returns how many gave up after three refusals."""
    senders = [await connect(relay) for _ in range(CONNECTIONS)]
    free: asyncio.Queue[Sender] = asyncio.Queue()
    for sender in senders:
        free.put_nowait(sender)
    gave_up = 0

    async def one() -> None:
        nonlocal gave_up
        body = os.urandom(BODY_BYTES)
        for _ in range(3):
            sender = await free.get()
            try:
                sender, status = await post(relay, sender, body, answers)
            except OSError:
                sender, status = await connect(relay), 0
            free.put_nowait(sender)
            if status == 202:
                return
            await asyncio.sleep(RETRY_S)
        gave_up += 1

    began, tasks = time.perf_counter(), []
    for tick in range(int(seconds * 50)):
        tasks += [asyncio.create_task(one()) for _ in range(per_s // 50)]
        await asyncio.sleep(max(0.0, began + (tick + 1) / 50 - time.perf_counter()))
    await asyncio.gather(*tasks)
    for sender in senders:
        sender.transport.close()
    return gave_up
