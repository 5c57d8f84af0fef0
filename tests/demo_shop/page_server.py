"""The real delivery in a thread of the test."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import uvicorn

from aggregator.delivery.app import create_app
from aggregator.delivery.settings import DeliverySettings
from aggregator.process import listen

START_LIMIT_S = 60


@contextlib.contextmanager
def served(**folders: Path) -> Iterator[str]:
    """Address of the real delivery over these folders."""
    app = create_app(DeliverySettings.model_validate({name: str(folder) for name, folder in folders.items()}))
    with listen("127.0.0.1", 0) as bound:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
        thread.start()
        until = time.monotonic() + START_LIMIT_S
        while not server.started and time.monotonic() < until:
            time.sleep(0.02)
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)
