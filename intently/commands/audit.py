"""`intently audit`: budget, verify, console."""

from __future__ import annotations
