"""Bundle the browser's half for one shop: the release key, the shop's name and the demo flag become constants of the code.

The same sources, key, shop and flag give the same bytes. Files are written beside the folder's own and renamed, `bundle.json`
last.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import brotli
from pydantic import Field

from browser_runtime.errors import BundleFailed, BundlerMissing, BundleUnreadable
from contracts import FeatureSpec, Record, Release, sha256_hex

SOURCE = Path(__file__).resolve().parent
REPOSITORY = SOURCE.parent
BUNDLE_JSON = "bundle.json"
WASM = "ort-wasm-simd-threaded.wasm"
ENTRIES = {
    "intently.js": "src/index.ts",
    "intently-core.js": "src/core.ts",
    "intently-worker.js": "src/scoring/kernel_worker.ts",
    "intently-kernel.js": "src/scoring/main_thread.ts",
    "intently-onnx-worker.js": "src/scoring/onnx_worker.ts",
    "intently-reports.js": "src/reports/entry.ts",
    "intently-lens.js": "src/elements/lens.ts",
}
BUNDLE_FILES: tuple[str, ...] = (*ENTRIES, WASM, BUNDLE_JSON)
"""Everything that a bundle's folder holds."""

FEATURE_SPEC_VERSION = 2
"""Newest feature spec that this bundle's code can encode, and all before it; the twin constant stands in src/constants.ts."""
BUILD_LIMIT_S = 60
BROTLI_BEST = 11
BROTLI_LARGE = 9
"""For the wasm, where the best quality takes half a minute: sizes stated are then upper bounds."""
LARGE_BYTES = 1_000_000

_KEY = re.compile(r"[0-9a-f]{64}")
_SHOP = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


class BundleFile(Record):
    """One file of a bundle."""

    sha256: str
    integrity: str = Field(description="for a script tag's `integrity`")
    bytes: int
    brotli_bytes: int


class BundleRecord(Record):
    """`bundle.json`."""

    version: str
    shop: str
    demo: bool
    release_key: str = Field(description="Ed25519 public key, hex, that this bundle believes")
    feature_spec_version: int
    files: dict[str, BundleFile]


def build_bundle(out_dir: Path, release_key: str, shop: str, demo: bool, repository: Path = REPOSITORY) -> BundleRecord:
    """Write a bundle for `shop` into `out_dir` and return its record; other files there are kept.

    `release_key`: Ed25519 public key of the `release` role, 64 hexadecimal digits. Raises `BundlerMissing` where Node's
    packages are not installed and `BundleFailed` where a value is malformed or esbuild refuses the sources.
    """
    if not _KEY.fullmatch(release_key):
        raise BundleFailed(f"bundle: the release key must be 64 hexadecimal digits, got {len(release_key)} characters")
    if not _SHOP.fullmatch(shop):
        raise BundleFailed(f"bundle: shop {shop!r}: want lower-case letters, digits and hyphens, at most 63")
    wasm = _wasm(repository)
    version = json.loads((SOURCE / "package.json").read_text())["version"]
    constants = {
        "INTENTLY_RELEASE_KEY": release_key,
        "INTENTLY_SHOP": shop,
        "INTENTLY_DEMO": demo,
        "INTENTLY_VERSION": version,
        "INTENTLY_WASM_SHA256": sha256_hex(wasm.read_bytes()),
    }
    out_dir.mkdir(parents=True, exist_ok=True)
    # On the same file system as the target, so that each rename is atomic.
    with tempfile.TemporaryDirectory(prefix=".bundle-", dir=out_dir) as staging:
        built = Path(staging)
        for name, entry in ENTRIES.items():
            _esbuild(repository, SOURCE / entry, built / name, constants)
        shutil.copyfile(wasm, built / WASM)
        files = {name: _file(built / name) for name in (*ENTRIES, WASM)}
        record = BundleRecord(
            version=version, shop=shop, demo=demo, release_key=release_key, feature_spec_version=FEATURE_SPEC_VERSION, files=files
        )
        (built / BUNDLE_JSON).write_text(json.dumps(record.model_dump(), indent=2) + "\n")
        for name in BUNDLE_FILES:
            os.replace(built / name, out_dir / name)
    return record


