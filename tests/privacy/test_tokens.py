"""Anonymous tokens: the RFC's vector, what does not verify, the issuer's limit, and that the relay spends each once."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from privacy.errors import TokenRefused
from privacy.quota import PrefixQuota, prefix_of
from privacy.token_issuer import Issuer, generate_issuer_key
from privacy.tokens import (
    BODY_WITH_TOKEN_BYTES,
    EXPONENT,
    TOKEN_BYTES,
    IssuerKey,
    blinded,
    challenge,
    emsa_pss,
    finalize,
    request_token,
    verify_token,
)

VECTOR = {
    name: bytes.fromhex(text)
    for name, text in json.loads((Path(__file__).parent / "rfc9578_type2.json").read_text())["vector"].items()
}
RFC_9474 = Path(__file__).parent / "rfc9474_deterministic.json"
RELEASE = "ab" * 32


@pytest.fixture(scope="module")
def private() -> Any:
    return generate_issuer_key()


def test_the_vector_of_rfc_9578() -> None:
    """Request, response and token byte for byte; and `cryptography` verifies the token."""
    key = IssuerKey.from_bytes(VECTOR["pkS"])
    assert key.spki == VECTOR["pkS"]
    blind = int.from_bytes(VECTOR["blind"], "big")
    request, pending = blinded(key, VECTOR["token_challenge"], VECTOR["nonce"], VECTOR["salt"], blind)
    assert request == VECTOR["token_request"]
    signature = int.from_bytes(VECTOR["token_response"], "big")
    assert pow(signature, EXPONENT, key.n) == int.from_bytes(request[3:], "big"), "the issuer's part: a plain RSA signature"
    token = finalize(VECTOR["token_response"], pending)
    assert token == VECTOR["token"]
    assert verify_token(token, key, VECTOR["token_challenge"]) == VECTOR["nonce"]


def test_the_challenge_of_the_design_as_the_browser_writes_it() -> None:
    """The twin is in browser_runtime/test/tokens.test.ts."""
    assert challenge("issuer.example", RELEASE, 82_000).hex() == (
        "0002000e6973737565722e6578616d706c652046d4c46ed6bad300336641976c36ea63aff9ed6c68e3d456ee7dd3cb0a01a0980000"
    )


def test_the_vector_of_rfc_9474() -> None:
    """The encoding, with its key of 4,096 bits. The browser's twin replays the rest of it."""
    vector = {name: bytes.fromhex(text) for name, text in json.loads(RFC_9474.read_text())["vector"].items()}
    assert emsa_pss(vector["message"], vector["salt"], 4095) == vector["encoded"]


def test_sizes_are_those_of_the_design() -> None:
    assert (TOKEN_BYTES, BODY_WITH_TOKEN_BYTES) == (354, 410)


def test_a_token_is_issued_blind_and_verifies(private: Any) -> None:
    issuer = Issuer(private)
    asked = challenge("issuer.example", RELEASE, 82_000)
    request, pending = request_token(issuer.key, asked)
    token = finalize(issuer.issue("shopper-1", 82_000, request), pending)
    assert len(verify_token(token, issuer.key, asked)) == 32
    assert token[34:66].hex() not in request.hex()
    assert request[3:].hex() not in token.hex(), "what the issuer saw is not what comes back"


def test_what_does_not_verify(private: Any) -> None:
    issuer, asked = Issuer(private, per_epoch=5), challenge("issuer.example", RELEASE, 82_000)
    request, pending = request_token(issuer.key, asked)
    token = finalize(issuer.issue("a", 82_000, request), pending)
    for place in (0, 1, 5, 40, 70, 100, 353):
        flipped = bytearray(token)
        flipped[place] ^= 1
        with pytest.raises(TokenRefused, match="token"):
            verify_token(bytes(flipped), issuer.key, asked)
    for other in (
        challenge("issuer.example", RELEASE, 82_001),
        challenge("issuer.example", "cd" * 32, 82_000),
        challenge("x", RELEASE, 82_000),
    ):
        with pytest.raises(TokenRefused, match="another challenge"):
            verify_token(token, issuer.key, other)
    with pytest.raises(TokenRefused, match="354"):
        verify_token(token[:-1], issuer.key, asked)
    with pytest.raises(TokenRefused, match="another issuer key"):
        verify_token(token, IssuerKey.from_bytes(VECTOR["pkS"]), asked)
    with pytest.raises(TokenRefused, match="signature"):
        finalize(bytes(255) + b"\5", pending)


def test_the_issuer_gives_so_many_an_epoch_and_refuses_what_is_no_request(private: Any) -> None:
    issuer = Issuer(private, per_epoch=2)
    request, _ = request_token(issuer.key, challenge("i", RELEASE, 7))
    fresh = [request_token(issuer.key, challenge("i", RELEASE, 7))[0] for _ in range(2)]
    first = issuer.issue("a", 7, request)
    assert issuer.issue("a", 7, request) == first, "a resend after a lost answer is signed again and counted once"
    issuer.issue("a", 7, fresh[0])
    with pytest.raises(TokenRefused, match="has had its 2"):
        issuer.issue("a", 7, fresh[1])
    issuer.issue("b", 7, request)
    issuer.issue("a", 8, request)
    with pytest.raises(TokenRefused, match="is over"):
        issuer.issue("c", 7, request)
    for bad in (
        request[:-1],
        b"\0\1" + request[2:],
        request[:2] + bytes([request[2] ^ 1]) + request[3:],
        request[:3] + b"\xff" * 256,
    ):
        with pytest.raises(TokenRefused, match="token request"):
            issuer.issue("d", 8, bad)


def test_a_public_key_file_is_read_and_another_refused(private: Any) -> None:
    public = private.public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert IssuerKey.from_bytes(pem) == Issuer(private).key
    for bad in (b"hello", b"-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----\n"):
        with pytest.raises(TokenRefused, match="issuer key"):
            IssuerKey.from_bytes(bad)


def test_a_quota_counts_prefixes_in_a_window_and_forgets_them() -> None:
    quota = PrefixQuota(2, 60, secrets.token_bytes)
    assert [quota.allows(f"198.51.100.{host}", 10) for host in (1, 2, 3)] == [True, True, False]
    assert quota.allows("198.51.101.1", 10)
    assert [quota.allows(f"2001:db8::{host}", 10) for host in ("1", "2", "3")] == [True, True, False]
    assert quota.allows("198.51.100.1", 61), "a window later it is forgotten"
    assert all(quota.allows("unix", 61) for _ in range(9))
    assert b"198" not in repr(vars(quota)).encode()
    assert prefix_of("::ffff:198.51.100.9") == prefix_of("198.51.100.200")
