"""Signed documents: DSSE v1 (Dead Simple Signing Envelope), which signs exact bytes and needs no canonical JSON.

envelope  {"payloadType": "...", "payload": base64(bytes), "signatures": [{"keyid": hex, "sig": base64}]}
signed    "DSSEv1" SP len(payloadType) SP payloadType SP len(payload) SP payload
keyid     SHA-256 of the 32-byte Ed25519 public key, hex
"""

from __future__ import annotations

import base64
from typing import Self

from pydantic import Field

from contracts.errors import ContractError
from contracts.record import Record, Sha256Hex

RELEASE_TYPE = "application/vnd.intently.release+json"
MANIFEST_TYPE = "application/vnd.intently.manifest+json"
RECEIPT_TYPE = "application/vnd.intently.receipt+json"
LEDGER_ENTRY_TYPE = "application/vnd.intently.ledger-entry+json"


class Signature(Record):
    """One Ed25519 signature."""

    keyid: Sha256Hex
    sig: str


class Envelope(Record):
    """Payload and signatures, in the field names of DSSE."""

    payloadType: str
    payload: str
    signatures: tuple[Signature, ...] = Field(min_length=1)

    @classmethod
    def wrap(cls, payload_type: str, payload: bytes, signatures: tuple[Signature, ...]) -> Self:
        """Envelope over `payload`."""
        return cls(payloadType=payload_type, payload=base64.b64encode(payload).decode(), signatures=signatures)

    def payload_bytes(self) -> bytes:
        """The exact bytes that were signed; raises `ContractError` if they are not base64."""
        try:
            return base64.b64decode(self.payload, validate=True)
        except ValueError:  # binascii.Error is one; text beyond ASCII is another
            raise ContractError("envelope: payload is not base64") from None


def pre_authentication_encoding(payload_type: str, payload: bytes) -> bytes:
    """PAE of DSSE v1: what is signed."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
