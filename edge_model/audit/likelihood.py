"""How likely an exported file finds a session: what every attack on a training set starts from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_model.baselines import chunks
from edge_model.exported_model import ExportedModel
from edge_model.instances import Instances, instances
from edge_model.run_onnx import OnnxScorer
from edge_model.session_log import SessionLog


def session_log_likelihood(scorer: OnnxScorer, log: SessionLog, first: int, last: int) -> NDArray[np.float64]:
    """Mean over a session's targets of ln softmax(scores)[target], float64 [last - first]; NaN where a session has no target."""
    wanted = instances(log, first, last)
    model = ExportedModel(scorer, log)
    found = np.concatenate([_of_targets(model, part) for part in chunks(wanted)]) if len(wanted) else np.empty(0)
    return mean_by_session(found, wanted.session - first, last - first)


def mean_by_session(values: NDArray[np.float64], session: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """Mean of the values of each session, NaN where it has none."""
    targets = np.bincount(session, minlength=count)
    sums = np.bincount(session, values, minlength=count)
    means: NDArray[np.float64] = np.where(targets > 0, sums / np.maximum(targets, 1), np.nan)
    return means


def _of_targets(model: ExportedModel, wanted: Instances) -> NDArray[np.float64]:
    scores = model.score(wanted).astype(np.float64)  # [n, items]
    most = scores.max(axis=1, keepdims=True)
    normalizer = most[:, 0] + np.log(np.exp(scores - most).sum(axis=1))
    own: NDArray[np.float64] = scores[np.arange(len(wanted)), wanted.target - 1]
    likelihood: NDArray[np.float64] = own - normalizer
    return likelihood
