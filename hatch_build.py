"""Before a wheel is packed: build the scripts that it carries, so that `intently bundle` needs no Node where it is installed.

A checkout without Node packs a wheel that carries none, and says so; `intently bundle` then names what is missing.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PYTHON_OF_CHECKOUT = ("bin/python", "Scripts/python.exe")


class BuiltScripts(BuildHookInterface):  # type: ignore[type-arg]
    """Runs `python -m browser_runtime.templates` by a Python that has the project's packages."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Nothing for an editable install: a checkout builds its own."""
        root = Path(self.root)
        from_sdist = (root / "PKG-INFO").exists()
        if version == "editable" or (from_sdist and (root / "browser_runtime" / "built" / "intently.js").exists()):
            return
        python = next((root / ".venv" / name for name in PYTHON_OF_CHECKOUT if (root / ".venv" / name).exists()), None)
        if python is None or not (root / "node_modules" / ".bin" / "esbuild").exists():
            self.app.display_warning("no built JavaScript in this wheel: run `python3 noxfile.py -s tests` once, then pack again")
            return
        done = subprocess.run([str(python), "-m", "browser_runtime.templates"], cwd=root, check=False)
        if done.returncode != 0:
            sys.exit("the scripts that the wheel carries could not be built")
