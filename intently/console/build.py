"""Make the audit console: a folder of static files that any web server may serve, all from one's own origin.

index.html style.css icon.svg main.js worker.js     the page
console.json                                        where the public files are, the release key to check against
pyodide/                                            Pyodide as npm delivers it
intently_accounting-*-py3-none-any.whl              privacy.accounting, readable
pyodide-lock.json                                   written with pyodide-build: names the wheel by its SHA-256
public/                                             copy of the public folder, if one was given
SHA256SUMS                                          of all of the above but public/: the same for the same sources
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from contracts import FILES_PATH, LEDGER_PATH, MANIFEST_PATH
from intently.console.accountant import accountant_wheel
from intently.console.errors import ConsoleError
from intently.console.lock import lock_with_wheel, pyodide_info
from intently.console.page_files import node_modules, write_page
from intently.console.tool import Say, find_python

PUBLIC_URL = "public/"
SUMS = "SHA256SUMS"


@dataclass(frozen=True)
class ConsoleBuild:
    """A console that was made."""

    folder: Path
    files: int
    bytes: int
    wheel: str
    wheel_sha256: str
    made_with: dict[str, str]


def say_on_terminal(line: str) -> None:
    """A line for the person who waits."""
    print(f"intently: {line}", file=sys.stderr, flush=True)


def build_console(
    out_dir: Path,
    public_dir: Path | None = None,
    *,
    public_url: str = PUBLIC_URL,
    release_key: str = "",
    modules: Path | None = None,
    python: Path | None = None,
    say: Say = say_on_terminal,
) -> ConsoleBuild:
    """Make the console in `out_dir`, replacing an older console there.

    public_dir   public folder to copy into it (manifest, ledger, files); None: the page reads `public_url` where it is served
    public_url   where the page looks for the public files, relative to itself, ending in `/`
    release_key  Ed25519 public key that must have signed the release, hex; '': the page asks for it and says that none is pinned
    modules      node_modules with `pyodide` and `esbuild`; None: found
    python       Python with pyodide-build; None: found, or installed once (then `say` tells)

    Raises `ConsoleError` and its kinds.
    """
    check_inputs(out_dir, public_dir, public_url, release_key)
    modules = node_modules(modules)
    python = python or find_python(say)
    out_dir.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{out_dir.name}-", dir=out_dir.parent))
    try:
        write_page(modules, made)
        name, wheel = accountant_wheel()
        (made / name).write_bytes(wheel)
        lock = lock_with_wheel(python, pyodide_info(modules / "pyodide"), made / name)
        (made / "pyodide-lock.json").write_bytes(lock.to_bytes())
        write_sums(made)
        copied = copy_public(public_dir, made / PUBLIC_URL) if public_dir is not None else []
        settings = {"public_url": public_url, "release_key": release_key, "files": copied}
        (made / "console.json").write_text(json.dumps(settings) + "\n")
        made.chmod(0o755)
        replace_folder(made, out_dir)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    files = [file for file in out_dir.rglob("*") if file.is_file()]
    size = sum(file.stat().st_size for file in files)
    return ConsoleBuild(out_dir, len(files), size, name, hashlib.sha256(wheel).hexdigest(), lock.made_with)


def check_inputs(out_dir: Path, public_dir: Path | None, public_url: str, release_key: str) -> None:
    """Refuse what cannot be right, before anything is made."""
    if public_dir is not None and not (public_dir / MANIFEST_PATH).is_file():
        raise ConsoleError(f"{public_dir} holds no {MANIFEST_PATH}; give the folder that delivery serves below /intently/")
    if public_dir is not None and public_url != PUBLIC_URL:
        raise ConsoleError("give public_dir (files are copied) or public_url (files are read where they are served), not both")
    if not re.fullmatch(r"([A-Za-z0-9._~-]+/|\.\./|/)*", public_url):
        raise ConsoleError(f"public_url is {public_url!r}, want a path of the same origin that ends in '/'")
    if release_key and not re.fullmatch(r"[0-9a-f]{64}", release_key):
        raise ConsoleError(f"release_key is {release_key[:80]!r}, want an Ed25519 public key in 64 lower-case hexadecimal digits")
    if out_dir.exists() and not (out_dir / SUMS).exists() and (not out_dir.is_dir() or any(out_dir.iterdir())):
        raise ConsoleError(f"{out_dir} is there and is not a console; give a new folder")


def write_sums(folder: Path) -> None:
    """SHA-256 of each file, as `sha256sum --check` reads them."""
    files = sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
    lines = [f"{hashlib.sha256((folder / file).read_bytes()).hexdigest()}  {file}\n" for file in files]
    (folder / SUMS).write_text("".join(lines))


def copy_public(public_dir: Path, to: Path) -> list[str]:
    """Copy the public files, and nothing else that lies beside them; their paths. A manifest names only the newest receipts."""
    to.mkdir()
    for name in (MANIFEST_PATH, LEDGER_PATH):
        if (public_dir / name).is_file():
            shutil.copyfile(public_dir / name, to / name)
    if (public_dir / FILES_PATH).is_dir():
        shutil.copytree(public_dir / FILES_PATH, to / FILES_PATH, ignore=shutil.ignore_patterns(".*", "*.br"))
    return sorted(file.relative_to(to).as_posix() for file in to.rglob("*") if file.is_file())


def replace_folder(made: Path, out_dir: Path) -> None:
    """Put `made` in the place of `out_dir`; an older console is moved aside first and then removed."""
    if not out_dir.exists():
        os.rename(made, out_dir)
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{out_dir.name}-old-", dir=out_dir.parent))
    os.rename(out_dir, aside / "console")
    os.rename(made, out_dir)
    shutil.rmtree(aside, ignore_errors=True)
