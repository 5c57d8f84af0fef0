"""Known faults, planted into a copy of the sources: an audit that cannot fail says nothing.

`build_planted` bundles the reports' chunk alone; the rest of a bundle is not needed by `intently audit randomizer`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from contracts import IntentlyError

REPOSITORY = Path(__file__).resolve().parents[2]
REPORTS = "browser_runtime/src/reports"


@dataclass(frozen=True)
class PlantedFault:
    """A change of one source file."""

    name: str
    file: str
    was: str
    becomes: str


FAULTS: tuple[PlantedFault, ...] = (
    PlantedFault(
        "weight +25 %", f"{REPORTS}/randomizer.ts",
        "  const { w, v } = collection.mechanism;\n  const u = uniformBelow(weightOf(collection), randomBytes);",
        "  const { v } = collection.mechanism;\n  const w = Math.round(1.25 * collection.mechanism.w);\n"
        "  const u = uniformBelow(weightOf(collection) - collection.mechanism.w + w, randomBytes);",
    ),
    PlantedFault(
        "8-bit randomness", f"{REPORTS}/uniform.ts",
        "const z = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);", "const z = bytes[0] as number;",
    ),
    PlantedFault(
        "Math.random", f"{REPORTS}/uniform.ts",
        "const z = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);",
        "const z = Math.floor(Math.random() * RANGE + bytes.length - 4);",
    ),
    PlantedFault(
        "silence when idle", f"{REPORTS}/reporter.ts",
        "    const message = randomize(slot.collection,",
        "    if (slot.value === NONE) return;\n    const message = randomize(slot.collection,",
    ),
    PlantedFault(
        "timing depends on behaviour", f"{REPORTS}/reporter.ts",
        "await this.ledger.offer(slot.starts_ms, value, this.options.platform.now(), this.options.platform.randomBytes);",
        "await this.ledger.offer(slot.starts_ms, value, this.options.platform.now(), this.options.platform.randomBytes);\n"
        "      this.sleep(slot.due_ms + 1500);",
    ),
    PlantedFault(
        "URL depends on behaviour", f"{REPORTS}/ledger.ts",
        "return { ...emptied, ...sealed, state: 'sealed', debit_micro, sealed_ms: now_ms };",
        "const url = slot.value === NONE ? slot.url : `${slot.url}?v=1`;\n"
        "      return { ...emptied, ...sealed, url, state: 'sealed', debit_micro, sealed_ms: now_ms };",
    ),
    PlantedFault(
        "debit skipped", f"{REPORTS}/ledger.ts",
        "return { ...emptied, ...sealed, state: 'sealed', debit_micro, sealed_ms: now_ms };",
        "return { ...emptied, ...sealed, state: 'sealed', debit_micro: 0, sealed_ms: now_ms };",
    ),
    PlantedFault(
        "resend re-randomized", f"{REPORTS}/reporter.ts",
        "    const [state, status] = await this.post(slot);",
        "    const again = randomize(slot.collection, slot.value, this.options.platform.randomBytes);\n"
        "    const body = slot.state === 'failed' ? await seal(again, bucketOf(slot), slot.public_key) : slot.body;\n"
        "    const [state, status] = await this.post({ ...slot, body });",
    ),
    PlantedFault(
        "size depends on content", f"{REPORTS}/ledger.ts",
        "return { ...emptied, ...sealed, state: 'sealed', debit_micro, sealed_ms: now_ms };",
        "const body = slot.value === NONE ? sealed.body : new Uint8Array([...sealed.body, 0]);\n"
        "      return { ...emptied, ...sealed, body, state: 'sealed', debit_micro, sealed_ms: now_ms };",
    ),
)  # fmt: skip


def build_planted(fault: PlantedFault | None, folder: Path, repository: Path = REPOSITORY) -> Path:
    """Write `intently-reports.js` of the sources with this fault (None: as they are) into `folder`; returns the folder.

    Raises `IntentlyError` where the sources no longer hold what the fault replaces, or esbuild fails.
    """
    copy = folder / "sources"
    for part in ("browser_runtime/src", "tracker/src"):
        shutil.copytree(repository / part, copy / part)
    (copy / "contracts").mkdir()
    shutil.copyfile(repository / "contracts" / "types.ts", copy / "contracts" / "types.ts")
    if fault is not None:
        _plant(copy / fault.file, fault)
    command = [
        str(repository / "node_modules" / ".bin" / "esbuild"), str(copy / REPORTS / "entry.ts"), "--bundle", "--format=esm",
        "--platform=browser", "--target=es2022", "--minify", "--charset=utf8", "--log-level=error",
        f"--outfile={folder / 'intently-reports.js'}",
    ]  # fmt: skip
    environment = {**os.environ, "NODE_PATH": str(repository / "node_modules")}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment, check=False)
    shutil.rmtree(copy)
    if done.returncode:
        raise IntentlyError(f"planted fault {fault.name if fault else 'none'}: esbuild says {done.stderr.strip()[:400]}")
    return folder


def _plant(path: Path, fault: PlantedFault) -> None:
    text = path.read_text()
    if text.count(fault.was) != 1:
        raise IntentlyError(
            f"planted fault {fault.name!r}: {fault.file} holds its place {text.count(fault.was)} times, want once"
        )
    path.write_text(text.replace(fault.was, fault.becomes))
