"""The built kernel, run by Node on real sessions, beside onnxruntime on the ONNX file that it was packed from.

Same list: at each place of the kernel's top-k stands an item whose reference score is that of the reference's list there, up to a
tie (within 1e-5 relative), and no item stands twice.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from browser_runtime.errors import BundleFailed, BundlerMissing
from browser_runtime.kernel.build import KERNEL
from browser_runtime.kernel.pack import Packed

RUNNER = Path(__file__).resolve().parent / "run_in_node.ts"
REPOSITORY = RUNNER.parent.parent.parent
TIE = 1e-5
RUN_LIMIT_S = 600

Session = dict[str, list[int]]
"""Inputs by name, each of length T, oldest event first."""


@dataclass(frozen=True)
class Tops:
    """Answers: `items` int32 [n, k], `scores` float32 [n, k], `embeddings` float32 [n, d], `heads` float64 [n, 2]."""

    items: NDArray[np.int32]
    scores: NDArray[np.float32]
    embeddings: NDArray[np.float32]
    heads: NDArray[np.float64]
    times_ms: dict[str, list[float]]


def kernel_tops(
    packed: Packed, categories: Sequence[int], sessions: Sequence[Session], count: int = 20, with_rest: bool = True
) -> Tops:
    """Top `count` of the catalogue for each session. Raises `BundlerMissing` without Node, `BundleFailed` where it refuses."""
    with tempfile.TemporaryDirectory(prefix="kernel-") as name:
        folder = Path(name)
        (folder / "head").write_bytes(packed.head)
        (folder / "rest").write_bytes(packed.rest)
        (folder / "sessions.json").write_text(json.dumps(list(sessions)))
        asked: dict[str, Any] = {"wasm": str(KERNEL), "count": count, "categories": list(map(int, categories)), "rest": with_rest}
        (folder / "asked.json").write_text(json.dumps(asked))
        _node([str(REPOSITORY / "node_modules/.bin/esbuild"), str(RUNNER), "--bundle", "--format=esm", "--platform=node",
               "--log-level=error", f"--outfile={folder / 'run.mjs'}"])  # fmt: skip
        _node(["node", str(folder / "run.mjs"), str(folder)])
        told = json.loads((folder / "told.json").read_text())
    return Tops(
        np.array(told["items"], np.int32), np.array(told["scores"], np.float32), np.array(told["embeddings"], np.float32),
        np.array(told["heads"], np.float64), told["times_ms"],
    )  # fmt: skip


def same_top(items: NDArray[Any], reference: NDArray[Any]) -> bool:
    """Whether `items` [k], best first, is a top-k by `reference` [N], the scores of items 1 ... N."""
    count = len(items)
    if len(np.unique(items)) != count or items.min() < 1 or items.max() > len(reference):
        return False
    best = np.sort(np.partition(reference, len(reference) - count)[-count:])[::-1]
    return bool((np.abs(reference[items - 1] - best) <= TIE * np.maximum(np.abs(best), 1e-9)).all())


def share_of_same_tops(tops: Tops, references: Sequence[NDArray[Any]]) -> float:
    """Share of sessions whose list is the reference's."""
    return float(np.mean([same_top(items, scores) for items, scores in zip(tops.items, references, strict=True)]))


def _node(command: list[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=RUN_LIMIT_S, check=False)
    except OSError:
        raise BundlerMissing("kernel: Node or its packages are missing; install Node 20 or newer, then run `npm ci`") from None
    if done.returncode != 0:
        raise BundleFailed(f"kernel: {Path(command[0]).name} stopped: {done.stderr.strip()[-800:]}")
