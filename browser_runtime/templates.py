"""The built JavaScript before it belongs to a shop: made by esbuild, or carried by the wheel, so that a bundle needs no Node.

What a shop's bundle pins stands in each script as one string literal of fixed length; pinning replaces it by another of the same
length, so source maps stay right. `python -m browser_runtime.templates` writes the folder that a wheel carries.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from browser_runtime.errors import BundleFailed, BundlerMissing
from browser_runtime.kernel.build import KERNEL
from contracts import sha256_hex

SOURCE = Path(__file__).resolve().parent
REPOSITORY = SOURCE.parent
BUILT = SOURCE / "built"
"""What a wheel carries; a checkout builds its own."""
WASM = "ort-wasm-simd-threaded.wasm"
ENTRIES = {
    "intently.js": "src/index.ts",
    "intently-core.js": "src/core.ts",
    "intently-worker.js": "src/scoring/kernel_worker.ts",
    "intently-kernel.js": "src/scoring/main_thread.ts",
    "intently-onnx-worker.js": "src/scoring/onnx_worker.ts",
    "intently-reports.js": "src/reports/entry.ts",
    "intently-tokens.js": "src/tokens/entry.ts",
    "intently-lens.js": "src/elements/lens.ts",
    "intently-transfer.js": "src/transfer/entry.ts",
    "intently-receive.js": "src/transfer/page.ts",
    "intently-overlay.js": "src/overlay.ts",
}
COPIED = {
    "intently-receive.html": "src/transfer/receive.html",
    "intently-receive.css": "src/transfer/receive.css",
    "intently.d.ts": "types/intently.d.ts",
}
"""The page on which a session from another device arrives; and the types of `intently.js`."""
MAPS = tuple(f"{name}.map" for name in ENTRIES)
BUILD_LIMIT_S = 120
LITERAL_LENGTH = 320
"""Characters of the literal with its quotes: the longest shop name, the key and the version fit."""
PLACEHOLDER = '"' + "@intently-pinned".ljust(LITERAL_LENGTH - 2, "-") + '"'

Templates = dict[str, bytes]
"""Scripts, their maps, and both wasm files, by name."""


def templates(repository: Path = REPOSITORY) -> Templates:
    """Built from the sources where esbuild is installed, else those of the wheel. Raises `BundlerMissing` without either."""
    if (repository / "node_modules" / ".bin" / "esbuild").exists():
        return build_templates(repository)
    names = (*ENTRIES, *MAPS, *COPIED, KERNEL.name, WASM)
    if not all((BUILT / name).is_file() for name in names):
        raise BundlerMissing(
            "bundle: this install carries no built JavaScript and esbuild is not in node_modules; install a wheel of Intently, "
            "or Node 20 or newer and run `npm ci` in a checkout"
        )
    return {name: (BUILT / name).read_bytes() for name in names}


def build_templates(repository: Path = REPOSITORY) -> Templates:
    """Run esbuild over the sources. The same sources give the same bytes, wherever the repository lies."""
    wasm = repository / "node_modules" / "onnxruntime-web" / "dist" / WASM
    if not wasm.is_file():
        raise BundlerMissing("bundle: onnxruntime-web is not in node_modules; run `npm ci` in the repository first")
    held = {KERNEL.name: KERNEL.read_bytes(), WASM: wasm.read_bytes()}
    copied = {name: (SOURCE / source).read_bytes() for name, source in COPIED.items()}
    constants = {
        "INTENTLY_PINNED": PLACEHOLDER,
        "INTENTLY_WASM_SHA256": json.dumps(sha256_hex(held[WASM])),
        "INTENTLY_KERNEL_SHA256": json.dumps(sha256_hex(held[KERNEL.name])),
    }
    with tempfile.TemporaryDirectory(prefix="intently-") as folder:
        _esbuild(repository, Path(folder), constants)
        built = {name: (Path(folder) / name).read_bytes() for name in (*ENTRIES, *MAPS)}
        for name in MAPS:
            built[name] = _placed(built[name], Path(folder), repository)
    return built | copied | held


def pinned(name: str, template: bytes, constants: dict[str, Any]) -> bytes:
    """A script that pins `constants`. Raises `BundleFailed` where the literal is not what it was, or lacks where it is needed."""
    text = json.dumps(constants, separators=(",", ":"), sort_keys=True)
    if len(text) > LITERAL_LENGTH - 2 or "'" in text or "\\" in text:
        raise BundleFailed(f"bundle: {text!r} does not fit the {LITERAL_LENGTH} characters that scripts keep for it")
    literal = ("'" + text.ljust(LITERAL_LENGTH - 2) + "'").encode()
    if template.count(b"@intently-pinned") != template.count(PLACEHOLDER.encode()) or template.count(literal):
        raise BundleFailed(f"bundle: {name} holds what it pins in a form that this version does not know; build it anew")
    if name == "intently.js" and PLACEHOLDER.encode() not in template:
        raise BundleFailed("bundle: intently.js keeps no room for the release key; build it anew")
    return template.replace(PLACEHOLDER.encode(), literal)


def _esbuild(repository: Path, out: Path, constants: dict[str, str]) -> None:
    command = [
        str(repository / "node_modules" / ".bin" / "esbuild"),
        *(f"{name.removesuffix('.js')}={SOURCE / entry}" for name, entry in ENTRIES.items()),
        f"--outdir={out}", "--bundle", "--format=esm", "--platform=browser", "--target=es2022", "--minify", "--charset=utf8",
        "--legal-comments=none", "--log-level=error", "--sourcemap=linked",
        *(f"--define:{name}={value}" for name, value in constants.items()),
    ]  # fmt: skip
    try:
        done = subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=BUILD_LIMIT_S, check=False)
    except OSError as error:
        raise BundlerMissing(
            f"bundle: esbuild does not start ({error.strerror}); install Node 20 or newer and run `npm ci`"
        ) from None
    except subprocess.TimeoutExpired:
        raise BundleFailed(f"bundle: esbuild took more than {BUILD_LIMIT_S} s") from None
    if done.returncode != 0:
        raise BundleFailed(f"bundle: esbuild refused the sources: {done.stderr.strip()[:800]}")


def _placed(source_map: bytes, folder: Path, repository: Path) -> bytes:
    """The map with its sources named from the repository's root, so that it does not tell where it was built."""
    document = json.loads(source_map)
    roots = ((repository.resolve(), ""), (REPOSITORY.resolve(), ""))
    names = []
    for source in document["sources"]:
        path = (folder / source).resolve()
        root = next((root for root, _ in roots if path.is_relative_to(root)), path.parent)
        names.append(path.relative_to(root).as_posix())
    return json.dumps(document | {"sources": names}, separators=(",", ":"), ensure_ascii=False).encode()


def write_built(folder: Path = BUILT, repository: Path = REPOSITORY) -> None:
    """Write what a wheel carries."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in build_templates(repository).items():
        (folder / name).write_bytes(data)


if __name__ == "__main__":
    write_built()
