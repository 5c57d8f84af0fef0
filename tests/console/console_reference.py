"""What plain Python says, outside any browser: the reference for the console's numbers."""

from __future__ import annotations

import base64
import json
from typing import Any

from contracts import Collection, Guarantees, Noise
from intently.console import inside
from privacy.accounting import guarantees
from privacy.signing import verify_bytes

MINIMUM_BATCH = 10_000


def holds(key: str, payload_type: str, payload: str, signature: str) -> bool:
    """Ed25519 by `cryptography`, where the browser asks WebCrypto."""
    return verify_bytes(payload_type, base64.b64decode(payload), base64.b64decode(signature), bytes.fromhex(key))


def report_of(files: dict[str, bytes], release_key: str) -> dict[str, Any]:
    """The console's report, computed here."""
    answers: list[list[Any]] = []
    for _ in range(6):
        said = json.loads(inside.audit(files, release_key, json.dumps(answers)))
        if not said["asked"]:
            return dict(said["report"])
        answers += [[*question, holds(*question)] for question in said["asked"]]
    raise AssertionError("signatures were still open")


def guarantees_of(collection: Collection, reports: int, operators: int, noise: Noise | None = None) -> Guarantees:
    """What an honest receipt states."""
    mechanism, added = json.loads(collection.to_bytes())["mechanism"], noise.model_dump() if noise else None
    return Guarantees.model_validate(
        guarantees(mechanism, collection.domain_size, reports, MINIMUM_BATCH, operators, noise=added)
    )
