"""Walk through the public files: who signed what, which bytes they name, and the ledger that they end in."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from privacy.accounting import ChainFault, check_chain, open_envelope

from .documents import Document, Problem, Signatures, Unreadable, parsed, unsigned_payload

MANIFEST = "manifest.json"
LEDGER = "ledger.jsonl"
RELEASE_FILES = ("configuration", "feature_spec", "model", "catalogue", "base_pool")
NAMED = re.compile(r'"path":\s*"(files/[0-9a-f]{64}(?:\.[a-z0-9]+)*)"')


@dataclass(frozen=True)
class SignedReceipt:
    """A receipt that the manifest names, with its file and the hash that the ledger knows it by."""

    path: str
    document: Document
    payload_sha256: str


@dataclass
class PublicFiles:
    """What the files hold, as far as they could be read; every fault on the way is in `problems`."""

    files: Mapping[str, bytes]
    signatures: Signatures
    release_key: str
    problems: list[Problem] = field(default_factory=list)
    manifest: Document = field(default_factory=dict)
    release: Document = field(default_factory=dict)
    configuration: Document = field(default_factory=dict)
    receipts: list[SignedReceipt] = field(default_factory=list)
    entries: list[Document] | None = None
    checked: int = 0

    def note(self, where: str, what: str) -> None:
        """Add a fault."""
        self.problems.append(Problem(where, what))

    def named(self, reference: Document, by: str) -> bytes | None:
        """Bytes of a file that a document names; noted where they are not those, None where there are none."""
        path = str(reference["path"])
        data = self.files.get(path)
        if data is None:
            self.note(path, f"is missing; {by} names it")
            return None
        self.checked += 1
        got, want = sha256(data).hexdigest(), reference["sha256"]
        if got != want or len(data) != reference["bytes"]:
            self.note(
                path, f"was changed: it has {len(data)} bytes with SHA-256 {got}; {by} names {reference['bytes']} with {want}"
            )
        return data

    def opened(self, where: str, data: bytes, kind: str, role: str) -> bytes | None:
        """Payload of an envelope by the key of `role`; None, and noted, where it cannot be trusted."""
        key = bytes.fromhex(self.release_key if role == "release" else self.release["roles"][role])
        try:
            return open_envelope(data, f"application/vnd.intently.{kind}+json", key, self.signatures.verify, where)
        except ChainFault as fault:
            self.note(fault.place, fault.what)
            return None

    def read(self) -> None:
        """Read everything; raises `Unreadable` where nothing can be said at all."""
        data = self.files.get(MANIFEST)
        if data is None:
            raise Unreadable(f"{MANIFEST} is missing")
        self.manifest = unsigned_payload(data)
        self.read_release(self.manifest["release"])
        self.opened(MANIFEST, data, "manifest", "pool")
        self.check_manifest()
        self.read_receipts()
        self.read_ledger()

    def read_release(self, reference: Document) -> None:
        """The release, the key that signed it and the files that it names."""
        path, data = reference["path"], self.named(reference, MANIFEST)
        if data is None:
            raise Unreadable(f"{path}, the release, is missing; without it no key is known")
        self.release = unsigned_payload(data)
        stated = self.release["roles"]["release"]
        self.release_key = self.release_key or stated
        self.opened(path, data, "release", "release")
        if stated != self.release_key:
            self.note(f"{path}, field roles.release", f"is {stated}; you check against {self.release_key}")
        for name in RELEASE_FILES:
            found = self.named(self.release[name], f"the release, field {name},")
            if name == "configuration" and found is not None:
                self.configuration = parsed(found)

    def check_manifest(self) -> None:
        """The manifest belongs to this release, and its pool is there."""
        for name in ("shop", "demo"):
            if self.manifest[name] != self.release[name]:
                self.note(f"{MANIFEST}, field {name}", f"is {self.manifest[name]!r}, and {self.release[name]!r} in the release")
        self.named(self.manifest["pool"], MANIFEST)

    def read_receipts(self) -> None:
        """Receipts that the manifest names."""
        for reference in self.manifest["receipts"]:
            path, data = reference["path"], self.named(reference, MANIFEST)
            payload = None if data is None else self.opened(path, data, "receipt", "pool")
            if payload is not None:
                self.receipts.append(SignedReceipt(path, parsed(payload), sha256(payload).hexdigest()))

    def read_ledger(self) -> None:
        """The hash chain, as far as the manifest says; `entries` stays None where it does not hold."""
        lines = self.files.get(LEDGER, b"").splitlines()
        key, head, count = (
            bytes.fromhex(self.release["roles"]["ledger"]),
            self.manifest["ledger_head"],
            self.manifest["ledger_entries"],
        )
        try:
            self.entries = [dict(entry) for entry in check_chain(lines, key, self.signatures.verify, count, head, LEDGER)][:count]
        except ChainFault as fault:
            self.note(fault.place, fault.what)


def wanted(files: Mapping[str, bytes]) -> list[str]:
    """Paths that the manifest and the release among these files name, and that are not among them."""
    found = {MANIFEST, LEDGER}
    if MANIFEST in files:
        try:
            manifest = unsigned_payload(files[MANIFEST])
            found |= set(NAMED.findall(json.dumps(manifest)))
            found |= set(NAMED.findall(json.dumps(unsigned_payload(files[manifest["release"]["path"]]))))
        except (Unreadable, LookupError, TypeError):
            pass  # `PublicFiles.read` says what is wrong with it
    return sorted(found - set(files))
