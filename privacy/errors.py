"""Errors of the privacy package.

contracts.IntentlyError
└── PrivacyError
    ├── MechanismRefused     parameters or a value that a mechanism does not take
    ├── SealingError         a body that does not open
    ├── SignatureRefused     an envelope that does not verify
    ├── LedgerRefused        a spending, or a ledger file, that is refused
    ├── KeyFileRefused       a key file, passphrase or rotation that is refused
    ├── TokenRefused         an anonymous token that does not verify, or is spent
    └── AuditRefused         public files that cannot be audited at all
"""

from contracts import IntentlyError


class PrivacyError(IntentlyError):
    """Base of the package."""


class MechanismRefused(PrivacyError):
    """Parameters, or a value, that a mechanism does not take."""


class SealingError(PrivacyError):
    """A body that does not open under this key and info."""


class SignatureRefused(PrivacyError):
    """An envelope that does not verify."""


class LedgerRefused(PrivacyError):
    """A spending, or a ledger file, that is refused."""


class KeyFileRefused(PrivacyError):
    """A key file, passphrase or rotation that is refused."""


class TokenRefused(PrivacyError):
    """An anonymous token that does not verify, or is spent."""


class AuditRefused(PrivacyError):
    """Public files that cannot be audited at all."""
