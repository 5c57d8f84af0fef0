"""The whole audit as one pure function over bytes: what the console shows, and what plain Python computes just the same."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from privacy.accounting import check_receipt

from .documents import Problem, Signatures, Unreadable
from .public_files import LEDGER, MANIFEST, PublicFiles, SignedReceipt
from .sums import AUDIENCES, mechanism_text, recompute, text, totals

LINKED = {"release": "release", "epoch": "epoch", "key_id": "key_id", "reports": "reports"}
"""Fields of a ledger line that repeat the receipt's."""


def audit(files: Mapping[str, bytes], release_key: str, signatures: Signatures) -> dict[str, Any]:
    """Report for the page (`Report` in page/protocol.ts). `release_key`: hex, '' where nobody pinned one."""
    if release_key and not re.fullmatch("[0-9a-f]{64}", release_key):
        return failed([Problem("release key", "want an Ed25519 public key in 64 hexadecimal digits")], release_key)
    public = PublicFiles(files, signatures, release_key)
    try:
        public.read()
        sound = {receipt.path: receipt_row(public, receipt) for receipt in public.receipts}
        rows = [sound.get(reference["path"]) or unsound_row(reference["path"]) for reference in public.manifest["receipts"]]
        check_pairs(public)
        about, sums = describe(public), totals([receipt.document for receipt in public.receipts])
    except Unreadable as fault:
        return failed([*public.problems, Problem("public files", str(fault))], release_key)
    except (LookupError, TypeError, ValueError, AttributeError) as fault:
        place = public.problems or [Problem("public files", f"a signed document does not follow its contract: {fault!r}")]
        return failed(place, release_key)
    return {
        "ok": not public.problems, "pinned": bool(release_key), "summary": summary(public, bool(release_key)),
        "problems": [asdict(problem) for problem in public.problems], "about": about, "receipts": rows, "totals": sums,
    }  # fmt: skip


def failed(problems: list[Problem], release_key: str) -> dict[str, Any]:
    """Report where nothing can be summed."""
    return {
        "ok": False, "pinned": bool(release_key), "summary": "The public files cannot be read", "about": [], "receipts": [],
        "problems": [asdict(problem) for problem in problems], "totals": [],
    }  # fmt: skip


def receipt_row(public: PublicFiles, receipt: SignedReceipt) -> dict[str, Any]:
    """Row of the table, after comparing what the receipt states with what follows from its own fields."""
    document = receipt.document
    for fault in check_receipt(document):
        name, _, what = fault.partition(": ")
        public.note(f"{receipt.path}, field {name}", what)
    check_configuration(public, receipt)
    mine, faulty = recompute(document), any(fault.where.startswith(receipt.path) for fault in public.problems)
    at = [1 + entry["index"] for entry in public.entries or () if entry["receipt"] == receipt.payload_sha256]
    return {
        "path": receipt.path, "collection": document["collection"]["name"], "mechanism": mechanism_text(document["collection"]),
        **{name: str(document[name]) for name in ("epoch", "reports", "operators")}, "delta": f"{mine['delta'] or 0:g}",
        **{audience: text(mine[audience]) for audience in AUDIENCES}, "ok": not faulty,
        "entry": str(at[0]) if at else "none" if public.entries is not None else "unknown",
    }  # fmt: skip


def unsound_row(path: str) -> dict[str, Any]:
    """Row of a receipt that is missing or whose signature does not hold: nothing in it can be relied on."""
    unknown = ("collection", "mechanism", "epoch", "reports", "operators", "delta", *AUDIENCES, "entry")
    return {"path": path, "ok": False, **dict.fromkeys(unknown, "?")}


def check_configuration(public: PublicFiles, receipt: SignedReceipt) -> None:
    """A receipt of the configuration in force spends what that configuration allows."""
    document = receipt.document
    for name in ("shop", "demo"):
        if document[name] != public.manifest[name]:
            public.note(f"{receipt.path}, field {name}", f"is {document[name]!r}; the manifest says {public.manifest[name]!r}")
    if document["reports"] < document["minimum_batch"]:
        public.note(
            f"{receipt.path}, field reports", f"is {document['reports']}, below the minimum of {document['minimum_batch']}"
        )
    if document["release"] != public.release["configuration"]["sha256"]:
        return  # of an earlier configuration, which is not published any more
    if document["collection"] not in public.configuration.get("collections", ()):
        public.note(f"{receipt.path}, field collection", "is none of the collections of the signed configuration")


def check_pairs(public: PublicFiles) -> None:
    """Every receipt has its ledger line, every line its receipt, and both say the same."""
    if public.entries is None:
        return  # the chain does not hold, and that is noted
    receipts = {receipt.payload_sha256: receipt for receipt in public.receipts}
    for entry in public.entries:
        where, receipt = f"{LEDGER} line {1 + entry['index']}", receipts.pop(entry["receipt"], None)
        if receipt is None:
            public.note(f"{where}, field receipt", f"is of no sound receipt that {MANIFEST} names: {entry['receipt']}")
            continue
        collection = receipt.document["collection"]
        want = {name: receipt.document[key] for name, key in LINKED.items()}
        want |= {"collection": collection["id"], "epsilon_micro": collection["epsilon_micro"]}
        for name, value in want.items():
            if entry[name] != value:
                public.note(f"{where}, field {name}", f"is {entry[name]!r}; its receipt says {value!r}")
    for receipt in receipts.values():
        public.note(receipt.path, f"has no line in {LEDGER}: this spending is not in the chain")


def summary(public: PublicFiles, pinned: bool) -> str:
    """The verdict, in one sentence."""
    if public.problems:
        n = len(public.problems)
        return f"{n} fault{'s' if n > 1 else ''}: do not rely on these files"
    n, lines = len(public.receipts), len(public.entries or ())
    if not n:
        return "The signatures hold; nothing has been published from reports yet"
    held = f"All {n} receipts" if n > 1 else "The one receipt"
    chain = f"the ledger's {lines} lines are" if lines > 1 else "the ledger's one line is"
    states = "state exactly" if n > 1 else "states exactly"
    tail = "" if pinned else "; who signed is open until you give the release key"
    return f"{held} {states} what the mechanism costs, and {chain} one unbroken chain{tail}"


def day(seconds: int) -> str:
    """A time, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def describe(public: PublicFiles) -> list[tuple[str, str]]:
    """What was looked at."""
    manifest, release = public.manifest, public.release
    demo = " (demo: its scale protects nobody)" if manifest["demo"] else ""
    roles = [(f"Key of the {role} role", release["roles"][role]) for role in ("release", "pool", "ledger")]
    return [
        ("Shop", f"{manifest['shop']}{demo}"),
        ("Manifest", f"version {manifest['version']}, {day(manifest['issued'])} to {day(manifest['expires'])}"),
        ("Release", f"version {release['version']}, {day(release['issued'])} to {day(release['expires'])}"),
        ("Files checked by hash", str(public.checked)),
        ("Signatures checked", str(len(public.signatures.answers))),
        ("Ledger", f"{manifest['ledger_entries']} lines, head {manifest['ledger_head'] or 'none'}"),
        *roles,
    ]
