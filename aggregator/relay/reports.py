"""The report route, as a bare ASGI application: each report passes here, so it does what is needed and no more.

It looks at the method, the path, two headers and the body; at the sender's address only where a quota is set (relay/gate.py), and
then keeps nothing of it. It never looks at any other header.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping

from prometheus_client import Counter
from starlette.types import Receive, Scope, Send

from aggregator.problems import PROBLEM_TYPE, problem
from aggregator.relay.admission import Admitted, refusal
from aggregator.relay.gate import Gate, NotAdmitted
from aggregator.relay.store import RelayStore
from aggregator.relay.writer import GroupCommit, QueueFull
from contracts import Bucket, ContractError

Headers = list[tuple[bytes, bytes]]
_CORS: Headers = [
    (b"access-control-allow-origin", b"*"),
    (b"cache-control", b"no-store"),
    (b"cross-origin-resource-policy", b"cross-origin"),
]
_ACCEPTED_HEADERS: Headers = [*_CORS, (b"content-length", b"0")]


class Refused(Exception):
    """A report that is not taken: status and reason."""

    def __init__(self, status: int, detail: str, headers: Headers | None = None) -> None:
        self.status, self.detail, self.headers = status, detail, headers or []


class Reports:
    """POST /v1/reports/{release}/{collection}/{epoch}/{key_id}."""

    def __init__(
        self, commit: GroupCommit, admitted: Mapping[str, Admitted], clock: Callable[[], float], close_grace_s: float,
        retry_after_s: int, answers: Counter, gate: Gate | None = None, store: RelayStore | None = None,
        slow_after_s: float = 10.0,
    ) -> None:  # fmt: skip
        self._gate, self._rows, self.slow_after_s = gate or Gate((), "", None), store, slow_after_s
        self._commit, self._admitted, self._clock = commit, admitted, clock
        self._grace_s, self._retry_after, self._answers = close_grace_s, str(retry_after_s).encode(), answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            await self._take(scope, receive)
        except Refused as refused:
            # The body may not have been read: a sender that never ends is cut off.
            await self._answer(send, refused.status, refused.detail, [*refused.headers, (b"connection", b"close")])
        else:
            await self._answer(send, 202)

    async def _take(self, scope: Scope, receive: Receive) -> None:
        if scope["method"] != "POST":
            raise Refused(405, "want POST", [(b"allow", b"POST")])
        _check_headers(dict(scope["headers"]), self._gate.body_bytes)
        bucket = self._bucket(scope["path"])
        body = await read_body(receive, self._gate.body_bytes, self.slow_after_s)
        try:
            self._gate.check_address((scope.get("client") or ("", 0))[0], self._clock())
        except NotAdmitted as refused:
            raise Refused(refused.status, refused.detail, [(b"retry-after", self._retry_after)]) from None
        await self._store(bucket, body)

    async def take(self, path: str, content_type: bytes, body: bytes) -> None:
        """A report that came another way; raises `Refused`."""
        _check_headers({b"content-type": content_type, b"content-length": b"%d" % len(body)}, self._gate.body_bytes)
        await self._store(self._bucket(path), body)

    async def _store(self, bucket: Bucket, given: bytes) -> None:
        body = await self._report_of(bucket, given)
        try:
            stored = await self._commit.add(bucket, body)
        except QueueFull:
            raise Refused(
                429, "too many reports wait for the disk; send it again later", [(b"retry-after", self._retry_after)]
            ) from None
        except sqlite3.Error:
            raise Refused(
                503, "the relay cannot store reports now; send it again later", [(b"retry-after", self._retry_after)]
            ) from None
        if not stored:
            raise Refused(400, "epoch not open: it is over")

    async def _report_of(self, bucket: Bucket, body: bytes) -> bytes:
        """The 56 bytes of a report; its token, where the deployment has them, is spent."""
        try:
            return body if self._rows is None else await self._gate.report_of(bucket, body, self._rows, self._commit.call)
        except NotAdmitted as refused:
            raise Refused(refused.status, refused.detail) from None

    def _bucket(self, path: str) -> Bucket:
        try:
            bucket = Bucket.from_path(path)
        except ContractError as error:
            raise Refused(404, str(error)) from None
        reason = refusal(bucket, self._admitted, self._clock(), self._grace_s)
        if reason:
            raise Refused(404 if reason.startswith("unknown") else 400, reason)
        return bucket

    async def _answer(self, send: Send, status: int, detail: str = "", more: Headers | None = None) -> None:
        self._answers.labels(str(status)).inc()
        body, headers = b"", _ACCEPTED_HEADERS
        if detail:
            body = problem(status, detail)
            headers = [*_CORS, *(more or []), (b"content-type", PROBLEM_TYPE), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _check_headers(headers: dict[bytes, bytes], want: int) -> None:
    if headers.get(b"content-type", b"").split(b";")[0].strip().lower() != b"text/plain":
        raise Refused(415, "want Content-Type: text/plain")
    length = headers.get(b"content-length")
    if length is not None and length.isdigit() and int(length) != want:
        raise _wrong_length(int(length), want)


async def read_body(receive: Receive, want: int, within_s: float) -> bytes:
    """Exactly `want` bytes; stops reading as soon as there are more, or when the time is over."""
    body = await read_most(receive, want, within_s)
    if len(body) != want:
        raise _wrong_length(len(body), want)
    return body


async def read_most(receive: Receive, most: int, within_s: float) -> bytes:
    """A body of at most `most` bytes that comes in time; raises `Refused` as soon as it does not."""
    try:
        async with asyncio.timeout(within_s):
            return await _read(receive, most)
    except TimeoutError:
        raise Refused(408, f"the body did not come within {within_s:g} s") from None


async def _read(receive: Receive, most: int) -> bytes:
    body: bytes = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refused(400, "the request ended early")
        body += message.get("body", b"")
        if len(body) > most:
            raise _wrong_length(len(body), most)
        if not message.get("more_body", False):
            return body


def _wrong_length(got: int, want: int) -> Refused:
    return Refused(413 if got > want else 400, f"a report is exactly {want} bytes, got {'more' if got > want else got}")
