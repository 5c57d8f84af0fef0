"""OpenAPI 3.1 of the relay, served at /openapi.json. Written by hand: the routes are bare ASGI applications (see reports.py)."""

from __future__ import annotations

from typing import Any

from contracts import BODY_BYTES

_MEMBERS = ["type", "title", "status", "detail"]
_PROBLEM = {
    "application/problem+json": {
        "schema": {
            "type": "object",
            "required": _MEMBERS,
            "properties": {name: {"type": "integer" if name == "status" else "string"} for name in _MEMBERS},
        }
    }
}  # fmt: skip
_RETRY = {"Retry-After": {"description": "seconds", "required": True, "schema": {"type": "integer"}}}


def _refusals(*statuses: int) -> dict[str, Any]:
    words = {
        400: "malformed, or its epoch is not open", 404: "release, collection or key that this relay does not serve",
        405: "want POST", 408: "the body did not come", 413: "too long", 415: "another content type",
        429: "too many wait for the disk", 503: "the disk refuses",
    }  # fmt: skip
    return {
        str(status): {
            "description": words[status], "content": _PROBLEM, **({"headers": _RETRY} if status in (429, 503) else {}),
        }
        for status in statuses
    }  # fmt: skip


def _number(name: str, least: int, most: int) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "integer", "minimum": least, "maximum": most}}


def openapi(oblivious: bool) -> dict[str, Any]:
    """The document; `oblivious` with the gateway's routes."""
    release = {"name": "release", "in": "path", "required": True, "schema": {"type": "string", "pattern": "^[0-9a-f]{64}$"}}
    body = {"type": "string", "format": "binary", "minLength": BODY_BYTES, "maxLength": BODY_BYTES}
    paths: dict[str, Any] = {
        "/v1/reports/{release}/{collection}/{epoch}/{key_id}": {
            "post": {
                "operationId": "report",
                "summary": "One sealed report. 202 only once it is on the disk; the same bytes again are the same report.",
                "parameters": [
                    release, _number("collection", 1, 255), _number("epoch", 0, 0xFFFFFFFF), _number("key_id", 0, 255),
                ],
                "requestBody": {"required": True, "content": {"text/plain": {"schema": body}}},
                "responses": {"202": {"description": "stored"}, **_refusals(400, 404, 405, 408, 413, 415, 429, 503)},
            }
        },
        "/healthz": {"get": {"operationId": "healthz", "responses": {"200": {"description": "the process lives"}}}},
    }  # fmt: skip
    if oblivious:
        paths["/v1/ohttp"] = {
            "post": {
                "operationId": "oblivious",
                "summary": "A report inside an encapsulated request (RFC 9458). What became of it stands inside the answer.",
                "requestBody": {
                    "required": True,
                    "content": {"message/ohttp-req": {"schema": {"type": "string", "format": "binary", "maxLength": 1024}}},
                },
                "responses": {
                    "200": {"description": "encapsulated response", "content": {"message/ohttp-res": {}}},
                    **_refusals(400, 405, 408, 413, 415),
                },
            }
        }
        paths["/.well-known/ohttp-gateway"] = {
            "get": {
                "operationId": "ohttp_keys",
                "responses": {"200": {"description": "key configurations", "content": {"application/ohttp-keys": {}}}},
            }
        }
    return {"openapi": "3.1.0", "info": {"title": "Intently relay", "version": "1"}, "paths": paths}
