"""Signed envelopes, as a pure function over bytes; `public_files.read_ledger` follows the chain of the ledger's lines.

Standard library alone; signatures are checked by a function that is passed in, because an auditor's browser has WebCrypto and the
command line has `cryptography`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass

LEDGER_ENTRY_TYPE = "application/vnd.intently.ledger-entry+json"

VerifySignature = Callable[[str, bytes, bytes, bytes], bool]
"""(payload type, payload, signature, public key) -> whether it holds."""


@dataclass
class ChainFault(Exception):
    """What does not follow, and where."""

    place: str
    what: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what}"


def open_envelope(data: bytes, payload_type: str, public_key: bytes, verify: VerifySignature, place: str) -> bytes:
    """Payload of a DSSE envelope whose signature of `public_key` holds; raises `ChainFault`."""
    try:
        envelope = json.loads(data)
        kind, payload = envelope["payloadType"], base64.b64decode(envelope["payload"], validate=True)
        signatures = [(part["keyid"], base64.b64decode(part["sig"], validate=True)) for part in envelope["signatures"]]
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise ChainFault(place, "is not an envelope {payloadType, payload, signatures}") from None
    if kind != payload_type:
        raise ChainFault(place, f"payloadType is {kind!r}, want {payload_type!r}")
    keyid = hashlib.sha256(public_key).hexdigest()
    if not any(named == keyid and verify(payload_type, payload, signature, public_key) for named, signature in signatures):
        raise ChainFault(place, f"signature of key {keyid[:12]}... does not hold over the payload")
    return payload
