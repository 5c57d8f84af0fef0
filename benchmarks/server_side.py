"""What a shop would use instead of a model in the page: the same ONNX file behind a route of its own server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import uvicorn
from fastapi import FastAPI, Request
from fastapi.middleware.cors import CORSMiddleware

from edge_model import OnnxScorer
from intently.ports import free_port

SHOWN = 8


def create_app(model: Path) -> FastAPI:
    """POST / with a JSON list of items -> the best `SHOWN` of all items."""
    app, scorer = FastAPI(), OnnxScorer(model)
    app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"])
    everything = np.arange(1, scorer.spec.items + 1, dtype=np.int32)

    @app.post("/")
    async def rank(request: Request) -> list[int]:
        items = np.array(await request.json(), dtype=np.int32)
        inputs = {str(part.name): items if part.name == "item" else np.zeros_like(items) for part in scorer.spec.inputs}
        scores = scorer.run(inputs, everything)[1]
        return [int(item) for item in np.argsort(-scores, kind="stable")[:SHOWN] + 1]

    return app


@contextmanager
def serving(model: Path) -> Iterator[str]:
    """URL of the route, served by uvicorn in a thread of its own."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(create_app(model), host="127.0.0.1", port=port, log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.05)
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        server.should_exit = True
        thread.join(10)
