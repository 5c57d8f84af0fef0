"""The whole audit as one pure function over bytes: what the console shows, and what plain Python computes just the same."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from privacy.accounting import Fault, PublicFiles, verify_files
from privacy.accounting.public_files import MANIFEST, Signed

from .documents import Signatures, Unreadable
from .published import published, release_of
from .sums import AUDIENCES, mechanism_text, recompute, text, totals
from .words import NOTHING, explained


def audit(files: Mapping[str, bytes], release_key: str, signatures: Signatures) -> dict[str, Any]:
    """Report for the page (`Report` in page/protocol.ts). `release_key`: hex, '' where nobody pinned one."""
    ours = published(files)
    try:
        release = release_of(ours)
        key = release_key or str(release["roles"]["release"])
    except (Unreadable, LookupError, TypeError) as fault:
        return failed([Fault("public files", str(fault))], release_key)
    if not re.fullmatch("[0-9a-f]{64}", key):
        return failed([Fault("release key", "want an Ed25519 public key in 64 hexadecimal digits")], release_key)
    public = verify_files(ours, bytes.fromhex(key), signatures.verify)
    try:
        rows = receipt_rows(public)
        about, sums = (
            describe(public, release, len(signatures.answers)),
            totals([receipt.document for receipt in public.receipts]),
        )
        words = explain(ours, release, public)
    except (LookupError, TypeError, ValueError) as fault:
        return failed([*public.faults, Fault(MANIFEST, f"nothing can be summed: {fault!r}")], release_key)
    return {
        "ok": not public.faults, "pinned": bool(release_key), "summary": summary(public, bool(release_key)),
        "problems": problems(public.faults), "about": about, "receipts": rows, "totals": sums,
        "explain": words,
    }  # fmt: skip


def explain(files: Mapping[str, bytes], release: Mapping[str, Any], public: PublicFiles) -> Any:
    """Who learns what; nothing where the configuration cannot be read, which is a fault of its own."""
    try:
        configuration = json.loads(files[release["configuration"]["path"]])
    except (LookupError, ValueError):
        return NOTHING
    return explained(configuration, [each.document for each in public.receipts], [each.document for each in public.entries])


def problems(faults: list[Fault]) -> list[dict[str, str]]:
    """Faults as the page lists them."""
    return [{"where": fault.place, "what": fault.what} for fault in faults]


def receipt_rows(public: PublicFiles) -> list[dict[str, Any]]:
    """All receipts, oldest epoch first, and then those that are named and cannot be trusted."""
    lines = {entry.document["receipt"]: entry.path.rsplit(" ", 1)[-1] for entry in public.entries}
    sound = sorted(public.receipts, key=lambda each: (each.document["epoch"], each.document["collection"]["id"]))
    paths = {receipt.path for receipt in sound}
    named = [reference["path"] for reference in public.manifest.get("receipts", ())]
    rows = [receipt_row(public, receipt, lines.get(receipt.sha256, "none")) for receipt in sound]
    return rows + [unsound_row(path) for path in named if path not in paths]


def receipt_row(public: PublicFiles, receipt: Signed, line: str) -> dict[str, Any]:
    """Row of one receipt: what the accountant computes, not what the receipt states."""
    document, mine = receipt.document, recompute(receipt.document)
    return {
        "path": receipt.path, "collection": document["collection"]["name"],
        "mechanism": mechanism_text(document["collection"], document.get("noise")),
        **{name: str(document[name]) for name in ("epoch", "reports", "operators")}, "delta": f"{mine['delta'] or 0:g}",
        **{audience: text(mine[audience]) for audience in AUDIENCES}, "entry": line,
        "ok": not any(fault.place.startswith(receipt.path) for fault in public.faults),
    }  # fmt: skip


def failed(faults: list[Fault], release_key: str) -> dict[str, Any]:
    """Report where nothing can be summed."""
    return {
        "ok": False, "pinned": bool(release_key), "summary": "The public files cannot be audited", "about": [], "receipts": [],
        "problems": problems(faults), "totals": [], "explain": NOTHING,
    }  # fmt: skip


def unsound_row(path: str) -> dict[str, Any]:
    """Row of a receipt that is missing or whose signature does not hold: nothing in it can be relied on."""
    unknown = ("collection", "mechanism", "epoch", "reports", "operators", "delta", *AUDIENCES, "entry")
    return {"path": path, "ok": False, **dict.fromkeys(unknown, "?")}


def summary(public: PublicFiles, pinned: bool) -> str:
    """The verdict, in one sentence."""
    if public.faults:
        n = len(public.faults)
        return f"{n} fault{'s' if n > 1 else ''}: do not rely on these files"
    n, lines = len(public.receipts), len(public.entries)
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


def describe(public: PublicFiles, release: dict[str, Any], signatures: int) -> list[tuple[str, str]]:
    """What was looked at."""
    manifest = public.manifest or {"shop": "?", "demo": False, "version": "?", "issued": 0, "expires": 0, "ledger_head": ""}
    demo = " (demo: its scale protects nobody)" if manifest["demo"] else ""
    roles = [(f"Key of the {role} role", release["roles"][role]) for role in ("release", "pool", "ledger")]
    return [
        ("Shop", f"{manifest['shop']}{demo}"),
        ("Manifest", f"version {manifest['version']}, {day(manifest['issued'])} to {day(manifest['expires'])}"),
        ("Release", f"version {release['version']}, {day(release['issued'])} to {day(release['expires'])}"),
        ("Files checked by hash", str(public.hashed)),
        ("Signatures checked", str(signatures)),
        ("Ledger", f"{len(public.entries)} lines, {public.pending} of them not in the manifest yet"),
        ("Head of the ledger", manifest["ledger_head"] or "none"),
        *roles,
    ]
