"""Golden vectors of what goes over the wire: sealed bodies and signed envelopes. Written by `python -m privacy.vectors`."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from contracts import Bucket, pack_plaintext, pre_authentication_encoding
from privacy.sealing import seal, x25519_public
from privacy.signing import public_key_of, sign

Case = dict[str, Any]

PRIVATE_KEY = bytes(range(32))


def seal_cases(made: list[Case]) -> list[Case]:
    """Bucket -> path and info; body -> plaintext. `made` holds bodies of an earlier run."""
    cases = []
    for number, (collection, epoch, key_id, message) in enumerate(
        [(1, 0, 1, 0), (2, 82_000, 1, 151_738), (255, 0xFFFFFFFF, 255, 0xFFFFFFFF)]
    ):
        bucket = Bucket(hashlib.sha256(b"release %d" % number).hexdigest(), collection, epoch, key_id)
        plaintext = pack_plaintext(collection, message)
        body = (
            made[number]["body_hex"] if number < len(made) else seal(plaintext, x25519_public(PRIVATE_KEY), bucket.info()).hex()
        )
        cases.append({
            "release": bucket.release, "collection": collection, "epoch": epoch, "key_id": key_id, "message": message,
            "path": bucket.path(), "info_hex": bucket.info().hex(), "plaintext_hex": plaintext.hex(),
            "private_key_hex": PRIVATE_KEY.hex(), "public_key_hex": x25519_public(PRIVATE_KEY).hex(), "body_hex": body,
        })  # fmt: skip
    return cases


def bad_seal_cases(good: list[Case]) -> list[Case]:
    """Each must not open."""
    first = good[0]
    body, info = bytes.fromhex(first["body_hex"]), bytes.fromhex(first["info_hex"])
    flipped = body[:40] + bytes([body[40] ^ 1]) + body[41:]
    other = info[:-1] + bytes([info[-1] ^ 1])
    base = {"private_key_hex": first["private_key_hex"], "fails_at": "open"}
    return [
        {**base, "why": "one bit of the ciphertext", "body_hex": flipped.hex(), "info_hex": info.hex()},
        {**base, "why": "one bit of enc", "body_hex": (bytes([body[0] ^ 1]) + body[1:]).hex(), "info_hex": info.hex()},
        {**base, "why": "info of another release", "body_hex": body.hex(), "info_hex": other.hex()},
        {**base, "why": "55 bytes", "body_hex": body[:-1].hex(), "info_hex": info.hex()},
        {**base, "why": "57 bytes", "body_hex": (body + b"\0").hex(), "info_hex": info.hex()},
        {
            **base,
            "why": "another key",
            "private_key_hex": bytes(range(1, 33)).hex(),
            "body_hex": body.hex(),
            "info_hex": info.hex(),
        },
    ]


SIGNING_KEY = hashlib.sha256(b"intently vectors").digest()


def envelope_cases() -> list[Case]:
    """Payload -> PAE and a signature that holds."""
    cases = []
    for kind, payload in (
        ("application/vnd.intently.manifest+json", b'{"version":1}'),
        ("t", b""),
        ("type/é", bytes(range(256))),
    ):
        envelope = sign(kind, payload, SIGNING_KEY)
        cases.append({
            "payload_type": kind, "payload_hex": payload.hex(), "pae_hex": pre_authentication_encoding(kind, payload).hex(),
            "public_key_hex": public_key_of(SIGNING_KEY).hex(), "envelope": envelope.model_dump(),
        })  # fmt: skip
    return cases


def bad_envelope_cases() -> list[Case]:
    """Each fails at `type`, `key` or `signature`."""
    good = envelope_cases()[0]
    base = {"payload_type": good["payload_type"], "public_key_hex": good["public_key_hex"]}
    envelope = good["envelope"]
    signature = envelope["signatures"][0]
    raw = bytearray(base64.b64decode(signature["sig"]))
    raw[5] ^= 1
    flipped = {**signature, "sig": base64.b64encode(bytes(raw)).decode()}
    other = public_key_of(hashlib.sha256(b"another").digest()).hex()
    return [
        {**base, "fails_at": "signature", "why": "payload changed", "envelope": {**envelope, "payload": base64.b64encode(b'{"version":2}').decode()}},
        {**base, "fails_at": "signature", "why": "signature changed", "envelope": {**envelope, "signatures": [flipped]}},
        {**base, "fails_at": "type", "why": "type changed", "envelope": {**envelope, "payloadType": "application/vnd.intently.release+json"}},
        {**base, "fails_at": "key", "why": "signed by another key", "public_key_hex": other, "envelope": envelope},
    ]  # fmt: skip
