"""A small public folder, signed for real: two collections, some epochs, one operator or two."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from contracts import (
    LEDGER_ENTRY_TYPE,
    MANIFEST_TYPE,
    RECEIPT_TYPE,
    RELEASE_TYPE,
    AffinePointMechanism,
    Availability,
    Collection,
    Configuration,
    FileRef,
    Guarantees,
    KAryMechanism,
    LedgerEntry,
    Manifest,
    Noise,
    Pool,
    Receipt,
    Record,
    Refusals,
    Release,
    Roles,
    sha256_hex,
)  # fmt: skip
from privacy.estimators import support_of
from privacy.mechanisms import mechanism_of
from privacy.randomizer_many import discrete_gaussian_many
from privacy.signing import public_key_of, sign

NOW = 1_790_000_000
EPOCH_S = 21_600


@dataclass(frozen=True)
class Role:
    """A signing key, from a seed."""

    seed: str

    @property
    def key(self) -> bytes:
        return hashlib.sha256(self.seed.encode()).digest()

    @property
    def public(self) -> str:
        return public_key_of(self.key).hex()

    def sign(self, payload_type: str, payload: bytes) -> bytes:
        return sign(payload_type, payload, self.key).to_bytes()


RELEASE, POOL, LEDGER, STRANGER = (Role(seed) for seed in ("release", "pool", "ledger", "stranger"))


def micro(w: int, v: int) -> int:
    """ln(w / v) in millionths, rounded up."""
    return math.ceil(1e6 * math.log(w / v))


COLLECTIONS = (
    Collection(id=1, name="item_dwelled", kind="item_dwelled", domain_size=43_000, epsilon=4, epsilon_micro=micro(54, 1),
               mechanism=AffinePointMechanism(q=53, dimension=3, w=54, v=1), share=1, dwell_ms=3000),
    Collection(id=2, name="category_intent", kind="category_intent", domain_size=60, epsilon=4, epsilon_micro=micro(54, 1),
               mechanism=KAryMechanism(w=54, v=1), share=1),
)  # fmt: skip

Claims = Callable[[Collection, int, int, Noise | None], Guarantees]
"""(collection, reports, operators, noise) -> what the receipt states."""
NOISE = Noise(sigma=7.624, support_most=1)
"""On the counts of the second collection's last epoch."""


def noised_counts(collection: Collection, reports: int, noise: Noise) -> bytes:
    """Counts of reports that are spread evenly, with noise, the same in every run."""
    support = support_of(mechanism_of(collection))
    drawn = discrete_gaussian_many(noise.sigma, collection.domain_size + 1, np.random.default_rng(11))
    supported = reports // (collection.domain_size + 1) + drawn
    return bytes(((supported - reports * support.other) / (support.own - support.other)).astype("<f8").tobytes())


class PublicFolder:
    """Writes what delivery serves below /intently/."""

    def __init__(self, folder: Path, claims: Claims, operators: int = 2, epochs: int = 3, reports: int = 12_000) -> None:
        self.folder, self.claims, self.operators = folder, claims, operators
        self.receipts: list[FileRef] = []
        self.lines: list[bytes] = []
        self.head = ""
        (folder / "files").mkdir(parents=True)
        self.pool = self.store(Pool(shop="example", demo=False, epoch=0, collection=0, reports=0, confidence=0.95, items=()))
        self.configuration = self.store(
            Configuration(
                shop="example", demo=False, epoch_s=EPOCH_S, draw_min_ms=20_000, draw_max_ms=60_000, minimum_batch=10_000,
                cap_epsilon=32, poll_s=300, reports_url="", collections=COLLECTIONS,
            )
        )  # fmt: skip
        release = self.write_release()
        for step in range(epochs):
            for collection in COLLECTIONS:
                noised = collection.id == 2 and step == epochs - 1
                self.close(collection, 80_000 + step, reports + 1000 * step, NOISE if noised else None)
        self.write_manifest(release)

    def write_release(self) -> FileRef:
        other = {name: self.store_bytes(name.encode(), ".bin") for name in ("feature_spec", "model", "catalogue")}
        release = Release(
            version=1, shop="example", demo=False, issued=NOW, expires=NOW + 10**9, hpke_keys=(), base_pool=self.pool, **other,
            roles=Roles(release=RELEASE.public, pool=POOL.public, ledger=LEDGER.public), configuration=self.configuration,
        )  # fmt: skip
        return self.store_bytes(RELEASE.sign(RELEASE_TYPE, release.to_bytes()), ".json")

    def close(self, collection: Collection, epoch: int, reports: int, noise: Noise | None) -> None:
        """A closed bucket: its receipt and its ledger line."""
        counts = b"counts" if noise is None else noised_counts(collection, reports, noise)
        receipt = Receipt(
            shop="example", demo=False, release=self.configuration.sha256, collection=collection, epoch=epoch, epoch_s=EPOCH_S,
            key_id=1, operators=self.operators, minimum_batch=10_000, reports=reports, refusals=Refusals(duplicate=3),
            guarantees=self.claims(collection, reports, self.operators, noise), counts=self.store_bytes(counts, ".f64").sha256,
            noise=noise,
        )  # fmt: skip
        payload = receipt.to_bytes()
        self.receipts.append(self.store_bytes(POOL.sign(RECEIPT_TYPE, payload), ".json"))
        entry = LedgerEntry(
            index=len(self.lines), previous=self.head, time=NOW + epoch, receipt=sha256_hex(payload), release=receipt.release,
            key_id=1, collection=collection.id, epoch=epoch, epsilon_micro=collection.epsilon_micro, reports=reports,
        )  # fmt: skip
        self.head = sha256_hex(entry.to_bytes())
        self.lines.append(LEDGER.sign(LEDGER_ENTRY_TYPE, entry.to_bytes()))

    def write_manifest(self, release: FileRef) -> None:
        (self.folder / "ledger.jsonl").write_bytes(b"".join(line + b"\n" for line in self.lines))
        manifest = Manifest(
            version=7, shop="example", demo=False, issued=NOW + 9, expires=NOW + 10**9, release=release, pool=self.pool,
            receipts=tuple(self.receipts), ledger_entries=len(self.lines), ledger_head=self.head,
            availability=Availability(issued=NOW),
        )  # fmt: skip
        (self.folder / "manifest.json").write_bytes(POOL.sign(MANIFEST_TYPE, manifest.to_bytes()))

    def store(self, record: Record) -> FileRef:
        return self.store_bytes(record.to_bytes(), ".json")

    def store_bytes(self, data: bytes, suffix: str) -> FileRef:
        digest = sha256_hex(data)
        path = f"files/{digest}{suffix}"
        (self.folder / path).write_bytes(data)
        return FileRef(path=path, sha256=digest, bytes=len(data))
