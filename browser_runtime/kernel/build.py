"""Build the kernel's module from its C source with Zig's C compiler: `python -m browser_runtime.kernel.build [--check]`.

The same source and the same ziglang give the same bytes; `--check` compares them with the committed module and writes nothing.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

from browser_runtime.errors import BundleFailed, BundlerMissing

FOLDER = Path(__file__).resolve().parent
KERNEL = FOLDER / "intently-kernel.wasm"
ZIGLANG = "0.17.1"
BUILD_LIMIT_S = 120
FLAGS = (
    "-target", "wasm32-freestanding", "-mcpu=generic+simd128+bulk_memory+nontrapping_fptoint+sign_ext", "-Os", "-std=c11",
    "-Wall", "-Wextra", "-Werror", "-Wno-unused-function", "-nostdlib", "-Wl,--no-entry", "-Wl,--strip-all", "-Wl,--gc-sections",
    "-Wl,-z,stack-size=16384",
)  # fmt: skip


def compile_kernel() -> bytes:
    """The module's bytes. Raises `BundlerMissing` without the ziglang that it is pinned to, `BundleFailed` where it refuses."""
    if importlib.util.find_spec("ziglang") is None:
        raise BundlerMissing(f"kernel: no C compiler; pip install ziglang=={ZIGLANG}")
    with tempfile.TemporaryDirectory(prefix="kernel-") as folder:
        out = Path(folder) / KERNEL.name
        command = [sys.executable, "-m", "ziglang", "cc", *FLAGS, "-o", str(out), "kernel.c"]
        done = subprocess.run(command, cwd=FOLDER / "source", capture_output=True, text=True, timeout=BUILD_LIMIT_S, check=False)
        if done.returncode != 0:
            raise BundleFailed(f"kernel: the compiler refused it: {done.stderr.strip()[:800]}")
        return out.read_bytes()


def main() -> None:
    """Write the module, or compare it."""
    built = compile_kernel()
    if "--check" not in sys.argv[1:]:
        KERNEL.write_bytes(built)
        print(f"{KERNEL.name}: {len(built)} bytes")
    elif built != KERNEL.read_bytes():
        raise SystemExit(f"{KERNEL.name} is not what its source gives; run: python -m browser_runtime.kernel.build")


if __name__ == "__main__":
    main()
