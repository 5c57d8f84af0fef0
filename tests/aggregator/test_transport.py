"""The outbox."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from transport_suite import conform

from aggregator.errors import SettingsRefused, TransportRefused
from aggregator.transport import OutboxTransport
from aggregator.transport.kafka_security import KafkaSecurity


def test_outbox_conforms(tmp_path: Path) -> None:
    path = tmp_path / "outbox.sqlite"

    async def read() -> list[tuple[str, int, bytes]]:
        return [(found.partition, found.offset, found.value) for found in OutboxTransport(path).read(0, 1000)]

    asyncio.run(conform(lambda: OutboxTransport(path), read))


def test_the_suite_finds_a_transport_that_loses(tmp_path: Path) -> None:
    class Forgetful(OutboxTransport):
        async def put(self, batches) -> None:  # type: ignore[no-untyped-def]
            await super().put(batches[:-1])

    path = tmp_path / "outbox.sqlite"

    async def read() -> list[tuple[str, int, bytes]]:
        return [(found.partition, found.offset, found.value) for found in OutboxTransport(path).read(0, 1000)]

    with pytest.raises(AssertionError, match="lost or torn"):
        asyncio.run(conform(lambda: Forgetful(path), read))


def test_other_bytes_under_a_known_key_are_refused_and_nothing_of_that_call_is_kept(tmp_path: Path) -> None:
    outbox = OutboxTransport(tmp_path / "outbox.sqlite")
    outbox.put_now([(b"a", b"1")])
    with pytest.raises(TransportRefused, match="not replaced"):
        outbox.put_now([(b"b", b"2"), (b"a", b"other")])
    assert [found.value for found in outbox.read(0)] == [b"1"]


def test_trimmed_batches_are_scrubbed_and_stay_known(tmp_path: Path) -> None:
    outbox = OutboxTransport(tmp_path / "outbox.sqlite")
    outbox.put_now([(b"a", b"planted-value-1" * 4), (b"b", b"2")])
    outbox.trim(outbox.read(0)[1].offset)
    assert [found.value for found in outbox.read(0)] == [b"2"]
    outbox.put_now([(b"a", b"planted-value-1" * 4)])
    assert [found.value for found in outbox.read(0)] == [b"2"], "folded twice"


def test_security_is_handed_to_both_clients_and_a_password_stands_in_no_settings(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("planted-password\n")
    found = KafkaSecurity(protocol="SASL_SSL", username="relay", password_file=str(tmp_path / "password"))
    words = found.for_aiokafka()
    assert (words["security_protocol"], words["sasl_mechanism"], words["sasl_plain_username"]) == (
        "SASL_SSL",
        "SCRAM-SHA-512",
        "relay",
    )
    assert words["sasl_plain_password"] == "planted-password"
    assert words["ssl_context"].check_hostname
    assert found.for_faust().password == "planted-password"
    assert "planted" not in f"{found!r}{found.to_bytes()!r}".replace(str(tmp_path), "")
    assert KafkaSecurity().for_aiokafka() == {"security_protocol": "PLAINTEXT"}
    assert KafkaSecurity().for_faust() is None


def test_security_that_is_not_complete_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="needs 'username' and 'password_file'"):
        KafkaSecurity(protocol="SASL_SSL")
    with pytest.raises(SettingsRefused, match="no password in"):
        KafkaSecurity(protocol="SASL_PLAINTEXT", username="a", password_file=str(tmp_path / "none")).for_aiokafka()
    with pytest.raises(SettingsRefused, match="ca_file"):
        KafkaSecurity(protocol="SSL", ca_file=str(tmp_path / "none")).for_aiokafka()


def test_a_broker_that_takes_connections_and_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a broker killed in mid-write looks like to its producer: without a limit the relay's closing task waited for ever."""
    from aggregator.transport import kafka

    monkeypatch.setattr(kafka, "PUT_LIMIT_S", 0.5)

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async def hand_over() -> list[str]:
        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        carrier = kafka.KafkaTransport(f"127.0.0.1:{port}", "batches")
        refused = []
        for _ in range(2):  # and again: the next call begins anew
            with pytest.raises(TransportRefused, match=r"took no batch in 0\.5 s") as error:
                await asyncio.wait_for(carrier.put([(b"k", b"v")]), 20)
            refused.append(str(error.value))
        await carrier.close()
        server.close()
        return refused

    assert len(asyncio.run(hand_over())) == 2


def test_a_producer_that_never_comes_through_is_thrown_away(monkeypatch: pytest.MonkeyPatch) -> None:
    from aggregator.transport import kafka

    monkeypatch.setattr(kafka, "PUT_LIMIT_S", 0.2)
    monkeypatch.setattr(kafka, "STOP_LIMIT_S", 0.1)
    ended: list[str] = []

    class Stuck:
        """As aiokafka's after its broker died: sends wait, stop waits for the sends."""

        class client:
            @staticmethod
            async def close() -> None:
                ended.append("client")

        class _sender:
            @staticmethod
            async def close() -> None:
                ended.append("sender")

        async def send(self, *_: object, **__: object) -> asyncio.Future[None]:
            return asyncio.get_running_loop().create_future()

        async def stop(self) -> None:
            await asyncio.get_running_loop().create_future()

    async def hand_over() -> None:
        carrier = kafka.KafkaTransport("127.0.0.1:1", "batches")
        carrier._producer = Stuck()
        with pytest.raises(TransportRefused, match="took no batch"):
            await asyncio.wait_for(carrier.put([(b"k", b"v")]), 10)
        assert carrier._producer is None

    asyncio.run(hand_over())
    assert ended == ["sender", "client"]
