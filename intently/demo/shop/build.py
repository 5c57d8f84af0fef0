"""Build the demo shop's pages: one script by esbuild, one style sheet, one HTML file, written beside and renamed."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from contracts import IntentlyError

SOURCE = Path(__file__).resolve().parent
REPOSITORY = SOURCE.parents[2]
ESBUILD = Path("node_modules") / ".bin" / "esbuild"
BUILD_LIMIT_S = 60


class ShopBuildError(IntentlyError):
    """The demo shop's pages could not be built."""


def build_shop(out_dir: Path, repository: Path = REPOSITORY) -> tuple[Path, ...]:
    """Write `index.html`, `shop.js` and `shop.css` into `out_dir` and return their paths; other files there are kept.

    The page's content security policy is a header of delivery. Raises `ShopBuildError` without esbuild or if it refuses the
    sources.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    # On the same file system as the target, so that each rename is atomic.
    with tempfile.TemporaryDirectory(prefix=".shop-", dir=out_dir) as staging:
        built = Path(staging)
        _esbuild(built, repository)
        (built / "index.html").write_bytes((SOURCE / "index.html").read_bytes())
        # The page that names the others comes last.
        return tuple(_move(built / name, out_dir / name) for name in ("shop.css", "shop.js", "index.html"))


def _esbuild(built: Path, repository: Path) -> None:
    program = repository / ESBUILD
    if not program.exists():
        raise ShopBuildError(f"demo shop: esbuild is not at {ESBUILD}; run `npm ci` in the repository first")
    command = [
        str(program), str(SOURCE / "shop.ts"), str(SOURCE / "shop.css"), "--bundle", "--format=esm",
        "--external:/intently/*", "--target=es2022",
        "--minify", "--legal-comments=none", "--log-level=error", "--charset=utf8", f"--outdir={built}",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=BUILD_LIMIT_S, check=False)
    if done.returncode != 0:
        raise ShopBuildError(f"demo shop: esbuild refused the sources: {done.stderr.strip()[:800]}")


def _move(source: Path, target: Path) -> Path:
    os.replace(source, target)
    return target
