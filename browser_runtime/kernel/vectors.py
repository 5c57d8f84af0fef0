"""Write the golden vectors of the kernel: `python -m browser_runtime.kernel.vectors`.

`kernel.json`: Python packs each `onnx` file into exactly `head` and `rest`; the built kernel gives for each session what
onnxruntime gave. `bad_kernel.json`: a file with one fault planted, refused with that fault (kernel/source/memory.h).
"""

from __future__ import annotations

import base64
import json
import re
import struct
from pathlib import Path
from typing import Any

import numpy as np

from browser_runtime.kernel.pack import pack_model
from browser_runtime.kernel.sample import Sizes, sample_model

FOLDER = Path(__file__).resolve().parent.parent.parent / "contracts" / "vectors" / "v1"
SEED = 20261125
TOP = 20
SMALL = {
    "int8 rows": Sizes(items=60, dim=16, hidden=8, attention=8, length=6, heads=False),
    "product codes, biases, heads": Sizes(items=60, dim=24, hidden=12, attention=8, length=5, codes=4, item_bias=True),
    "one input, an odd dim": Sizes(items=45, dim=10, hidden=4, attention=4, length=3, inputs=()),
}
POOL = tuple(range(2, 40, 3))
HEADER = {"d": 6, "items": 40, "codes": 44, "length": 46, "scale": 48, "bias": 52, "inputs": 56, "constants": 58, "slots": 60}


def good_cases() -> list[dict[str, Any]]:
    """Models of every storage, packed, with sessions and the reference's answers."""
    rng = np.random.default_rng(SEED)
    return [_case(name, sizes, rng) for name, sizes in SMALL.items()]


def _case(name: str, sizes: Sizes, rng: np.random.Generator) -> dict[str, Any]:
    model = sample_model(sizes, seed=len(name))
    categories = [0, *(int(value) for value in rng.integers(0, 5, sizes.items))]
    packed = pack_model(model, POOL, categories)
    return {
        "name": name, "onnx": base64.b64encode(model).decode(), "pool": POOL, "categories": categories,
        "head": packed.head.hex(), "rest": packed.rest.hex(), "sessions": _sessions(model, sizes, rng),
    }  # fmt: skip


def _sessions(model: bytes, sizes: Sizes, rng: np.random.Generator) -> list[dict[str, Any]]:
    import onnxruntime

    reference = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    names = [output.name for output in reference.get_outputs()]
    answers = []
    for events in range(1, sizes.length + 1):
        items = rng.integers(0, sizes.items + 1, events)
        items[-1] = items[0] = max(1, items[0])  # an item that comes twice
        inputs = {"item": items.tolist()} | {name: rng.integers(0, 6, events).tolist() for name in sizes.inputs}
        feeds = {name: np.array(values, np.int32) for name, values in inputs.items()}
        feeds["candidates"] = np.arange(1, sizes.items + 1, dtype=np.int32)
        told = dict(zip(names, reference.run(None, feeds), strict=True))
        order = np.lexsort((np.arange(sizes.items), -told["scores"]))[:TOP]
        answers.append({
            "inputs": inputs, "embedding": told["session_embedding"].tolist(), "scores": told["scores"].tolist(),
            "top": (order + 1).tolist(),
            "heads": [float(told[name][0]) if name in told else None for name in ("purchase_probability", "leave_probability")],
        })  # fmt: skip
    return answers


def bad_cases(head: bytes, rest: bytes) -> list[dict[str, Any]]:
    """Edits of the first case's files; `fault` is the number that the kernel answers."""
    cases: list[dict[str, Any]] = []

    def add(name: str, file: str, fault: int, **edit: Any) -> None:
        cases.append({"name": name, "file": file, "fault": fault, **edit})

    add("another magic", "head", 4, at=0, bytes=b"INTX".hex())
    add("a later layout", "head", 4, at=4, bytes="0200")
    add("cut by one byte", "head", 2, truncate=len(head) - 1)
    add("cut in the constants", "head", 2, truncate=400)
    add("one byte more", "head", 3, append="00")
    add("no dim", "head", 5, at=HEADER["d"], bytes="0000")
    add("a dim beyond what sums hold", "head", 5, at=HEADER["d"], bytes="0102")
    add("no items", "head", 5, at=HEADER["items"], bytes="00000000")
    add("more items than memory", "head", 5, at=HEADER["items"], bytes="ffffffff")
    add("codes that do not divide dim", "head", 5, at=HEADER["codes"], bytes="0500")
    add("no events", "head", 5, at=HEADER["length"], bytes="0000")
    add("a scale that is no number", "head", 5, at=HEADER["scale"], bytes=struct.pack("<f", float("nan")).hex())
    add("a negative unit of biases", "head", 5, at=HEADER["bias"], bytes=struct.pack("<f", -1.0).hex())
    add("more slots than the kernel has", "head", 5, at=HEADER["slots"], bytes="ffff")
    add("an instruction of a later kernel", "head", 6, at=_first_step(head), bytes="ff00")
    add("an operand that nothing made", "head", 6, at=_first_step(head) + 4, bytes="fe00")
    add("a result over a constant", "head", 6, at=_first_step(head) + 2, bytes="0000")
    add("rest of another model", "rest", 9, at=8, bytes="00" * 32)
    add("rest cut", "rest", 2, truncate=len(rest) - 1)
    add("rest goes on", "rest", 3, append="00")
    add("rest of another count", "rest", 2, at=40, bytes="ffffffff")
    add("rest of another dim", "rest", 5, at=6, bytes="1100")
    return cases


def _first_step(head: bytes) -> int:
    """Where the first instruction stands."""
    constants = int(struct.unpack_from("<H", head, HEADER["constants"])[0])
    at = 76 + int(struct.unpack_from("<H", head, 74)[0])
    for _ in range(constants):
        half, rows, cols = struct.unpack_from("<3H", head, at)
        at += 6 + rows * cols * (2 if half else 4)
    return at


def main() -> None:
    """Write both files."""
    good = good_cases()
    bad = bad_cases(bytes.fromhex(good[0]["head"]), bytes.fromhex(good[0]["rest"]))
    for name, about, cases in (
        ("kernel", "an ONNX file packs into head and rest; the kernel answers as onnxruntime did (scores: items 1 to N)", good),
        ("bad_kernel", "an edit of the files of kernel.json's first case, refused with this fault", bad),
    ):
        text = json.dumps({"about": about, "cases": cases}, indent=1)
        (FOLDER / f"{name}.json").write_text(_short_lists(text) + "\n")


def _short_lists(text: str) -> str:
    """Lists of numbers on one line."""
    lists = re.compile(r"\[[\s\d.,eE+\-null]+\]")
    return lists.sub(lambda found: "[" + " ".join(found[0][1:-1].split()) + "]", text)


if __name__ == "__main__":
    main()
