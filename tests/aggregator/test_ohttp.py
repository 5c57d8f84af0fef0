"""Oblivious HTTP: RFC 9458's own example, the shipped HPKE as the client, a report all the way in, and every refusal."""

from __future__ import annotations

import contextlib
import secrets
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from loop_parts import EPOCH_S, configuration, relay_settings, write_configuration

from aggregator.errors import SettingsRefused
from aggregator.relay.app import create_app
from aggregator.relay.bhttp import BinaryHttpRefused, Request, parse_request, request_bytes, response_bytes, varint
from aggregator.relay.describe import DEPLOYMENTS, describe
from aggregator.relay.hpke_context import receive
from aggregator.relay.ohttp import EncapsulationRefused, Gateway, response_keys
from aggregator.relay.settings import RelaySettings
from aggregator.relay.store import RelayStore
from aggregator.settings import load_settings

EPOCH = 1_000_000
NOW = EPOCH * EPOCH_S + 3.0
HEADER = bytes.fromhex("01002000010001")
SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_128_GCM)

RFC_SECRET = bytes.fromhex("3c168975674b2fa8e465970b79c8dcf09f1c741626480bd4c6162fc5b6a98e1a")
RFC_REQUEST = bytes.fromhex("00034745540568747470730b6578616d706c652e636f6d012f")
RFC_ENCAPSULATED = bytes.fromhex(
    "010020000100014b28f881333e7c164ffc499ad9796f877f4e1051ee6d31bad19dec96c208b4726374e469135906992e1268c594d2a10c695d858c40a026"
    "e7965e7d86b83dd440b2c0185204b4d63525"
)
RFC_NONCE = bytes.fromhex("c789e7151fcba46158ca84b04464910d")
RFC_RESPONSE = bytes.fromhex("c789e7151fcba46158ca84b04464910d86f9013e404feea014e7be4a441f234f857fbd")


def test_the_example_of_the_rfc() -> None:
    """RFC 9458, appendix A: request `GET https://example.com/`, response 200."""
    gateway = Gateway(RFC_SECRET, random=lambda length: RFC_NONCE[:length])
    assert gateway.key_configurations()[2:37].hex() == "01002031e1f05a740102115220e9af918f738674aec95f54db6e04eb705aae8e798155"
    opened = gateway.open(RFC_ENCAPSULATED)
    assert opened.request == RFC_REQUEST
    assert parse_request(opened.request) == Request(b"GET", b"/", (), b"")
    assert response_bytes(200, [], b"").hex().startswith("0140c8")
    assert gateway.seal(opened, bytes.fromhex("0140c8")) == RFC_RESPONSE


class Client:
    """A sender that uses `cryptography`'s own HPKE; the response is opened with the gateway's context, which it shares."""

    def __init__(self, private: bytes) -> None:
        self._private = private
        self._public = X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()

    def seal(self, request: bytes) -> bytes:
        info = b"message/bhttp request\0" + HEADER
        return HEADER + SUITE.encrypt(request, X25519PublicKey.from_public_bytes(self._public), info=info)

    def open(self, sealed: bytes, answer: bytes) -> bytes:
        enc = sealed[7:39]
        context = receive(self._private, enc, b"message/bhttp request\0" + HEADER)
        key, nonce = response_keys(context.export(b"message/bhttp response", 16), enc, answer[:16])
        return AESGCM(key).decrypt(nonce, answer[16:], b"")


@pytest.fixture
def key(tmp_path: Path) -> bytes:
    private = secrets.token_bytes(32)
    (tmp_path / "ohttp.key").write_text(private.hex())
    (tmp_path / "ohttp.key").chmod(0o600)
    return private


@pytest.fixture
def release(tmp_path: Path) -> str:
    return write_configuration(tmp_path, configuration(minimum_batch=5))[1]


def app_of(tmp_path: Path) -> TestClient:
    more = {"ohttp_key": str(tmp_path / "ohttp.key"), "deployment": "ohttp"}
    settings = RelaySettings.model_validate(relay_settings(tmp_path, tmp_path / "configuration.json", **more))
    return TestClient(create_app(settings, lambda: NOW))


def report(release: str, body: bytes, epoch: int = EPOCH, method: bytes = b"POST", kind: bytes = b"text/plain") -> bytes:
    return request_bytes(Request(method, f"/v1/reports/{release}/1/{epoch}/1".encode(), ((b"content-type", kind),), body))


