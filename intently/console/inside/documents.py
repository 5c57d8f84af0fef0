"""What the walk through the public files is made of: payloads, and signatures that are answered later."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any

Document = dict[str, Any]
Question = tuple[str, str, str, str]
"""Public key (hex), payload type, payload and signature (base64): what the browser's WebCrypto is asked."""


class Unreadable(Exception):
    """Without this document nothing more can be said."""


@dataclass
class Signatures:
    """Answers of a verifier that only answers later: WebCrypto is asynchronous, the accountant is not.

    A question without an answer is noted in `asked` and taken to hold; the caller has it answered and runs the audit again.
    """

    answers: dict[Question, bool]
    asked: list[Question] = field(default_factory=list)

    def verify(self, payload_type: str, payload: bytes, signature: bytes, public_key: bytes) -> bool:
        """A `privacy.accounting.chain.VerifySignature`."""
        words = (base64.b64encode(payload).decode(), base64.b64encode(signature).decode())
        question = (public_key.hex(), payload_type, *words)
        if question not in self.answers and question not in self.asked:
            self.asked.append(question)
        return self.answers.get(question, True)


def parsed(data: bytes) -> Document:
    """A JSON object."""
    try:
        document = json.loads(data)
    except ValueError as error:
        raise Unreadable(f"is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise Unreadable("is not a JSON object")
    return document


def unsigned_payload(data: bytes) -> Document:
    """Payload of an envelope whose signature is still to be checked: it says by which release, hence with which key."""
    try:
        return parsed(base64.b64decode(parsed(data)["payload"], validate=True))
    except (KeyError, TypeError, ValueError):
        raise Unreadable("is not an envelope {payloadType, payload, signatures}") from None
