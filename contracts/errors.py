"""Errors of the contracts package.

IntentlyError            bad input or a refused act, one plain sentence; the command line exits with code 2
└── ContractError        bytes or a document that do not follow a contract
"""


class IntentlyError(Exception):
    """Base of every error that Intently raises on purpose: says what, got, want and what to do."""


class ContractError(IntentlyError):
    """Bytes or a document do not follow their contract."""