def ask(client: TestClient, sealed: bytes) -> tuple[int, bytes, str]:
    answer = client.post("/v1/ohttp", content=sealed, headers={"content-type": "message/ohttp-req"})
    return answer.status_code, answer.content, answer.headers["content-type"]


def test_a_report_inside_is_taken_and_the_carrier_does_not_learn_it(tmp_path: Path, key: bytes, release: str) -> None:
    sender = Client(key)
    with app_of(tmp_path) as client:
        for inside, status in (
            (report(release, b"A" * 56), 202),
            (report(release, b"A" * 56), 202),
            (report(release, b"A" * 55), 400),
            (report(release, b"A" * 57), 413),
            (report(release, b"A" * 56, kind=b"text/html"), 415),
            (report(release, b"A" * 56, epoch=EPOCH + 1), 400),
            (report("0" * 64, b"A" * 56), 404),
            (report(release, b"", method=b"GET"), 405),
            (b"\2junk", 400),
        ):
            sealed = sender.seal(inside)
            outer, answer, kind = ask(client, sealed)
            assert (outer, kind) == (200, "message/ohttp-res")
            assert sender.open(sealed, answer)[1:3] == varint(status)
        assert client.get("/.well-known/ohttp-gateway").headers["content-type"] == "application/ohttp-keys"
    database = RelayStore(tmp_path / "relay.sqlite")._database
    assert database.execute("SELECT body FROM reports").fetchall() == [(b"A" * 56,)]


def test_what_is_not_encapsulated_for_this_key_is_a_problem(tmp_path: Path, key: bytes, release: str) -> None:
    inside = report(release, b"A" * 56)
    with app_of(tmp_path) as client:
        flipped = bytearray(Client(key).seal(inside))
        flipped[-1] ^= 1
        for sealed in (b"", b"short", bytes(flipped), Client(secrets.token_bytes(32)).seal(inside), HEADER + bytes(80)):
            status, answer, kind = ask(client, sealed)
            assert (status, kind) == (400, "application/problem+json")
            assert b"ohttp-key" in answer
        assert ask(client, bytes(5000))[0] == 413
        assert client.post("/v1/ohttp", content=b"x", headers={"content-type": "text/plain"}).status_code == 415
        assert client.get("/v1/ohttp").status_code == 405


def test_without_a_key_there_is_no_gateway(tmp_path: Path, release: str) -> None:
    settings = RelaySettings.model_validate(relay_settings(tmp_path, tmp_path / "configuration.json"))
    with TestClient(create_app(settings, lambda: NOW)) as client:
        assert client.get("/.well-known/ohttp-gateway").status_code == 404


field = st.tuples(st.from_regex(rb"[a-z-]{1,8}", fullmatch=True), st.binary(max_size=20))
requests = st.builds(
    Request, st.binary(max_size=9), st.binary(max_size=99), st.lists(field, max_size=3).map(tuple), st.binary(max_size=99)
)


@given(requests, st.integers(0, 20))
def test_binary_http_there_and_back_with_any_padding(request: Request, padding: int) -> None:
    assert parse_request(request_bytes(request) + bytes(padding)) == request


@given(st.binary(max_size=200))
def test_any_bytes_are_parsed_or_refused(data: bytes) -> None:
    for act, refusal in ((parse_request, BinaryHttpRefused), (Gateway(RFC_SECRET).open, EncapsulationRefused)):
        with contextlib.suppress(refusal):
            act(data)


@pytest.mark.parametrize("deployment", sorted(DEPLOYMENTS))
def test_each_deployment_says_what_it_guarantees(tmp_path: Path, deployment: str) -> None:
    settings = RelaySettings.model_validate(
        relay_settings(tmp_path, tmp_path / "c.json", deployment=deployment, ohttp_key="k" if deployment == "ohttp" else "")
    )
    said = describe(settings)
    claims_shuffled = "and shuffled:" in said
    assert claims_shuffled == (deployment == "independent")
    assert ("operators` to 1" in said) == (deployment != "independent")


def test_an_ohttp_deployment_needs_its_key(tmp_path: Path) -> None:
    import json

    file = tmp_path / "relay.json"
    file.write_text(json.dumps(relay_settings(tmp_path, tmp_path / "c.json", deployment="ohttp")))
    with pytest.raises(SettingsRefused, match="ohttp_key"):
        load_settings(RelaySettings, file)
