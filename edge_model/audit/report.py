"""The audit of an exported file: does it give away who or what it was trained on?"""

from __future__ import annotations

from pydantic import Field

from contracts.record import Record
from edge_model.audit.canaries import UNPLANTED_EXPOSURE, Canaries, exposures
from edge_model.audit.membership import membership_auc
from edge_model.run_onnx import OnnxScorer
from edge_model.session_log import SessionLog

SESSIONS = 1_000
"""Sessions on each side of the membership attack."""
OTHERS = 500
"""Made-up sessions that each canary is ranked among."""
AUC_MOST = 0.6
"""An attack that does better on sessions of neighbouring days means that single sessions were learnt by heart."""
SIGMAS = 4
"""Standard errors beyond which chance is no explanation: about once in 30,000 audits."""


class ModelAudit(Record):
    """What the attacks reached."""

    mia_auc: float = Field(description="membership inference on neighbouring days; 0.5: no better than chance")
    mia_error: float = Field(description="standard error of mia_auc where nothing can be told apart")
    mia_sessions: int = Field(description="sessions on each side")
    canary_exposure: float | None = Field(description="mean bits; None where no canary was planted")
    canary_exposure_unplanted: float = Field(default=UNPLANTED_EXPOSURE, description="bits that chance gives")
    canary_exposure_most: float | None = Field(description="bits above which the model remembers: chance and 4 standard errors")
    canaries: int
    remembers: tuple[str, ...] = Field(description="which attacks succeeded, in words; empty is good")


def audit_model(
    scorer: OnnxScorer,
    log: SessionLog,
    trained_sessions: int,
    canaries: Canaries | None,
    sessions: int = SESSIONS,
    others: int = OTHERS,
) -> ModelAudit:
    """Attack the file with the log that it was trained on (without the canaries; they are made up again)."""
    found, error, count = membership_auc(scorer, log, trained_sessions, sessions)
    exposure = limit = None
    if canaries is not None:
        exposure = float(exposures(scorer, log, canaries, others).mean())
        limit = UNPLANTED_EXPOSURE * (1 + SIGMAS * canaries.count**-0.5)
    remembers = []
    if found > max(AUC_MOST, 0.5 + SIGMAS * error):
        remembers.append(f"sessions that were trained on can be told from others (AUC {found:.3f}, want at most {AUC_MOST})")
    if exposure is not None and limit is not None and exposure > limit:
        remembers.append(f"planted sessions are found likely (exposure {exposure:.2f} bits, want at most {limit:.2f})")
    return ModelAudit(
        mia_auc=found,
        mia_error=error,
        mia_sessions=count,
        canary_exposure=exposure,
        canary_exposure_most=limit,
        canaries=canaries.count if canaries else 0,
        remembers=tuple(remembers),
    )
