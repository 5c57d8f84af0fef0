"""The lockfile that Pyodide loads packages by: our wheel alone, written by the pyodide-lock of a pyodide-build.

The pyodide-lock that Python 3.11 gets knows another dialect of `info` than Pyodide's own file: it wants `version`, which
Pyodide no longer writes, and refuses `abi_version`. So it is given the fields that both know, and Pyodide's own `info` is
put back afterwards.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from intently.console.errors import PageToolMissing, ToolMissing

LIMIT_S = 120
SCRIPT = Path(__file__).with_name("add_wheel.py")


@dataclass(frozen=True)
class Lock:
    """A lockfile, and the versions of what wrote it."""

    document: dict[str, Any]
    made_with: dict[str, str]

    def to_bytes(self) -> bytes:
        """JSON, keys sorted."""
        return (json.dumps(self.document, sort_keys=True, indent=1) + "\n").encode()


def pyodide_info(pyodide: Path) -> dict[str, Any]:
    """`info` of the `pyodide-lock.json` in the folder of npm's `pyodide`."""
    try:
        return dict(json.loads((pyodide / "pyodide-lock.json").read_text())["info"])
    except (OSError, ValueError, KeyError):
        raise PageToolMissing(f"{pyodide} holds no pyodide-lock.json; run `npm ci` and try again") from None


def lock_with_wheel(python: str | Path, info: dict[str, Any], wheel: Path) -> Lock:
    """Lockfile with `info` and, for its only package, `wheel` (name, version, imports and SHA-256 as pyodide-lock reads them).

    `python` runs in an environment with pyodide-build. Raises `ToolMissing` where it does not do it.
    """
    with tempfile.TemporaryDirectory() as name:
        before, after = Path(name) / "before.json", Path(name) / "after.json"
        known = {key: info[key] for key in ("arch", "platform", "python")}
        before.write_text(json.dumps({"info": {**known, "version": "0"}, "packages": {}}))
        command = [str(word) for word in (python, "-I", SCRIPT, before, after, wheel)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=True)
            packages, made_with = json.loads(after.read_text())["packages"], json.loads(done.stdout.splitlines()[-1])
        except subprocess.CalledProcessError as error:
            said = error.stderr.strip().splitlines()
            raise ToolMissing(f"{python} made no lockfile: {said[-1] if said else 'it said nothing'}") from None
        except (OSError, ValueError, LookupError, subprocess.TimeoutExpired) as error:
            raise ToolMissing(f"{python} made no lockfile ({type(error).__name__}: {error})") from None
    if len(packages) != 1:
        raise ToolMissing(f"{python} made a lockfile with {len(packages)} packages, want our wheel alone")
    return Lock({"info": info, "packages": packages}, made_with)
