"""The real relay under abuse: each kind is refused and counted, memory stays flat, honest reports go on; and schemathesis."""

from __future__ import annotations

import os
import secrets
import socket
from pathlib import Path

import httpx
import hypothesis
import pytest
import schemathesis
from clocked import ClockFile
from loop_parts import EPOCH_S, configuration, post, relay_settings, running, write_configuration
from relay_parts import free_port, metrics_at, path_of, wait_until
from schemathesis.specs.openapi.checks import positive_data_acceptance

from aggregator.relay.app import create_app
from aggregator.relay.settings import RelaySettings
from aggregator.relay.store import RelayStore

EPOCH = 1_000_000
NOW = EPOCH * EPOCH_S + 3.0
MANY = 150
SLOW_S = 0.5
EXAMPLES = 25
GROWTH_MOST_BYTES = 16 << 20


def resident_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))


class Attacker:
    """Raw bytes to the relay."""

    def __init__(self, address: str, release: str) -> None:
        host, port = address.removeprefix("http://").split(":")
        self.place, self.release = (host, int(port)), release

    def send(self, data: bytes, many: int = MANY) -> list[socket.socket]:
        """So many connections that each send this and then wait."""
        opened = []
        for _ in range(many):
            opened.append(socket.create_connection(self.place, timeout=10))
            opened[-1].sendall(data)
        return opened

    def head(self, length: str, path: str = "", more: str = "") -> bytes:
        path = path or path_of(self.release)
        return f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n{length}\r\n{more}\r\n".encode()


def answers(opened: list[socket.socket]) -> set[bytes]:
    """First status of each, b'' where it was cut; closes them."""
    found = set()
    for each in opened:
        try:
            found.add(each.recv(4096)[9:12])
        except ConnectionError:
            found.add(b"")
        each.close()
    return found


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads resident memory from /proc")
def test_abuse_is_refused_and_counted_and_memory_stays_flat(tmp_path: Path) -> None:
    file, release = write_configuration(tmp_path, configuration(minimum_batch=5))
    clock, port = ClockFile(tmp_path / "clock"), free_port()
    clock.set(NOW)
    settings = relay_settings(tmp_path, file, slow_after_s=SLOW_S, metrics_port=port)
    with running("aggregator.relay", settings, tmp_path, clock=clock.path) as (process, address):
        attacker, client = Attacker(address, release), httpx.Client(base_url=address)
        report = secrets.token_bytes(56)
        assert post(client, path_of(release), report).status_code == 202
        kinds: list[tuple[bytes, set[bytes]]] = [
            (b"POST /v1/rep", {b""}),  # slow loris in the head
            (attacker.head("Content-Length: 56") + b"12", {b"408"}),  # and in the body
            (attacker.head("Content-Length: 999999"), {b"413"}),
            (attacker.head("Transfer-Encoding: chunked") + b"40\r\n" + bytes(64), {b"413"}),
            (attacker.head("Content-Length: 56", path_of(release, key_id=9)), {b"404"}),
            (attacker.head("Content-Length: 56", path_of(release, epoch=EPOCH + 1)) + bytes(56), {b"400"}),
            (attacker.head("Content-Length: 56", path_of(release, epoch=EPOCH - 9)) + bytes(56), {b"400"}),
            (attacker.head("Content-Length: 56") + report, {b"202"}),  # replayed: the same report
            (b"\x16\x03\x01 no http at all\r\n\r\n", {b"400"}),
        ]
        for data, want in kinds:  # once, so that what is kept for ever is there
            assert answers(attacker.send(data, 5)) == want, data[:60]
        before = resident_bytes(process.pid)
        for data, want in kinds:
            assert answers(attacker.send(data)) == want, data[:60]
        assert post(client, path_of(release), secrets.token_bytes(56)).status_code == 202
        grown = resident_bytes(process.pid) - before
        text = metrics_at(port)
    assert grown < GROWTH_MOST_BYTES, f"{grown} bytes for {MANY * len(kinds)} requests"
    for status, number in (("413", 2), ("408", 1), ("404", 1), ("400", 2)):
        assert f'intently_relay_answers_total{{status="{status}"}} {number * (MANY + 5)}.0' in text, text
    assert f"intently_relay_cut_connections {MANY + 5}.0" in text
    assert RelayStore(tmp_path / "relay.sqlite")._database.execute("SELECT count(*) FROM reports").fetchone() == (2,)


def test_a_spike_is_pushed_back_and_nothing_accepted_is_lost(tmp_path: Path) -> None:
    """Scaled: 20 times as many senders as the queue holds; the whole spike is part of the benchmark."""
    from concurrent.futures import ThreadPoolExecutor

    file, release = write_configuration(tmp_path, configuration(minimum_batch=5))
    clock = ClockFile(tmp_path / "clock")
    clock.set(NOW)
    settings = relay_settings(tmp_path, file, queue_most=2, retry_after_s=1)
    with running("aggregator.relay", settings, tmp_path, clock=clock.path) as (_, address):

        def sender(_: int) -> tuple[list[bytes], int]:
            accepted, pushed_back = [], 0
            with httpx.Client(base_url=address) as client:
                for _ in range(15):
                    body = secrets.token_bytes(56)
                    answer = post(client, path_of(release), body)
                    accepted += [body] if answer.status_code == 202 else []
                    pushed_back += answer.status_code == 429
                    assert answer.status_code == 202 or answer.headers["retry-after"] == "1"
            return accepted, pushed_back

        with ThreadPoolExecutor(40) as pool:
            found = list(pool.map(sender, range(40)))
        with httpx.Client(base_url=address) as client:
            wait_until(lambda: post(client, path_of(release), b"after" + bytes(51)).status_code == 202, 5)
    accepted = {body for bodies, _ in found for body in bodies}
    stored = {row[0] for row in RelayStore(tmp_path / "relay.sqlite")._database.execute("SELECT body FROM reports")}
    assert sum(pushed_back for _, pushed_back in found) > 0
    assert accepted <= stored


@schemathesis.serializer("message/ohttp-req")
def as_bytes(_: object, value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def test_the_openapi_document_tells_the_truth(tmp_path: Path) -> None:
    """schemathesis: made-up requests to every operation; each answer is one that the document names, and none is a 500."""
    file, _ = write_configuration(tmp_path, configuration(minimum_batch=5))
    (tmp_path / "ohttp.key").write_text(secrets.token_bytes(32).hex())
    os.chmod(tmp_path / "ohttp.key", 0o600)
    more = {"ohttp_key": str(tmp_path / "ohttp.key"), "deployment": "ohttp"}
    app = create_app(RelaySettings.model_validate(relay_settings(tmp_path, file, **more)), lambda: NOW)
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) == 4
    for operation in operations:

        @hypothesis.given(case=operation.as_strategy())
        @hypothesis.settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(hypothesis.HealthCheck))
        def truthful(case: schemathesis.Case) -> None:
            case.call_and_validate(excluded_checks=[positive_data_acceptance])  # an epoch that is not open is refused

        truthful()
