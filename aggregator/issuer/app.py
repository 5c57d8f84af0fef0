"""POST /v1/tokens: a blind signature for the account that is signed in (RFC 9578, section 6).

Who is signed in the shop alone knows: `account_of` asks it. A shop in Python mounts `issuer_app` into its own
application; any other puts the process (`python -m aggregator.issuer`) behind a proxy that checks the session and names
the account in one header.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from aggregator.problems import PROBLEM_TYPE, problem
from privacy.errors import TokenRefused
from privacy.token_issuer import Issuer
from privacy.tokens import REQUEST

REQUEST_TYPE = "application/private-token-request"
RESPONSE_TYPE = "application/private-token-response"
TOKENS_PATH = "/v1/tokens"
AccountOf = Callable[[Request], str]
"""Name of the account that is signed in, '' for none."""


def issuer_app(
    issuer: Issuer,
    epoch_s: int,
    account_of: AccountOf,
    origins: tuple[str, ...] = (),
    clock: Callable[[], float] = time.time,
) -> Starlette:
    """The application. `origins`: of the shop's pages, where they are of another origin than the issuer."""

    async def give(request: Request) -> Response:
        if request.headers.get("content-type", "").split(";")[0].strip().lower() != REQUEST_TYPE:
            return _refused(415, f"want Content-Type: {REQUEST_TYPE}")
        account = account_of(request)
        if not account:
            return _refused(401, "tokens are for signed-in accounts")
        body = await _body(request)
        if body is None:
            return _refused(400, f"a token request is exactly {REQUEST.size} bytes")
        try:
            signature = issuer.issue(account, int(clock() // epoch_s), body)
        except TokenRefused as error:
            return _refused(403, str(error))
        return Response(signature, media_type=RESPONSE_TYPE, headers={"Cache-Control": "no-store"})

    app = Starlette(routes=[Route(TOKENS_PATH, give, methods=["POST"])])
    if origins:
        app.add_middleware(
            CORSMiddleware, allow_origins=list(origins), allow_methods=["POST"], allow_headers=["Content-Type"],
            allow_credentials=True,
        )  # fmt: skip
    return app


async def _body(request: Request) -> bytes | None:
    """Exactly as many bytes as a request has; reads no further than that."""
    found = b""
    try:
        async for part in request.stream():
            found += part
            if len(found) > REQUEST.size:
                return None
    except ClientDisconnect:
        return None
    return found if len(found) == REQUEST.size else None


def _refused(status: int, detail: str) -> Response:
    return Response(problem(status, detail), status, media_type=PROBLEM_TYPE.decode(), headers={"Cache-Control": "no-store"})
