"""Load for a real relay process: saturation, without and with anonymous tokens.

Raw sockets, because a client library costs more than the relay.
"""

from __future__ import annotations

import asyncio
import hashlib
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

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from aggregator.relay.store import RelayStore
from benchmarks.result import percentile
from contracts import BODY_BYTES, Bucket, Collection, Configuration, TokenTerms, sha256_hex
from privacy.mechanisms import choose_mechanism
from privacy.token_issuer import Issuer, generate_issuer_key
from privacy.tokens import SALT_BYTES, TOKEN_TYPE, challenge

ROOT = Path(__file__).resolve().parents[1]
EPOCH_S = 86_400
CONNECTIONS = 128
RETRY_S = 1
READY_S = 60


def configuration_of(domain: int, tokens: TokenTerms | None = None) -> Configuration:
    """One collection at epsilon 4."""
    mechanism = choose_mechanism(domain, 4.0)
    collection = Collection(
        id=1, name="dwelled", kind="item_dwelled", domain_size=domain, epsilon=4, epsilon_micro=mechanism.epsilon_micro, share=1,
        mechanism=mechanism.record(), dwell_ms=1000,
    )  # fmt: skip
    return Configuration(
        shop="bench", demo=True, epoch_s=EPOCH_S, draw_min_ms=0, draw_max_ms=1000, minimum_batch=1, cap_epsilon=32, cap_days=90,
        poll_s=60, reports_url="", collections=(collection,), tokens=tokens,
    )  # fmt: skip


def random_bodies(reports: int) -> list[bytes]:
    data = os.urandom(reports * BODY_BYTES)
    return [data[at : at + BODY_BYTES] for at in range(0, len(data), BODY_BYTES)]


@dataclass
class Relay:
    """A relay process and what it has spent."""

    process: subprocess.Popen[bytes]
    host: str
    port: int
    bucket: Bucket
    store: Path

    @property
    def path(self) -> str:
        """Where its reports go."""
        return self.bucket.path()

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


def start_relay(folder: Path, tokens: TokenTerms | None = None, **more: object) -> Relay:
    """One relay, one configuration."""
    configuration = configuration_of(43_000, tokens)
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
    return Relay(process, host, int(port), bucket, folder / "relay.sqlite")


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


def relay_load(reports: int, with_tokens: int = 0) -> dict[str, Any]:
    """Saturation: so many connections, each with one report under way. With tokens each body carries one of its own."""
    with tempfile.TemporaryDirectory() as folder:
        purse = Purse(Path(folder)) if with_tokens else None
        relay = start_relay(Path(folder)) if purse is None else start_relay(Path(folder), purse.terms, **purse.settings)
        try:
            reports -= reports % CONNECTIONS
            bodies = [os.urandom(BODY_BYTES) for _ in range(reports)]
            if purse is not None:
                bodies = [body + purse.token(relay.bucket) for body in bodies]
            answers = Answers()
            before, started = relay.cpu_s(), time.perf_counter()
            asyncio.run(_saturate(relay, bodies, answers))
            wall, spent = time.perf_counter() - started, relay.cpu_s() - before
            peak = relay.peak_bytes()
        finally:
            relay.stop()
        answers.accepted = [body[:BODY_BYTES] for body in answers.accepted]
        lost = check_stored(relay, answers)
    return {
        "per_cpu_s": round(reports / spent), "per_s": round(reports / wall),
        "p50_ms": answers.ms(0.5), "p99_ms": answers.ms(0.99),
        "statuses": dict(answers.statuses), "lost": lost, "connections": CONNECTIONS, "peak_bytes": peak,
    }  # fmt: skip


async def _saturate(relay: Relay, bodies: list[bytes], answers: Answers) -> None:
    async def one(mine: list[bytes]) -> None:
        sender = await connect(relay)
        for body in mine:
            sender, _status = await post(relay, sender, body, answers)

    await asyncio.gather(*(one(bodies[at::CONNECTIONS]) for at in range(CONNECTIONS)))


class Purse:
    """Tokens as an issuer's signatures: what the relay verifies is the same, and blinding costs only the shopper."""

    NAME = "issuer.example"

    def __init__(self, folder: Path) -> None:
        self._private = generate_issuer_key()
        self._key = Issuer(self._private).key
        path = folder / "issuer.pem"
        path.write_bytes(self._key.spki)
        self.terms = TokenTerms(issuer=self.NAME, key=f"{self._key.n:x}")
        self.settings: dict[str, object] = {"token_keys": [str(path)], "token_issuer": self.NAME}
        self._scheme = padding.PSS(mgf=padding.MGF1(hashes.SHA384()), salt_length=SALT_BYTES)

    def token(self, bucket: Bucket) -> bytes:
        """One that was not given before."""
        asked = challenge(self.NAME, bucket.release, bucket.epoch)
        signed = TOKEN_TYPE.to_bytes(2, "big") + os.urandom(32) + hashlib.sha256(asked).digest() + self._key.key_id
        return signed + self._private.sign(signed, self._scheme, hashes.SHA384())
