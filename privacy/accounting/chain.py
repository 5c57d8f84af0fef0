"""The ledger's hash chain and its envelopes, as pure functions over bytes. Standard library alone; signatures are checked by a
function that is passed in, because an auditor's browser has WebCrypto and the command line has `cryptography`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

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


def check_chain(
    lines: list[bytes], public_key: bytes, verify: VerifySignature, entries: int, head: str, name: str = "ledger.jsonl"
) -> list[Mapping[str, Any]]:
    """The entries of a ledger that is whole: signed, numbered 0, 1, 2, ..., each naming the hash of the one before, and ending in
    the head that the manifest states. Raises `ChainFault` at the first line that does not follow.
    """
    previous, found = "", []
    for index, line in enumerate(lines):
        place = f"{name} line {index + 1}"
        payload = open_envelope(line, LEDGER_ENTRY_TYPE, public_key, verify, place)
        entry = json.loads(payload)
        if entry.get("index") != index:
            raise ChainFault(f"{place}, field index", f"is {entry.get('index')}, want {index}: a line is missing, added or moved")
        if entry.get("previous") != previous:
            raise ChainFault(f"{place}, field previous", "is not the hash of the line before: a line was changed or moved")
        previous = hashlib.sha256(payload).hexdigest()
        found.append(entry)
        if index + 1 == entries and previous != head:
            raise ChainFault(place, "is not the head that the manifest states (field ledger_head)")
    if len(found) < entries:
        raise ChainFault(
            name, f"has {len(found)} lines, the manifest states {entries} (field ledger_entries): the end is missing"
        )
    return found
