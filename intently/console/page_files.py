"""The page's own files: TypeScript bundled by esbuild, the rest as it stands, and Pyodide as npm delivers it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from intently.console.errors import PageToolMissing

PAGE = Path(__file__).with_name("page")
STATIC = ("index.html", "style.css", "icon.svg")
ENTRIES = ("main.ts", "worker.ts")
PYODIDE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")
"""All that Pyodide fetches to start; byte for byte those of npm's package."""


def node_modules(given: Path | None) -> Path:
    """`given`, or the nearest node_modules with Pyodide: of the working directory or of the source tree."""
    places = [given] if given else [Path.cwd() / "node_modules", Path(__file__).resolve().parents[2] / "node_modules"]
    for place in places:
        if (place / "pyodide" / "pyodide.asm.wasm").exists():
            return place
    raise PageToolMissing(
        f"npm's `pyodide` is not in {places[0]}; run `npm ci` in Intently's source tree, or pass its node_modules"
    )


def bundled(modules: Path, out_dir: Path) -> None:
    """Bundle `ENTRIES` into `out_dir`, as ES modules."""
    esbuild = modules / ".bin" / "esbuild"
    words = ["--bundle", "--format=esm", "--target=es2022", "--minify-syntax", "--log-level=error", f"--outdir={out_dir}"]
    try:
        done = subprocess.run([esbuild, *(PAGE / entry for entry in ENTRIES), *words], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PageToolMissing(f"esbuild did not run ({error}); run `npm ci` and try again") from None
    if done.returncode != 0:
        raise PageToolMissing(f"esbuild refused the console's page: {done.stderr.strip().splitlines()[0]}")


def write_page(modules: Path, out_dir: Path) -> None:
    """Write the page and Pyodide into `out_dir`."""
    bundled(modules, out_dir)
    for name in STATIC:
        (out_dir / name).write_bytes((PAGE / name).read_bytes())
    (out_dir / "pyodide").mkdir()
    for name in PYODIDE:
        (out_dir / "pyodide" / name).write_bytes((modules / "pyodide" / name).read_bytes())
