"""Free ports on loopback."""

from __future__ import annotations

import socket

from contracts import IntentlyError


def free_port(wanted: int = 0) -> int:
    """`wanted` if it is free, any free port for 0; raises `IntentlyError` where `wanted` is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError as error:
            raise IntentlyError(f"port {wanted} on 127.0.0.1: {error.strerror}; choose another with --port") from None
        return int(probe.getsockname()[1])
