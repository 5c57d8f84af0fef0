"""Which files the audit is made of: those that delivery serves, without what a browser cannot unpack."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from privacy.accounting.public_files import LEDGER, MANIFEST

from .documents import Document, Unreadable, unsigned_payload

NAMED = re.compile(r'"path":\s*"(files/[0-9a-f]{64}(?:\.[a-z0-9]+)*)"')


def published(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Manifest, ledger and files/. Left out: hidden files, and brotli copies, which Python in a browser cannot unpack."""
    ours = {path: data for path, data in files.items() if path in (MANIFEST, LEDGER) or path.startswith("files/")}
    return {
        path: data for path, data in ours.items()
        if "/." not in path and not (path.endswith(".br") and path.removesuffix(".br") in ours)
    }  # fmt: skip


def release_of(files: Mapping[str, bytes]) -> Document:
    """The release that the manifest names, not verified; raises `Unreadable`."""
    if MANIFEST not in files:
        raise Unreadable(f"{MANIFEST} is missing")
    try:
        return unsigned_payload(files[unsigned_payload(files[MANIFEST])["release"]["path"]])
    except (LookupError, TypeError):
        raise Unreadable(f"the release that {MANIFEST} names is missing; without it no key is known") from None


def wanted(files: Mapping[str, bytes]) -> list[str]:
    """Paths that the documents among these files name, and that are not among them."""
    found = {MANIFEST, LEDGER}
    for path in [path for path in files if path == MANIFEST or path.endswith(".json")]:
        try:
            document = unsigned_payload(files[path])
        except Unreadable:
            continue
        found |= set(NAMED.findall(json.dumps(document)))
        if document.get("type") == "receipt":
            found.add(f"files/{document['counts']}.f64")
            found |= {f"files/{document['pool']}.json"} if document["pool"] else set()
    return sorted(found - set(files))
