"""HPKE base mode written out from RFC 9180 (sections 4.1, 5.1, 7.1), sharing nothing with `cryptography`'s own HPKE."""

from __future__ import annotations

import hashlib
import hmac

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEM_SUITE = b"KEM" + (0x0020).to_bytes(2, "big")
HPKE_SUITE = b"HPKE" + b"".join(part.to_bytes(2, "big") for part in (0x0020, 0x0001, 0x0001))


def _extract(suite: bytes, salt: bytes, label: bytes, key: bytes) -> bytes:
    return hmac.new(salt or bytes(32), b"HPKE-v1" + suite + label + key, hashlib.sha256).digest()


def _expand(suite: bytes, key: bytes, label: bytes, info: bytes, length: int) -> bytes:
    labelled = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    return hmac.new(key, labelled + b"\1", hashlib.sha256).digest()[:length]


def key_and_nonce(shared: bytes, enc: bytes, public: bytes, info: bytes) -> tuple[bytes, bytes]:
    """Key schedule of the base mode."""
    eae = _extract(KEM_SUITE, b"", b"eae_prk", shared)
    secret = _expand(KEM_SUITE, eae, b"shared_secret", enc + public, 32)
    hashes = (_extract(HPKE_SUITE, b"", b"psk_id_hash", b""), _extract(HPKE_SUITE, b"", b"info_hash", info))
    context = b"\0" + b"".join(hashes)
    schedule = _extract(HPKE_SUITE, secret, b"secret", b"")
    return _expand(HPKE_SUITE, schedule, b"key", context, 16), _expand(HPKE_SUITE, schedule, b"base_nonce", context, 12)


def seal_with(ephemeral: bytes, plaintext: bytes, public: bytes, info: bytes, aad: bytes = b"") -> bytes:
    """enc ‖ ciphertext ‖ tag with a given ephemeral private key."""
    key = X25519PrivateKey.from_private_bytes(ephemeral)
    enc = key.public_key().public_bytes_raw()
    shared = key.exchange(X25519PublicKey.from_public_bytes(public))
    aes, nonce = key_and_nonce(shared, enc, public, info)
    return enc + AESGCM(aes).encrypt(nonce, plaintext, aad)


def open_with(private: bytes, body: bytes, info: bytes, aad: bytes = b"") -> bytes:
    """Plaintext of enc ‖ ciphertext ‖ tag."""
    key, enc = X25519PrivateKey.from_private_bytes(private), body[:32]
    shared = key.exchange(X25519PublicKey.from_public_bytes(enc))
    aes, nonce = key_and_nonce(shared, enc, key.public_key().public_bytes_raw(), info)
    return AESGCM(aes).decrypt(nonce, body[32:], aad)
