"""Find a Python with pyodide-build, or install pyodide-build once into an environment of its own.

Why of its own: on Python 3.11 the newest pyodide-build needs pydantic 1, and Intently needs pydantic 2
(docs/decisions/0003-pyodide-build.md). A virtual environment cannot be renamed, so it is made under a name of its own
and a stamp file that names it is renamed into place last: two makers at once do no harm, a broken one is never used.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from intently.console.errors import ToolMissing
from intently.console.lock import lock_with_wheel
from intently.console.wheel import make_wheel, wheel_name

Say = Callable[[str], None]

INSTALL_LIMIT_S = 600
CONSTRAINTS = Path(__file__).with_name("pyodide-build-py311.txt")
"""What was measured to work together with pyodide-build 0.25.1; without it a new release of a dependency could break it."""
OLD = ("pyodide-build==0.25.1", "wheel<0.46", "pkginfo")
"""Python 3.11: the newest that installs; it fails on import with a newer `wheel`, and never asks for `pkginfo`."""
NEW = ("pyodide-build==0.39.2", "pkginfo")
"""Python 3.12 and newer."""


def requirements() -> tuple[str, ...]:
    """What to install for the Python that runs us."""
    return NEW if sys.version_info >= (3, 12) else OLD


def cache_folder() -> Path:
    """Intently's folder for what can be made again, by the platform's rule."""
    if os.name == "nt":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = str(Path.home() / "Library" / "Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "intently"


def works(python: Path) -> bool:
    """Whether a pyodide-build there adds a wheel to a lockfile: tried on an empty one, never guessed from versions."""
    with tempfile.TemporaryDirectory() as name:
        wheel = Path(name) / wheel_name("intently-probe", "1")
        wheel.write_bytes(make_wheel("intently-probe", "1", "probe", {"intently_probe.py": b""}))
        try:
            lock_with_wheel(python, {"arch": "wasm32", "platform": "emscripten_5_0_3", "python": "3.14.2"}, wheel)
        except ToolMissing:
            return False
    return True


def stamped(stamp: Path) -> Path | None:
    """Python that `stamp` names, if it is still there."""
    try:
        python = Path(json.loads(stamp.read_text())["python"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return python if python.exists() else None


def run(command: list[str], what: str) -> None:
    """Run a step of the installation; raises `ToolMissing` with its last words."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_LIMIT_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ToolMissing(f"{what} failed: {error}") from None
    if done.returncode == 0:
        return
    lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
    said = next((line for line in lines if line.startswith("ERROR")), lines[-1] if lines else "it said nothing")
    raise ToolMissing(
        f"{what} failed ({said}); connect to a Python package index once, or install it beside Intently on Python 3.12 or newer "
        f"(pip install 'intently[console]'), and run this again"
    )


def install(folder: Path) -> Path:
    """Virtual environment with pyodide-build in a new folder below `folder`; returns its Python."""
    folder.mkdir(parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="env-", dir=folder))
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    limits = ["--constraint", str(CONSTRAINTS)] if requirements() is OLD else []
    try:
        run([sys.executable, "-m", "venv", str(home)], "making a virtual environment for pyodide-build")
        run(
            [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", *limits, *requirements()],
            "installing pyodide-build",
        )
        if not works(python):
            raise ToolMissing(
                "pyodide-build was installed, but does not write a lockfile; see docs/decisions/0003-pyodide-build.md"
            )
    except ToolMissing:
        shutil.rmtree(home, ignore_errors=True)
        raise
    return python


def find_python(say: Say, cache: Path | None = None, beside: Path | None = None) -> Path:
    """Python with a pyodide-build that works: `beside` (default: the one that runs us), an earlier call's, or one made now.

    `say` gets a line for the person who waits for the installation. Raises `ToolMissing`.
    """
    beside = beside or Path(sys.executable)
    if works(beside):
        return beside
    version = requirements()[0].partition("==")[2]
    folder = (cache or cache_folder()) / f"pyodide-build-{version}-py{sys.version_info.major}{sys.version_info.minor}"
    stamp = folder / "made.json"
    if found := stamped(stamp):
        return found
    say(f"installing pyodide-build {version} into an environment of its own, {folder} (once)")
    began = time.monotonic()
    python = install(folder)
    written = folder / f"{python.parent.parent.name}.json"
    written.write_text(json.dumps({"python": str(python), "requirements": requirements()}))
    written.replace(stamp)
    say(f"pyodide-build is installed ({time.monotonic() - began:.0f} s)")
    return python
