"""Membership inference: can one tell from the file whether a session was among the train sessions?

The attack is the calibrated threshold on likelihood (Watson, Guo, Cormode and Sablayrolles, ICLR 2022): a session's mean log
likelihood under the file, less that under the popularity of items, so that easy sessions do not look like members. Members and
non-members are neighbours in time, the newest that were trained on and the oldest that were not, so that drift says little.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge_model.audit.likelihood import mean_by_session, session_log_likelihood
from edge_model.calibration import auc, auc_error
from edge_model.instances import instances
from edge_model.run_onnx import OnnxScorer
from edge_model.session_log import SessionLog

LEAST_SEEN = 3
"""Only sessions whose every item occurs so often in the sessions trained on: a new item would give a non-member away."""


def membership_auc(scorer: OnnxScorer, log: SessionLog, trained_sessions: int, most: int) -> tuple[float, float, int]:
    """(AUC of the attack, its standard error, sessions on each side). 0.5: no better than chance. `most` sessions a side.

    `trained_sessions`: the oldest sessions of the log, which the model was trained on; the attacker's non-members follow them.
    """
    inside = _advantage(scorer, log, max(0, trained_sessions - most), trained_sessions, trained_sessions)
    outside = _advantage(scorer, log, trained_sessions, min(log.session_count, trained_sessions + most), trained_sessions)
    least = min(len(inside), len(outside))
    if least < 2:
        return 0.5, 0.5, least
    return auc(inside, outside), auc_error(len(inside), len(outside)), least


def _advantage(scorer: OnnxScorer, log: SessionLog, first: int, last: int, trained: int) -> NDArray[np.float64]:
    seen = np.bincount(log.items[: log.offsets[trained]], minlength=log.item_count + 1)
    wanted = instances(log, first, last)
    common = np.minimum.reduceat(seen[log.items[: log.offsets[last]]], log.offsets[first:last]) >= LEAST_SEEN
    popular = np.log(np.maximum(seen[wanted.target], 1) / seen.sum())
    easy = mean_by_session(popular, wanted.session - first, last - first)
    found = session_log_likelihood(scorer, log, first, last) - easy
    return found[common & np.isfinite(found)]
