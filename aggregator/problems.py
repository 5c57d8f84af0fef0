"""Problem documents (RFC 9457)."""

from __future__ import annotations

import json
from http import HTTPStatus

PROBLEM_TYPE = b"application/problem+json"


def problem(status: int, detail: str) -> bytes:
    """Body of a problem document; `type` is about:blank, so `title` is the status's own phrase."""
    return json.dumps({"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}).encode()
