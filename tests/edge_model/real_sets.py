"""Where the real session sets are, for tests that need them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def real_data(name: str) -> Path:
    """A file of the real sets, or a skip that names it."""
    folder = Path(os.environ.get("INTENTLY_DATA", ROOT.parent / "shared" / "data"))
    if not (folder / name).is_file():
        pytest.skip(f"real data {name} is not here (INTENTLY_DATA or ../shared/data)")
    return folder / name
