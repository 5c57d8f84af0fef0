"""HPKE's receiver with its exporter (RFC 9180, sections 4.1, 5.1, 5.3, 7.1), which `cryptography` 50's `Suite` does not offer.

X25519, HKDF-SHA256, AES-128-GCM; base mode, first message only. Checked against that `Suite` and RFC 9458's own example.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEM, KDF, AEAD = 0x0020, 0x0001, 0x0001
KEY_BYTES, NONCE_BYTES, ENC_BYTES = 16, 12, 32
_KEM_SUITE = b"KEM" + KEM.to_bytes(2, "big")
_SUITE = b"HPKE" + b"".join(part.to_bytes(2, "big") for part in (KEM, KDF, AEAD))


class OpenRefused(Exception):
    """A ciphertext that does not open under this key and info."""


def extract(salt: bytes, key: bytes) -> bytes:
    """HKDF-Extract with SHA-256 (RFC 5869)."""
    return hmac.new(salt or bytes(32), key, hashlib.sha256).digest()


def expand(key: bytes, info: bytes, length: int) -> bytes:
    """HKDF-Expand with SHA-256, up to one block: `length` <= 32."""
    return hmac.new(key, info + b"\1", hashlib.sha256).digest()[:length]


def _labeled_extract(suite: bytes, salt: bytes, label: bytes, key: bytes) -> bytes:
    return extract(salt, b"HPKE-v1" + suite + label + key)


def _labeled_expand(suite: bytes, key: bytes, label: bytes, info: bytes, length: int) -> bytes:
    return expand(key, length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info, length)


@dataclass(frozen=True)
class Receiver:
    """What both sides share after the first message. `repr` shows none of it."""

    key: bytes = field(repr=False)
    nonce: bytes = field(repr=False)
    exporter: bytes = field(repr=False)

    def open(self, ciphertext: bytes) -> bytes:
        """First message; raises `OpenRefused`."""
        try:
            return AESGCM(self.key).decrypt(self.nonce, ciphertext, b"")
        except InvalidTag:
            raise OpenRefused("does not open under this key") from None

    def export(self, label: bytes, length: int) -> bytes:
        """A secret of up to 32 bytes for another use."""
        return _labeled_expand(_SUITE, self.exporter, b"sec", label, length)


def receive(private: bytes, enc: bytes, info: bytes) -> Receiver:
    """Context of the receiver whose raw private key this is; raises `OpenRefused` for a bad encapsulated key."""
    key = X25519PrivateKey.from_private_bytes(private)
    try:
        shared = key.exchange(X25519PublicKey.from_public_bytes(enc))
    except ValueError:  # a point of low order
        raise OpenRefused("the encapsulated key is none") from None
    prk = _labeled_extract(_KEM_SUITE, b"", b"eae_prk", shared)
    secret = _labeled_expand(_KEM_SUITE, prk, b"shared_secret", enc + key.public_key().public_bytes_raw(), 32)
    hashes = (_labeled_extract(_SUITE, b"", b"psk_id_hash", b""), _labeled_extract(_SUITE, b"", b"info_hash", info))
    context = b"\0" + b"".join(hashes)
    schedule = _labeled_extract(_SUITE, secret, b"secret", b"")
    made = (
        _labeled_expand(_SUITE, schedule, label, context, length)
        for label, length in ((b"key", KEY_BYTES), (b"base_nonce", NONCE_BYTES), (b"exp", 32))
    )
    return Receiver(*made)
