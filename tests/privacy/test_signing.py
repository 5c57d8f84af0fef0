"""DSSE envelopes over Ed25519: the shared vectors, and every way in which one is refused."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import ContractError, Envelope, IntentlyError, pre_authentication_encoding
from privacy.errors import SignatureRefused
from privacy.signing import generate_signing_key, public_key_of, sign, verify
from privacy.vectors import load_cases

KEY = generate_signing_key()


def test_envelope_vectors() -> None:
    cases = load_cases("envelope")
    for case in cases:
        payload = bytes.fromhex(case["payload_hex"])
        assert pre_authentication_encoding(case["payload_type"], payload).hex() == case["pae_hex"]
        envelope = Envelope.model_validate(case["envelope"])
        assert verify(envelope, case["payload_type"], bytes.fromhex(case["public_key_hex"])) == payload
    assert len(cases) >= 3


@pytest.mark.parametrize("case", load_cases("bad_envelope"), ids=lambda case: str(case["why"]))
def test_bad_envelope_vectors(case: dict[str, Any]) -> None:
    words = {"type": "got type", "key": "no valid signature", "signature": "no valid signature"}
    with pytest.raises(SignatureRefused, match=words[case["fails_at"]]):
        verify(Envelope.model_validate(case["envelope"]), case["payload_type"], bytes.fromhex(case["public_key_hex"]))


@given(st.binary(max_size=300), st.text(max_size=30))
def test_what_was_signed_comes_back(payload: bytes, kind: str) -> None:
    envelope = Envelope.from_bytes(sign(kind, payload, KEY).to_bytes())
    assert verify(envelope, kind, public_key_of(KEY)) == payload


@given(st.integers(0, 511))
def test_every_bit_of_a_signature_counts(bit: int) -> None:
    envelope = sign("t", b"payload", KEY)
    raw = bytearray(base64.b64decode(envelope.signatures[0].sig))
    raw[bit // 8] ^= 1 << bit % 8
    forged = envelope.signatures[0].model_copy(update={"sig": base64.b64encode(bytes(raw)).decode()})
    with pytest.raises(SignatureRefused):
        verify(envelope.model_copy(update={"signatures": (forged,)}), "t", public_key_of(KEY))


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b'{"payloadType":"t","payload":"","signatures":[]}'])
def test_what_is_no_envelope_is_one_sentence(text: bytes) -> None:
    with pytest.raises(ContractError, match="Envelope: at"):
        Envelope.from_bytes(text)


def test_payload_and_signature_that_are_not_base64_are_refused() -> None:
    envelope = sign("t", b"payload", KEY)
    for changed in ({"payload": "é"}, {"signatures": (envelope.signatures[0].model_copy(update={"sig": "é"}),)}):
        with pytest.raises(IntentlyError):
            verify(envelope.model_copy(update=changed), "t", public_key_of(KEY))
