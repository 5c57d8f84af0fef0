"""Growth of a page's heap, for the browser benchmark: its slope, and whether it is our data or code that the engine made."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
from playwright.sync_api import CDPSession

KINDS = {"code": "code", "object shape": "code", "native": "native", "synthetic": "native"}
"""Node types that are no data: machine code and what the engine learnt of it; the browser's own, such as running animations."""


def growth(heap: list[int], events: int) -> dict[str, float]:
    """Slope of a line through all readings but the first, evenly spread over `events`, with its standard error."""
    if len(heap) < 4:
        return {}
    at = np.arange(len(heap) - 1) * events / (len(heap) - 2)
    (slope, _), covariance = np.polyfit(at, np.array(heap[1:]), 1, cov=True)
    return {
        "heap_growth_bytes_per_1000_events": round(float(slope) * 1000),
        "heap_growth_standard_error": round(float(covariance[0, 0]) ** 0.5 * 1000),
    }


def heap_kinds(cdp: CDPSession) -> Counter[str]:
    """Bytes of `data`, `code` and `native` of the page's own thread, garbage collected first."""
    chunks: list[str] = []

    def hear(event: dict[str, str]) -> None:
        chunks.append(event["chunk"])

    cdp.on("HeapProfiler.addHeapSnapshotChunk", hear)
    cdp.send("HeapProfiler.collectGarbage")
    cdp.send("HeapProfiler.takeHeapSnapshot", {"reportProgress": False})
    cdp.remove_listener("HeapProfiler.addHeapSnapshotChunk", hear)
    return _by_kind(json.loads("".join(chunks)))


def _by_kind(snapshot: dict[str, object]) -> Counter[str]:
    meta = snapshot["snapshot"]["meta"]  # type: ignore[index]
    fields, names = meta["node_fields"], meta["node_types"][0]
    nodes: list[int] = snapshot["nodes"]  # type: ignore[assignment]
    kind, size = fields.index("type"), fields.index("self_size")
    found: Counter[str] = Counter()
    for at in range(0, len(nodes), len(fields)):
        found[KINDS.get(names[nodes[at + kind]], "data")] += nodes[at + size]
    return found
