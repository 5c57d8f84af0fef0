"""Reads what a shop publishes, from the bytes alone, in the order of trust: hashes (a file's name is its content's) -> releases
(pinned release key) -> manifest and receipts (pool keys that signed releases delegate) -> ledger (ledger keys).
Standard library alone; the signature check is passed in.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from privacy.accounting.chain import LEDGER_ENTRY_TYPE, ChainFault, VerifySignature, open_envelope

RELEASE_TYPE = "application/vnd.intently.release+json"
MANIFEST_TYPE = "application/vnd.intently.manifest+json"
RECEIPT_TYPE = "application/vnd.intently.receipt+json"
MANIFEST, LEDGER = "manifest.json", "ledger.jsonl"
RELEASE_FILES = ("configuration", "feature_spec", "model", "catalogue", "base_pool")
ENVELOPE_MOST_BYTES = 1 << 20
"""Larger files in files/ are not looked through for receipts and releases."""

_NAME = re.compile(r"files/([0-9a-f]{64})((?:\.[a-z0-9]+)*)")
Document = dict[str, Any]
Unpack = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong, and where: file, line, field."""

    place: str
    what: str

    def __str__(self) -> str:
        return f"{self.place}: {self.what}"


@dataclass(frozen=True)
class Signed:
    """A document whose signature holds."""

    path: str
    payload: bytes
    document: Document

    @property
    def sha256(self) -> str:
        """Of the payload: how ledger entries name receipts and each other."""
        return hashlib.sha256(self.payload).hexdigest()


@dataclass
class PublicFiles:
    """What the files hold, as far as it is signed; `faults` is empty exactly where everything holds."""

    files: Mapping[str, bytes]
    release_key: bytes
    verify: VerifySignature
    unpack: Mapping[str, Unpack] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    releases: list[Signed] = field(default_factory=list)
    manifest: Document = field(default_factory=dict)
    receipts: list[Signed] = field(default_factory=list)
    entries: list[Signed] = field(default_factory=list)
    hashed: int = 0
    pending: int = 0
    """Ledger lines after the manifest's head: closes that were not yet published when the files were copied."""

    def note(self, place: str, what: str) -> None:
        """Add a fault."""
        self.faults.append(Fault(place, what))

    def delegated(self, role: str) -> list[bytes]:
        """Public keys that signed releases name for a role, newest release first."""
        newest = sorted(self.releases, key=lambda each: -each.document["version"])
        return list(dict.fromkeys(bytes.fromhex(each.document["roles"][role]) for each in newest))

    def open(self, place: str, data: bytes, payload_type: str, keys: list[bytes]) -> Signed | None:
        """The document, if one of the keys signed it and its envelope is spelled in the one way; else None, and noted."""
        fault = ChainFault(place, "no release that this release key has signed names a key for it")
        for key in keys:
            try:
                payload = open_envelope(data, payload_type, key, self.verify, place)
                document = json.loads(payload)
                if _canonical(data) != data:
                    raise ChainFault(place, "its envelope holds other bytes than its writer's: something was added or respelled")
                return Signed(place, payload, document)
            except ChainFault as error:
                fault = error
            except ValueError:
                fault = ChainFault(place, "the signed payload is not JSON")
        self.note(fault.place, fault.what)
        return None

    def named(self, reference: Mapping[str, Any], by: str) -> bytes | None:
        """Bytes that a signed document names; noted where they are missing or where path, hash and length disagree."""
        path, data = str(reference["path"]), self.files.get(str(reference["path"]))
        match = _NAME.fullmatch(path)
        if match is None or match[1] != reference["sha256"]:
            self.note(by, f"names {path} for SHA-256 {reference['sha256']}")
        if data is None:
            self.note(path, f"is missing; {by} names it")
        elif len(data) != reference["bytes"]:
            self.note(path, f"has {len(data)} bytes, {by} says {reference['bytes']}")
        return data


def gunzip(data: bytes) -> bytes:
    """Content of a .gz copy; raises ValueError unless it was written without a time, as ours are."""
    try:
        if data[:8] != b"\x1f\x8b\x08\0\0\0\0\0":
            raise ValueError("gzip header")
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(str(error)) from None


def _canonical(data: bytes) -> bytes:
    """The envelope as our writers spell it: base64 and JSON each allow several spellings of the same content."""
    envelope = json.loads(data)
    again = {
        "payloadType": envelope["payloadType"],
        "payload": _respelled(envelope["payload"]),
        "signatures": [{"keyid": part["keyid"], "sig": _respelled(part["sig"])} for part in envelope["signatures"]],
    }
    return json.dumps(again, separators=(",", ":"), ensure_ascii=False).encode()


def _respelled(text: str) -> str:
    return base64.b64encode(base64.b64decode(text)).decode()


def check_hashes(public: PublicFiles) -> None:
    """Every file in files/ has the content that its name says; a compressed copy unpacks to it."""
    for path in sorted(public.files):
        if path in (MANIFEST, LEDGER):
            continue
        match = _NAME.fullmatch(path)
        if match is None:
            public.note(path, "is not named by its content; only manifest.json, ledger.jsonl and files/<sha256> are published")
            continue
        public.hashed += 1
        content = _content(public, path)
        if content is None or hashlib.sha256(content).hexdigest() != match[1]:
            public.note(path, "does not have the content that its name says: a byte was changed")


