"""The shell of each process: logs, address, and when to stop."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import logging
import os
import socket
import sys
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TextIO, cast

import structlog
import uvicorn
from starlette.types import ASGIApp

from aggregator.errors import AggregatorError
from contracts import IntentlyError

REFUSED = 2
"""Exit code of a refusal that a person can act on."""


def arguments(program: str, words: list[str] | None = None) -> argparse.Namespace:
    """`--config FILE [--set KEY=VALUE ...] [--stop-on-stdin-eof]`."""
    parser = argparse.ArgumentParser(prog=f"python -m {program}")
    parser.add_argument("--config", type=Path, required=True, help="settings, a YAML or JSON file")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="overrides file and environment")
    parser.add_argument(
        "--stop-on-stdin-eof", action="store_true", help="end when standard input closes (a supervisor holds it open)"
    )
    return parser.parse_args(words)


def run_process(main: Callable[[], Coroutine[None, None, None]], stop_on_stdin_eof: bool) -> int:
    """Run `main` to its end; a refusal becomes one sentence and exit code 2."""
    configure_logs()
    if stop_on_stdin_eof:
        _stop_on_stdin_eof()
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(main())
    except IntentlyError as error:
        print(f"intently: {error}", file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        return 130
    return 0


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop where it exists: about twice the requests a second."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


class _Unfailing(io.TextIOBase):
    """Standard error, but a full disk behind it does not end the process: the loops that wait for the disk say so here."""

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError):
            sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            sys.stderr.flush()


def configure_logs() -> None:
    """JSON lines on standard error, without payloads, addresses or paths of requests."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(cast(TextIO, _Unfailing())),
    )
    logging.getLogger("uvicorn").setLevel(logging.WARNING)


def _stop_on_stdin_eof() -> None:
    """Raise SIGTERM in this process once standard input closes: portable, and it works when the parent was killed."""
    import signal
    import threading

    def watch() -> None:
        while os.read(0, 4096):
            pass
        signal.raise_signal(signal.SIGTERM) if os.name == "nt" else os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="stdin-eof", daemon=True).start()


def listen(host: str, port: int) -> socket.socket:
    """A bound socket; raises `AggregatorError` where the port is taken."""
    found = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
    except OSError as error:
        found.close()
        raise AggregatorError(f"cannot listen on {host}:{port}: {error.strerror}; choose another port or 0") from None
    return found


async def serve(app: ASGIApp, host: str, port: int, connections_most: int | None = None, head_within_s: float = 30.0) -> None:
    """Serve until SIGTERM or SIGINT; says once where. No access log, no `Server` and no `Date` beyond need.

    A connection whose request line and headers are not there `head_within_s` after it could begin is cut.
    """
    with contextlib.closing(listen(host, port)) as bound:
        config = uvicorn.Config(
            app, access_log=False, server_header=False, proxy_headers=False, log_level="warning",
            timeout_graceful_shutdown=5, timeout_keep_alive=15, limit_concurrency=connections_most, lifespan="on",
            http=impatient(head_within_s),
        )  # fmt: skip
        await _Announcing(config, bound).serve(sockets=[bound])


cut_connections = 0
"""Connections cut by `impatient` since the process began."""


def impatient(head_within_s: float) -> Any:
    """uvicorn's HTTP protocol with a deadline for the head of each request, which it lacks; 'auto' where httptools is missing."""
    try:
        from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
    except ImportError:
        return "auto"

    class Impatient(HttpToolsProtocol):
        """One connection."""

        _deadline: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._deadline = self.loop.call_later(head_within_s, self._cut)

        def on_headers_complete(self) -> None:
            self._cancel()
            super().on_headers_complete()

        def on_message_begin(self) -> None:
            super().on_message_begin()
            if self._deadline is None:  # a later request on the same connection
                self._deadline = self.loop.call_later(head_within_s, self._cut)

        def connection_lost(self, error: Exception | None) -> None:
            self._cancel()
            super().connection_lost(error)

        def _cancel(self) -> None:
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None

        def _cut(self) -> None:
            global cut_connections
            cut_connections += 1
            self.transport.abort()

    return Impatient


class _Announcing(uvicorn.Server):
    """Says where it listens once it does."""

    def __init__(self, config: uvicorn.Config, bound: socket.socket) -> None:
        super().__init__(config)
        host, port = bound.getsockname()[:2]
        self.address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            print(f"listening on {self.address}", flush=True)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's, but a graceful stop is exit code 0: uvicorn raises the caught signal again."""
        with super().capture_signals():
            try:
                yield
            finally:
                self._captured_signals.clear()