def read_bundle(bundle_dir: Path) -> BundleRecord:
    """The record of a bundle; raises `BundleUnreadable` if there is none or a file is not the one that it names."""
    path = bundle_dir / BUNDLE_JSON
    try:
        record = BundleRecord.from_bytes(path.read_bytes())
    except OSError:
        raise BundleUnreadable(f"{bundle_dir}: no {BUNDLE_JSON}; build a bundle with `intently bundle`") from None
    for name, stated in record.files.items():
        file = bundle_dir / name
        if not file.is_file():
            raise BundleUnreadable(f"{bundle_dir}: {name} is missing; build the bundle again")
        if sha256_hex(file.read_bytes()) != stated.sha256:
            raise BundleUnreadable(f"{bundle_dir}: {name} was changed after it was built; build the bundle again")
    return record


def check_bundle(bundle_dir: Path, release: Release, feature_spec: FeatureSpec | None = None) -> str | None:
    """One sentence why browsers with this bundle would refuse this release, None if they take it.

    Raises `BundleUnreadable` as `read_bundle`.
    """
    bundle = read_bundle(bundle_dir)
    again = "build the bundle again for this release"
    if bundle.shop != release.shop:
        return f"a bundle built for another model: it is of shop {bundle.shop}, the release of {release.shop}; {again}"
    if bundle.release_key != release.roles.release:
        short = f"{bundle.release_key[:12]}…, the release is signed by {release.roles.release[:12]}…"
        return f"a bundle built for another model: it believes release key {short}; {again}"
    if release.demo and not bundle.demo:
        return f"a bundle built for another model: the release is a demo's, the bundle is not; {again}"
    if feature_spec is not None and feature_spec.version > bundle.feature_spec_version:
        versions = f"it encodes feature specs up to version {bundle.feature_spec_version}, the release has {feature_spec.version}"
        return f"a bundle built for another model: {versions}; use a newer Intently"
    return None


def _wasm(repository: Path) -> Path:
    path = repository / "node_modules" / "onnxruntime-web" / "dist" / WASM
    if not path.is_file():
        raise BundlerMissing("bundle: onnxruntime-web is not in node_modules; run `npm ci` in the repository first")
    return path


def _program(repository: Path) -> Path:
    path = repository / "node_modules" / ".bin" / "esbuild"
    if not path.exists():
        raise BundlerMissing("bundle: esbuild is not in node_modules; install Node 20 or newer, then run `npm ci` here")
    return path


def _esbuild(repository: Path, entry: Path, out: Path, constants: dict[str, str | bool]) -> None:
    command = [
        str(_program(repository)), str(entry), f"--outfile={out}", "--bundle", "--format=esm", "--platform=browser",
        "--target=es2022", "--minify", "--charset=utf8", "--legal-comments=none", "--log-level=error",
        *(f"--define:{name}={json.dumps(value)}" for name, value in constants.items()),
    ]  # fmt: skip
    try:
        done = subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=BUILD_LIMIT_S, check=False)
    except OSError as error:
        raise BundlerMissing(
            f"bundle: esbuild does not start ({error.strerror}); install Node 20 or newer and run `npm ci`"
        ) from None
    except subprocess.TimeoutExpired:
        raise BundleFailed(f"bundle: esbuild took more than {BUILD_LIMIT_S} s for {entry.name}") from None
    if done.returncode != 0:
        raise BundleFailed(f"bundle: esbuild refused {entry.name}: {done.stderr.strip()[:800]}")


def _file(path: Path) -> BundleFile:
    data = path.read_bytes()
    integrity = "sha384-" + base64.b64encode(hashlib.sha384(data).digest()).decode()
    return BundleFile(sha256=sha256_hex(data), integrity=integrity, bytes=len(data), brotli_bytes=_brotli_bytes(data))


@functools.lru_cache(maxsize=16)
def _brotli_bytes(data: bytes) -> int:
    """Compressed size; remembered, as the wasm takes two seconds and is the same in every bundle of a process."""
    return len(brotli.compress(data, quality=BROTLI_LARGE if len(data) > LARGE_BYTES else BROTLI_BEST))
