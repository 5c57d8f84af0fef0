"""The model that all three shops of the browser benchmark run: a run's export, or a sample of the same sizes."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from browser_runtime import Packed, pack_model
from browser_runtime.kernel.sample import Sizes, sample_model
from contracts import FeatureSpec
from edge_model import OnnxScorer

POOL = 2_000
ONNX, SPEC = "model.onnx", "feature_spec.json"


class Scores(Protocol):
    """Native onnxruntime, one thread."""

    spec: FeatureSpec

    def run(self, inputs: dict[str, Any], candidates: Any) -> Any:
        """(session's embedding, score of each candidate)."""


@dataclass(frozen=True)
class Model:
    """What all three shops run."""

    folder: Path
    """Holds `ONNX` and `SPEC`."""
    packed: Packed
    pool: tuple[int, ...]
    scorer: Scores
    categories: tuple[int, ...]
    """Of item i; entry 0 is not used."""

    @property
    def onnx(self) -> bytes:
        """The exported graph."""
        return (self.folder / ONNX).read_bytes()

    @property
    def spec(self) -> bytes:
        """Its feature spec."""
        return (self.folder / SPEC).read_bytes()


def load_model(run: Path | None) -> Model:
    """Of a run's folder, or of a sample that is written to a temporary one."""
    folder = run or write_sample()
    scorer = scorer_of(folder)
    categories = (0, *(1 + n % 300 for n in range(scorer.spec.items)))
    pool = tuple(range(1, POOL + 1))
    return Model(folder, pack_model((folder / ONNX).read_bytes(), pool, categories), pool, scorer, categories)


def write_sample() -> Path:
    """A model of random weights in a folder as a run leaves it."""
    folder = Path(tempfile.mkdtemp(prefix="browser-bench-"))
    (folder / ONNX).write_bytes(sample_model(Sizes(inputs=())))
    spec = {"length": 20, "event_types": ["view_item"], "inputs": [{"name": "item", "items": 43_000}]}
    (folder / SPEC).write_bytes(FeatureSpec.model_validate(spec).to_bytes())
    return folder


def scorer_of(folder: Path) -> Scores:
    """A run's export says of itself what it needs; a sample does not."""
    exported = (folder / "export_card.json").is_file()
    spec = FeatureSpec.from_bytes((folder / SPEC).read_bytes())
    return OnnxScorer(folder / ONNX, spec) if exported else _Plain(folder / ONNX, spec)


class _Plain:
    """The sample under onnxruntime, without an export's metadata."""

    def __init__(self, path: Path, spec: FeatureSpec) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.spec = spec
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def run(self, inputs: dict[str, Any], candidates: Any) -> Any:
        return self._session.run(["session_embedding", "scores"], inputs | {"candidates": candidates})
