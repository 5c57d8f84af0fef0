"""Errors of the wiring.

contracts.IntentlyError
├── ProcessFailed      a process of the embedded default did not start, or ended by itself
├── CheckFailed        `intently demo --check` missed a step
└── ChromiumMissing    no browser (intently/chromium.py)
"""

from contracts import IntentlyError


class ProcessFailed(IntentlyError):
    """A process of the embedded default did not start, or ended by itself."""


class CheckFailed(IntentlyError):
    """The demo's check missed a step."""
