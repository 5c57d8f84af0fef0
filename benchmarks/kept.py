"""Results of finished stages in a work folder, so that a benchmark of hours can be run in pieces."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Kept:
    """Stages of one piece of work; a stage that is done is read back, another is made and written whole."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def stage(self, name: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Figures of stage `name`."""
        path = self.folder / f"{name}.json"
        if path.is_file():
            found: dict[str, Any] = json.loads(path.read_text())
            return found
        began = time.monotonic()
        made = make()
        beside = path.with_suffix(".new")
        beside.write_text(json.dumps(made, indent=1) + "\n")
        beside.replace(path)
        print(
            f"{self.folder.name} {name}: {time.monotonic() - began:.0f} s {json.dumps(made)[:300]}", file=sys.stderr, flush=True
        )
        return made
