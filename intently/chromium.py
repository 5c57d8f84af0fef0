"""Find a Chromium, or get one: the first that works of the ways below.

`INTENTLY_CHROMIUM`; on PATH; Debian's package where we are root or sudo asks no password; npm's `@sparticuz/chromium`;
`playwright install chromium`. `python -m intently.chromium` prints the path, or one sentence and exit code 2.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from contracts import IntentlyError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
"""What a headless Chromium is started with in containers and on closed networks."""

HOW = (
    "no Chromium could be found or installed; set INTENTLY_CHROMIUM to a Chromium or Chrome executable, "
    "or install one (Debian: apt-get install chromium)"
)


class ChromiumMissing(IntentlyError):
    """No browser, and none could be got."""


def works(path: str | None) -> bool:
    """Whether `path` starts and says its version."""
    if not path:
        return False
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=30).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def from_environment() -> str | None:
    """`INTENTLY_CHROMIUM`; one that does not start is an error, not a reason to look elsewhere."""
    path = os.environ.get("INTENTLY_CHROMIUM")
    if path and not works(path):
        raise ChromiumMissing(f"INTENTLY_CHROMIUM is {path!r}, which does not start; set it to a Chromium executable")
    return path


def from_path() -> str | None:
    """The first of `NAMES` on PATH."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def from_debian() -> str | None:
    """Debian's package, where that needs no password."""
    root = [] if hasattr(os, "geteuid") and os.geteuid() == 0 else ["sudo", "-n"]
    if not shutil.which("apt-get") or (root and not shutil.which("sudo")):
        return None
    if root and subprocess.run([*root, "true"], capture_output=True).returncode != 0:
        return None
    say("installing Debian's chromium (once)")
    quiet = [*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    subprocess.run([*quiet, "update", "-qq"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    subprocess.run([*quiet, "install", "-y", "-qq", "chromium"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return from_path()


def cache_folder() -> Path:
    """Where a fetched browser is kept."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "intently" / "chromium"


def from_npm() -> str | None:
    """The browser that `@sparticuz/chromium` carries in its npm package."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        return None
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    say("fetching Chromium from npm's @sparticuz/chromium (once)")
    install = [npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--loglevel=error", "@sparticuz/chromium@153"]
    if subprocess.run(install, stdout=subprocess.DEVNULL).returncode != 0:
        return None
    script = "import('@sparticuz/chromium').then(async m => console.log(await m.default.executablePath()))"
    said = subprocess.run([node, "-e", script], cwd=folder, capture_output=True, text=True)
    return said.stdout.strip() or None


def from_playwright() -> str | None:
    """Playwright's own download."""
    say("asking Playwright for its Chromium (once)")
    if subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], stdout=subprocess.DEVNULL).returncode != 0:
        return None
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return playwright.chromium.executable_path


def say(words: str) -> None:
    """Progress, on standard error."""
    print(f"intently: {words} ...", file=sys.stderr, flush=True)


WAYS: tuple[Callable[[], str | None], ...] = (from_environment, from_path, from_debian, from_npm, from_playwright)


def find_chromium(ways: tuple[Callable[[], str | None], ...] = WAYS) -> str:
    """Path of a Chromium that starts; raises `ChromiumMissing`."""
    for way in ways:
        path = way()
        if works(path):
            assert path is not None
            return path
    raise ChromiumMissing(HOW)


def main() -> int:
    """Print the path of a Chromium, getting one if need be."""
    try:
        print(find_chromium())
    except ChromiumMissing as error:
        print(f"intently: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
