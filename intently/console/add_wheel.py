"""Runs in pyodide-build's environment, not in Intently's: `python add_wheel.py BEFORE.json AFTER.json WHEEL`.

It calls what `pyodide lockfile add-wheels` calls, and keeps what that returns: with the pyodide-lock that pyodide-build 0.25.1
pins (0.1.0a4) the command drops the new lockfile, writes the old one back and ends with exit code 0.
Prints {"pyodide-build": version, "pyodide-lock": version}.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path

import pyodide_build  # type: ignore[import-not-found, unused-ignore]  # noqa: F401  (it alone says which pyodide-lock fits it)
from pyodide_lock.spec import PyodideLockSpec  # type: ignore[import-not-found, unused-ignore]
from pyodide_lock.utils import add_wheels_to_spec  # type: ignore[import-not-found, unused-ignore]


def main(before: Path, after: Path, wheel: Path) -> None:
    """Write `after`: the lockfile `before` with `wheel` added."""
    spec = PyodideLockSpec.from_json(before)
    add_wheels_to_spec(spec, [wheel], base_path=wheel.parent).to_json(after)
    print(json.dumps({name: version(name) for name in ("pyodide-build", "pyodide-lock")}))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
