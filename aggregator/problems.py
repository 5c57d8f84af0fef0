"""Problem documents (RFC 9457)."""

from __future__ import annotations

import json
from http import HTTPStatus

PROBLEM_TYPE = b"application/problem+json"


def problem(status: int, detail: str, kind: str = "about:blank") -> bytes:
    """Body of a problem document; `title` is the status's own phrase."""
    return json.dumps({"type": kind, "title": HTTPStatus(status).phrase, "status": status, "detail": detail}).encode()
