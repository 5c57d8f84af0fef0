"""Attacks on an exported file: membership inference and planted canary sessions."""

from edge_model.audit.canaries import Canaries, plant
from edge_model.audit.report import ModelAudit, audit_model

__all__ = ["Canaries", "ModelAudit", "audit_model", "plant"]
