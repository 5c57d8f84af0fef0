"""Routes of the OHTTP gateway, as bare ASGI applications: `POST /v1/ohttp` and `GET /.well-known/ohttp-gateway` (RFC 9540).

Inside is a report, which passes the same checks as one that comes by itself. What is inside is answered inside: who carries the
request learns neither which bucket it was for nor whether it was taken.
"""

from __future__ import annotations

from prometheus_client import Counter
from starlette.types import Receive, Scope, Send

from aggregator.problems import PROBLEM_TYPE, problem
from aggregator.relay.bhttp import BinaryHttpRefused, parse_request, response_bytes
from aggregator.relay.ohttp import (
    KEY_PROBLEM,
    KEYS_TYPE,
    REQUEST_MOST_BYTES,
    REQUEST_TYPE,
    RESPONSE_TYPE,
    EncapsulationRefused,
    Gateway,
)
from aggregator.relay.reports import Headers, Refused, Reports, read_most


class Oblivious:
    """POST /v1/ohttp."""

    def __init__(self, gateway: Gateway, reports: Reports, answers: Counter) -> None:
        self._gateway, self._reports, self._answers = gateway, reports, answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            if scope["method"] != "POST":
                raise Refused(405, "want POST", [(b"allow", b"POST")])
            if dict(scope["headers"]).get(b"content-type", b"") != REQUEST_TYPE:
                raise Refused(415, f"want Content-Type: {REQUEST_TYPE.decode()}")
            opened = self._gateway.open(await read_most(receive, REQUEST_MOST_BYTES, self._reports.slow_after_s))
        except EncapsulationRefused as refused:
            await self._answer(send, 400, PROBLEM_TYPE, problem(400, str(refused), KEY_PROBLEM), [(b"connection", b"close")])
        except Refused as refused:
            more = [*refused.headers, (b"connection", b"close")]
            await self._answer(send, refused.status, PROBLEM_TYPE, problem(refused.status, refused.detail), more)
        else:
            await self._answer(send, 200, RESPONSE_TYPE, self._gateway.seal(opened, await self._inside(opened.request)))

    async def _inside(self, data: bytes) -> bytes:
        try:
            request = parse_request(data)
            if request.method != b"POST":
                raise Refused(405, "want POST", [(b"allow", b"POST")])
            content_type = dict(request.headers).get(b"content-type", b"")
            await self._reports.take(request.path.decode("ascii", "replace"), content_type, request.content)
        except BinaryHttpRefused as error:
            return response_bytes(400, [(b"content-type", PROBLEM_TYPE)], problem(400, f"binary HTTP: {error}"))
        except Refused as refused:
            headers = [*refused.headers, (b"content-type", PROBLEM_TYPE)]
            return response_bytes(refused.status, headers, problem(refused.status, refused.detail))
        return response_bytes(202, [], b"")

    async def _answer(self, send: Send, status: int, content_type: bytes, body: bytes, more: Headers | None = None) -> None:
        self._answers.labels(f"ohttp {status}").inc()
        headers = [
            *(more or []),
            (b"content-type", content_type),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", b"no-store"),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


class KeyConfigurations:
    """GET /.well-known/ohttp-gateway."""

    def __init__(self, gateway: Gateway) -> None:
        self._body = gateway.key_configurations()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The keys."""
        headers = [
            (b"content-type", KEYS_TYPE), (b"content-length", b"%d" % len(self._body)), (b"access-control-allow-origin", b"*"),
            (b"cache-control", b"max-age=3600"),
        ]  # fmt: skip
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self._body})
