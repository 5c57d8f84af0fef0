"""Sessions on their way from one device to another: ciphertext in memory, for minutes, given once.

    PUT  /v1/transfers/{name}        name: 32 hexadecimal digits; body: exactly 8,192 bytes      201, 409 taken, 413, 507 full
    POST /v1/transfers/{name}/take   200 with the bytes, and they are gone; 404 else

The name is made from the code by a slow hash, the key from the same, on the devices: the server has neither. It sees that two
devices met, and when. All bodies are of one length. Nothing is written to disk or to a log; a restart forgets.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock

from fastapi import APIRouter, Path, Request, Response

from aggregator.problems import problem

SEALED_BYTES = 8192
"""Length of every body: browser_runtime/src/transfer/code.ts."""
KEPT_S = 300.0
KEPT_MOST = 2000
"""16 MiB at most."""

_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
_PROBLEM = "application/problem+json"


class TransferBox:
    """Bounded, in memory, thread-safe. `now` counts seconds and never goes back."""

    def __init__(self, now: Callable[[], float] = time.monotonic, most: int = KEPT_MOST) -> None:
        self._now, self._most = now, most
        self._kept: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self._lock = Lock()

    def put(self, name: str, sealed: bytes) -> str | None:
        """Keep; returns None, or why not: `taken`, `full`. What has expired goes first; what has not is never pushed out."""
        with self._lock:
            self._expire()
            if name in self._kept:
                return "taken"
            if len(self._kept) >= self._most:
                return "full"
            self._kept[name] = (self._now() + KEPT_S, sealed)
            return None

    def take(self, name: str) -> bytes | None:
        """The bytes, once; None for unknown, expired or taken."""
        with self._lock:
            self._expire()
            return self._kept.pop(name, (0.0, None))[1]

    def __len__(self) -> int:
        with self._lock:
            self._expire()
            return len(self._kept)

    def _expire(self) -> None:
        now = self._now()
        while self._kept and next(iter(self._kept.values()))[0] <= now:
            self._kept.popitem(last=False)


def transfer_routes(box: TransferBox) -> APIRouter:
    """The two routes over a box."""
    routes = APIRouter(prefix="/v1/transfers")
    name_pattern = Path(pattern=r"^[0-9a-f]{32}$")

    @routes.put("/{name}")
    async def put(request: Request, name: str = name_pattern) -> Response:
        if request.headers.get("content-length") != str(SEALED_BYTES):
            return _refused(413, f"a session is exactly {SEALED_BYTES} bytes long, and says so")
        sealed = await request.body()
        if len(sealed) != SEALED_BYTES:
            return _refused(413, f"a session is exactly {SEALED_BYTES} bytes long")
        why = box.put(name, sealed)
        if why is None:
            return Response(status_code=201, headers=_HEADERS)
        return _refused(409, "this name is taken; make a new code") if why == "taken" else _refused(507, "too many sessions wait")

    @routes.post("/{name}/take")
    def take(name: str = name_pattern) -> Response:
        sealed = box.take(name)
        if sealed is None:
            return _refused(404, "unknown, expired, or taken already")
        return Response(sealed, 200, _HEADERS, "application/octet-stream")

    return routes


def _refused(status: int, detail: str) -> Response:
    return Response(problem(status, detail), status, _HEADERS, _PROBLEM)