def _content(public: PublicFiles, path: str) -> bytes | None:
    suffix = "." + path.rsplit(".", 1)[-1]
    data = public.files[path]
    if path.removesuffix(suffix) not in public.files or suffix not in public.unpack:
        return data
    try:
        return public.unpack[suffix](data)
    except ValueError:
        return None


def _envelopes(public: PublicFiles, payload_type: str) -> list[tuple[str, bytes]]:
    """Files in files/ that say they are envelopes of this type."""
    begin = f'{{"payloadType":"{payload_type}"'.encode()
    paths = (path for path in public.files if path.startswith("files/") and path.endswith(".json"))
    found = ((path, public.files[path]) for path in sorted(paths))
    return [(path, data) for path, data in found if len(data) <= ENVELOPE_MOST_BYTES and data.startswith(begin)]


def read_releases(public: PublicFiles) -> None:
    """All releases, each signed by the pinned key and complete."""
    for path, data in _envelopes(public, RELEASE_TYPE):
        signed = public.open(path, data, RELEASE_TYPE, [public.release_key])
        if signed is None:
            continue
        public.releases.append(signed)
        for name in RELEASE_FILES:
            public.named(signed.document[name], f"{path}, field {name}")
        if signed.document["roles"]["release"] != public.release_key.hex():
            public.note(f"{path}, field roles.release", "is not the release key that you check against")
    if not public.releases:
        public.note("files", f"hold no release that the key {public.release_key.hex()[:12]}... signed")


def read_manifest(public: PublicFiles) -> None:
    """The manifest, by the pool key of the very release that it names."""
    data = public.files.get(MANIFEST)
    if data is None:
        public.note(MANIFEST, "is missing")
        return
    signed = public.open(MANIFEST, data, MANIFEST_TYPE, public.delegated("pool"))
    if signed is None:
        return
    public.manifest = manifest = signed.document
    release = next((each for each in public.releases if each.path == manifest["release"]["path"]), None)
    public.named(manifest["release"], f"{MANIFEST}, field release")
    public.named(manifest["pool"], f"{MANIFEST}, field pool")
    for place, reference in enumerate(manifest["receipts"]):
        public.named(reference, f"{MANIFEST}, field receipts[{place}]")
    if release is None:
        public.note(f"{MANIFEST}, field release", "names no release of this release key")
        return
    if not signed_by(data, release.document["roles"]["pool"]):
        public.note(MANIFEST, "is signed by a pool key that its release does not name")
    for name in ("shop", "demo"):
        if manifest[name] != release.document[name]:
            public.note(f"{MANIFEST}, field {name}", f"is {manifest[name]!r}, the release says {release.document[name]!r}")
    if release.document["version"] < max(each.document["version"] for each in public.releases):
        public.note(f"{MANIFEST}, field release", f"goes back to release {release.document['version']}")


def signed_by(envelope: bytes, public_key_hex: str) -> bool:
    """Whether an envelope names this key among its signatures."""
    keyid = hashlib.sha256(bytes.fromhex(public_key_hex)).hexdigest()
    return any(part["keyid"] == keyid for part in json.loads(envelope)["signatures"])


def read_receipts(public: PublicFiles) -> None:
    """All receipts in files/: a manifest names only the newest."""
    keys = public.delegated("pool") if public.releases else []
    for path, data in _envelopes(public, RECEIPT_TYPE):
        signed = public.open(path, data, RECEIPT_TYPE, keys)
        if signed is not None:
            public.receipts.append(signed)


def read_ledger(public: PublicFiles) -> None:
    """The hash chain, and that it holds what the manifest says it does. After a broken line the next link is not judged."""
    data = public.files.get(LEDGER, b"")
    *lines, rest = data.split(b"\n")
    if rest:
        public.note(f"{LEDGER}, line {len(lines) + 1}", "has no line feed: the file was cut off, or bytes were added")
    keys = public.delegated("ledger") if public.releases else []
    heads: list[str | None] = [""]
    for number, line in enumerate(lines, start=1):
        signed = public.open(f"{LEDGER}, line {number}", line, LEDGER_ENTRY_TYPE, keys)
        heads.append(signed.sha256 if signed else None)
        if signed is not None:
            _link(public, signed, number - 1, heads[-2])
            public.entries.append(signed)
    stated, head = public.manifest.get("ledger_entries", 0), public.manifest.get("ledger_head", "")
    public.pending = max(0, len(lines) - stated) if public.manifest else 0
    if len(lines) < stated:
        public.note(LEDGER, f"has {len(lines)} lines; {MANIFEST}, field ledger_entries, says {stated}: the end is missing")
    elif heads[stated] not in (head, None):
        public.note(f"{LEDGER}, line {stated}", f"is not the head that {MANIFEST}, field ledger_head, states")


def _link(public: PublicFiles, signed: Signed, index: int, previous: str | None) -> None:
    entry = signed.document
    if entry["index"] != index:
        public.note(f"{signed.path}, field index", f"is {entry['index']}, want {index}: a line was removed, added or moved")
    elif previous is not None and entry["previous"] != previous:
        public.note(f"{signed.path}, field previous", "is not the hash of the line before: one of the two was changed or moved")
