"""Run an exported model in Python: the reference that the browser's scores are compared with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from contracts import Event, FeatureSpec, sha256_hex
from edge_model.errors import FeatureError, ModelFileError
from edge_model.features import Int32, encode
from edge_model.weights import Float32

SPEC_NAME = "feature_spec.json"


class OnnxScorer:
    """A `model.onnx` under onnxruntime with the feature spec beside it; one thread, so that timings compare."""

    def __init__(self, path: Path | str, spec: FeatureSpec | None = None) -> None:
        """Open the file; `spec` defaults to `feature_spec.json` in its folder. Raises `ModelFileError`."""
        self.path = Path(path)
        self.spec = spec or self._spec_beside()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        try:
            self._session: Any = onnxruntime.InferenceSession(str(self.path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime raises classes of its C extension, which share no public base
            raise ModelFileError(f"{self.path}: onnxruntime cannot open it ({_first(error)}); export the model again.") from None
        self.metadata: dict[str, str] = self._session.get_modelmeta().custom_metadata_map
        self._check_spec()

    def score(self, events: Sequence[Event], candidates: Sequence[int] | NDArray[Any]) -> Float32:
        """Scores float32[C] of catalogue indices after these events. Raises `FeatureError` if no event counts."""
        wanted = np.asarray(candidates, dtype=np.int32)
        if wanted.size and (wanted.min() < 1 or wanted.max() > self.spec.items):
            raise FeatureError(
                f"candidates run from {wanted.min()} to {wanted.max()}, the model knows items 1 to {self.spec.items}."
            )
        return self.run(encode(self.spec, events), wanted)[1]

    def embed(self, events: Sequence[Event]) -> Float32:
        """Session embedding float32[d] after these events."""
        return self.run(encode(self.spec, events), np.ones(1, dtype=np.int32))[0]

    def run(self, inputs: dict[str, Int32], candidates: Int32) -> tuple[Float32, Float32]:
        """(session_embedding, scores) for encoded events, int32[T] each."""
        if len(inputs["item"]) == 0:
            raise FeatureError("no event of the session counts for this feature spec; show the pool's order instead.")
        embedding, scores = self._session.run(["session_embedding", "scores"], {**inputs, "candidates": candidates})
        return embedding, scores

    def constants(self, *names: str) -> list[Float32]:
        """Floating tensors of the graph that depend on no input, by name, as onnxruntime computes them."""
        model = onnx.load(str(self.path))
        model.graph.output.extend(onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in names)
        one = np.ones(1, np.int32)
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        found: list[Float32] = session.run(list(names), {part.name: one for part in session.get_inputs()})
        return found

    def _spec_beside(self) -> FeatureSpec:
        beside = self.path.with_name(SPEC_NAME)
        if not beside.is_file():
            raise ModelFileError(f"{beside}: there is no feature spec beside the model; keep the files of a run together.")
        return FeatureSpec.from_bytes(beside.read_bytes())

    def _check_spec(self) -> None:
        got, want = self.metadata.get("intently.feature_spec_sha256"), sha256_hex(self.spec.to_bytes())
        if got != want:
            raise ModelFileError(
                f"{self.path}: made for feature spec {got and got[:12]}, got one with hash {want[:12]}; "
                "use the two files of one run."
            )


def _first(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:90]
