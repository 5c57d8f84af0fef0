"""Oblivious HTTP (RFC 9458), the gateway's side: an OHTTP relay of another operator hides the sender's address from this batcher.

Key configuration      key_id u8 ‖ kem u16 ‖ public key (32) ‖ 4 u16 ‖ kdf u16 ‖ aead u16
application/ohttp-keys  length u16 ‖ configuration, for each
Encapsulated request    key_id u8 ‖ kem u16 ‖ kdf u16 ‖ aead u16 ‖ enc (32) ‖ ciphertext
                        info: "message/bhttp request" ‖ 00 ‖ the first 7 bytes
Encapsulated response   nonce (16) ‖ ciphertext, under keys from the exporter "message/bhttp response"
"""

from __future__ import annotations

import secrets
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from aggregator.relay.hpke_context import (
    AEAD,
    ENC_BYTES,
    KDF,
    KEM,
    KEY_BYTES,
    NONCE_BYTES,
    OpenRefused,
    Receiver,
    expand,
    extract,
    receive,
)

KEYS_TYPE, REQUEST_TYPE, RESPONSE_TYPE = b"application/ohttp-keys", b"message/ohttp-req", b"message/ohttp-res"
KEY_PROBLEM = "https://iana.org/assignments/http-problem-types#ohttp-key"
REQUEST_MOST_BYTES = 1024
"""A report inside takes some 260 bytes; the rest is padding."""
_HEADER = struct.Struct(">BHHH")
_SECRET_BYTES = max(KEY_BYTES, NONCE_BYTES)


class EncapsulationRefused(Exception):
    """A request that is not one, or is for another key."""


@dataclass(frozen=True)
class Opened:
    """A decapsulated request, and what its response is sealed with."""

    request: bytes
    enc: bytes
    context: Receiver = field(repr=False)


class Gateway:
    """Opens requests and seals responses with one key. `repr` shows none of it."""

    def __init__(self, private: bytes, key_id: int = 1, random: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._private, self._key_id, self._random = private, key_id, random

    def key_configurations(self) -> bytes:
        """What a client needs, as application/ohttp-keys."""
        public = X25519PrivateKey.from_private_bytes(self._private).public_key().public_bytes_raw()
        found = struct.pack(">BH", self._key_id, KEM) + public + struct.pack(">HHH", 4, KDF, AEAD)
        return struct.pack(">H", len(found)) + found

    def open(self, data: bytes) -> Opened:
        """Decapsulate; raises `EncapsulationRefused`."""
        if len(data) < _HEADER.size + ENC_BYTES:
            raise EncapsulationRefused(f"got {len(data)} bytes, want at least {_HEADER.size + ENC_BYTES}")
        header, enc, sealed = data[:7], data[7 : 7 + ENC_BYTES], data[7 + ENC_BYTES :]
        if _HEADER.unpack(header) != (self._key_id, KEM, KDF, AEAD):
            raise EncapsulationRefused("sealed for another key or suite; fetch the key configuration again")
        try:
            context = receive(self._private, enc, b"message/bhttp request\0" + header)
            return Opened(context.open(sealed), enc, context)
        except OpenRefused as error:
            raise EncapsulationRefused(f"{error}; fetch the key configuration again") from None

    def seal(self, opened: Opened, response: bytes) -> bytes:
        """Encapsulate the response to a request."""
        nonce = self._random(_SECRET_BYTES)
        key, start = response_keys(opened.context.export(b"message/bhttp response", _SECRET_BYTES), opened.enc, nonce)
        return nonce + AESGCM(key).encrypt(start, response, b"")


def response_keys(secret: bytes, enc: bytes, nonce: bytes) -> tuple[bytes, bytes]:
    """(key, nonce) of a response (section 4.4)."""
    prk = extract(enc + nonce, secret)
    return expand(prk, b"key", KEY_BYTES), expand(prk, b"nonce", NONCE_BYTES)
