"""HPKE base mode (RFC 9180): DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM. 8 bytes in, 56 bytes out."""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from contracts import BODY_BYTES
from privacy.errors import SealingError

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_128_GCM)


def generate_keypair() -> tuple[bytes, bytes]:
    """(private, public), 32 raw bytes each."""
    private = X25519PrivateKey.generate()
    return private.private_bytes_raw(), private.public_key().public_bytes_raw()


def x25519_public(private_key: bytes) -> bytes:
    """Public part of a raw private key."""
    return X25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()


def seal(plaintext: bytes, public_key: bytes, info: bytes) -> bytes:
    """enc[32] ‖ ciphertext ‖ tag[16], bound to `info`."""
    return _SUITE.encrypt(plaintext, X25519PublicKey.from_public_bytes(public_key), info=info)


def open_sealed(body: bytes, private_key: bytes, info: bytes) -> bytes:
    """Plaintext of a 56-byte body; raises `SealingError`, whose text says nothing of the content."""
    if len(body) != BODY_BYTES:
        raise SealingError(f"report body: got {len(body)} bytes, want {BODY_BYTES}")
    return Opener(private_key).open(body, info)


class Opener:
    """A private key held ready, for many bodies."""

    def __init__(self, private_key: bytes) -> None:
        self._key = X25519PrivateKey.from_private_bytes(private_key)

    def open(self, body: bytes, info: bytes) -> bytes:
        """Plaintext; raises `SealingError`."""
        try:
            return _SUITE.decrypt(body, self._key, info=info)
        except (InvalidTag, ValueError):
            raise SealingError("report body: does not open under this key and info") from None
