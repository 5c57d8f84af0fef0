"""Session logs in, a compact session model for the browser out. Training needs the `train` extra, the rest does not."""

from edge_model.errors import (
    EdgeModelError,
    FeatureError,
    LogRefused,
    LogUnreadable,
    ModelFileError,
    ParityError,
    QuantizationError,
    TrainExtraMissing,
    TrainingFailed,
)
from edge_model.evaluation import Evaluation, MethodFigures, evaluate
from edge_model.features import encode
from edge_model.logs import load, newest
from edge_model.model_card import Making, ModelCard
from edge_model.onnx_export import export
from edge_model.parity import Parity, check_parity, relative_error
from edge_model.progress import on_terminal
from edge_model.quantization import Quantized, Storage, quantize
from edge_model.run import Run, load_run, make_run
from edge_model.run_onnx import OnnxScorer
from edge_model.session_log import LogReport, SessionLog
from edge_model.settings import Settings, spec_for
from edge_model.training import Trained, train

__all__ = [
    "EdgeModelError", "Evaluation", "FeatureError", "LogRefused", "LogReport", "LogUnreadable", "Making", "MethodFigures",
    "ModelCard", "ModelFileError", "OnnxScorer", "Parity", "ParityError", "QuantizationError", "Quantized", "Run",
    "SessionLog", "Settings",
    "Storage", "TrainExtraMissing", "Trained", "TrainingFailed", "check_parity", "encode", "evaluate", "export", "load",
    "load_run", "make_run", "newest", "on_terminal", "quantize", "relative_error", "spec_for", "train",
]  # fmt: skip
