"""A small public folder, signed for real by the package itself: what the aggregator writes, without the aggregator."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import brotli
import numpy as np

from contracts import (
    LEDGER_PATH,
    MANIFEST_PATH,
    MANIFEST_TYPE,
    RECEIPT_TYPE,
    RELEASE_TYPE,
    Availability,
    Collection,
    Configuration,
    FileRef,
    Guarantees,
    Manifest,
    Pool,
    Receipt,
    Refusals,
    Release,
    Roles,
    sha256_hex,
)  # fmt: skip
from privacy.accounting import PublicFiles, guarantees
from privacy.accounting.public_files import Signed, read_ledger
from privacy.mechanisms import choose_mechanism
from privacy.server_ledger import ServerLedger
from privacy.signing import public_key_of, sign, verify_bytes

NOW = 1_790_000_000
EPOCH_S = 21_600
KEYS = {role: hashlib.sha256(role.encode()).digest() for role in ("release", "pool", "ledger", "stranger")}
RELEASE_KEY = public_key_of(KEYS["release"]).hex()


def collection(number: int = 1, domain_size: int = 600, epsilon: float = 4.0, name: str = "item_dwelled") -> Collection:
    mechanism = choose_mechanism(domain_size, epsilon)
    return Collection(
        id=number, name=name, kind=name, domain_size=domain_size, epsilon=epsilon,  # type: ignore[arg-type]
        epsilon_micro=mechanism.epsilon_micro, mechanism=mechanism.record(), share=1,
    )  # fmt: skip


def audited_ledger(data: bytes, entries: int, head: str) -> PublicFiles:
    """What an auditor finds in a ledger by itself, where the manifest states so many lines and that head."""
    public = PublicFiles({LEDGER_PATH: data}, bytes.fromhex(RELEASE_KEY), verify_bytes)
    roles = {"ledger": public_key_of(KEYS["ledger"]).hex()}
    public.releases = [Signed("release", b"", {"version": 1, "roles": roles})]
    public.manifest = {"ledger_entries": entries, "ledger_head": head}
    read_ledger(public)
    return public


@dataclass(frozen=True)
class Changes:
    """What a dishonest shop signs instead, with its own keys."""

    receipt: Callable[[Receipt], Receipt] = lambda receipt: receipt
    configuration: Callable[[Configuration], Configuration] = lambda configuration: configuration


class Shop:
    """Writes what delivery serves."""

    def __init__(self, folder: Path, epochs: int = 3, operators: int = 1, changes: Changes | None = None) -> None:
        self.folder, self.changes = folder, changes or Changes()
        (folder / "files").mkdir(parents=True)
        self.collections = (collection(), collection(2, 40, name="category_intent"))
        self.configuration = self.changes.configuration(
            Configuration(
                shop="example",
                demo=False,
                epoch_s=EPOCH_S,
                draw_min_ms=20_000,
                draw_max_ms=60_000,
                minimum_batch=1000,
                cap_epsilon=32,
                poll_s=300,
                reports_url="",
                collections=self.collections,
            )
        )
        self.operators, self.receipts = operators, list[FileRef]()
        self.ledger = ServerLedger(folder / LEDGER_PATH, KEYS["ledger"])
        self.release = self.write_release()
        self.pool = self.base_pool
        for epoch in range(epochs):
            for each in self.collections:
                self.close(each, 80_000 + epoch, 1000 + 500 * epoch)
        self.publish(epochs + 1)

    def put(self, data: bytes, suffix: str = ".json", copies: bool = False) -> FileRef:
        digest = sha256_hex(data)
        path = f"files/{digest}{suffix}"
        (self.folder / path).write_bytes(data)
        if copies:
            (self.folder / f"{path}.br").write_bytes(brotli.compress(data))
            (self.folder / f"{path}.gz").write_bytes(gzip.compress(data, 6, mtime=0))
        return FileRef(path=path, sha256=digest, bytes=len(data))

    def write_release(self) -> FileRef:
        self.base_pool = self.put(
            Pool(shop="example", demo=False, epoch=0, collection=0, reports=0, confidence=0.95, items=()).to_bytes()
        )
        reference = self.put(self.configuration.to_bytes(), copies=True)
        other = {name: self.put(name.encode(), ".bin") for name in ("feature_spec", "model", "catalogue")}
        roles = Roles(**{role: public_key_of(KEYS[role]).hex() for role in ("release", "pool", "ledger")})
        release = Release(
            version=1, shop="example", demo=False, issued=NOW, expires=NOW + 10**8, roles=roles, hpke_keys=(),
            configuration=reference, base_pool=self.base_pool, **other,
        )  # fmt: skip
        return self.put(sign(RELEASE_TYPE, release.to_bytes(), KEYS["release"]).to_bytes())

    def close(self, each: Collection, epoch: int, reports: int) -> None:
        counts = self.put(np.full(each.domain_size + 1, float(epoch)).tobytes(), ".f64")
        pool = None
        if each.id == 1:
            entry = Pool(shop="example", demo=False, epoch=epoch, collection=1, reports=reports, confidence=0.95, items=())
            pool = self.pool = self.put(entry.to_bytes())
        configuration = self.configuration
        stated = guarantees(each.mechanism.model_dump(), each.domain_size, reports, configuration.minimum_batch, self.operators)
        receipt = self.changes.receipt(
            Receipt(
                shop="example",
                demo=False,
                release=sha256_hex(configuration.to_bytes()),
                collection=each,
                epoch=epoch,
                epoch_s=EPOCH_S,
                key_id=1,
                operators=self.operators,
                minimum_batch=configuration.minimum_batch,
                reports=reports,
                refusals=Refusals(duplicate=2),
                guarantees=Guarantees.model_validate(stated),
                pool=pool.sha256 if pool else None,
                counts=counts.sha256,
            )
        )
        payload = receipt.to_bytes()
        self.ledger.append(payload, time=NOW + epoch)
        self.receipts.append(self.put(sign(RECEIPT_TYPE, payload, KEYS["pool"]).to_bytes()))

    def publish(self, version: int, key: bytes = KEYS["pool"], kept: int = 200) -> None:
        manifest = Manifest(
            version=version, shop="example", demo=False, issued=NOW, expires=NOW + 10**8, release=self.release, pool=self.pool,
            receipts=tuple(self.receipts[-kept:]), ledger_entries=self.ledger.entries, ledger_head=self.ledger.head,
            availability=Availability(issued=NOW),
        )  # fmt: skip
        (self.folder / MANIFEST_PATH).write_bytes(sign(MANIFEST_TYPE, manifest.to_bytes(), key).to_bytes())
