"""Ed25519 signatures over DSSE envelopes (contracts/envelope.py)."""

from __future__ import annotations

import base64

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from contracts import Envelope, Signature, pre_authentication_encoding, sha256_hex
from privacy.errors import SignatureRefused


def generate_signing_key() -> bytes:
    """Private key, 32 raw bytes."""
    return Ed25519PrivateKey.generate().private_bytes_raw()


def public_key_of(private_key: bytes) -> bytes:
    """Public key, 32 raw bytes."""
    return Ed25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()


def sign(payload_type: str, payload: bytes, private_key: bytes) -> Envelope:
    """Envelope over exactly `payload`."""
    key = Ed25519PrivateKey.from_private_bytes(private_key)
    signature = key.sign(pre_authentication_encoding(payload_type, payload))
    keyid = sha256_hex(key.public_key().public_bytes_raw())
    return Envelope.wrap(payload_type, payload, (Signature(keyid=keyid, sig=base64.b64encode(signature).decode()),))


def verify_bytes(payload_type: str, payload: bytes, signature: bytes, public_key: bytes) -> bool:
    """Whether `signature` is of `public_key` over this payload: the function that accounting is handed."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, pre_authentication_encoding(payload_type, payload))
    except (InvalidSignature, ValueError):
        return False
    return True


def verify(envelope: Envelope, payload_type: str, public_key: bytes) -> bytes:
    """The payload, if the envelope is of this type and one signature is of `public_key`; else `SignatureRefused`."""
    if envelope.payloadType != payload_type:
        raise SignatureRefused(f"envelope: got type {envelope.payloadType}, want {payload_type}")
    keyid, payload = sha256_hex(public_key), envelope.payload_bytes()
    for signature in envelope.signatures:
        if signature.keyid == keyid and verify_bytes(payload_type, payload, _decoded(signature.sig), public_key):
            return payload
    raise SignatureRefused(f"envelope: no valid signature of key {keyid[:12]}... over its {len(payload)} bytes")


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:  # binascii.Error is one; text beyond ASCII is another
        return b""
