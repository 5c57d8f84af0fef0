"""Channels, randomizers, estimators, ledgers, sealing, signatures and audit. Importing this loads no heavy package."""

from privacy.errors import (
    AuditRefused,
    LedgerRefused,
    MechanismRefused,
    PrivacyError,
    SealingError,
    SignatureRefused,
)

__all__ = ["AuditRefused", "LedgerRefused", "MechanismRefused", "PrivacyError", "SealingError", "SignatureRefused"]
