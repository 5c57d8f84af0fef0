"""Release (signed offline) and manifest (signed online): one atomic set of files, named by hash.

A browser polls the manifest. The manifest names the release by hash; the release, signed by the key that is pinned in the
bundle, names everything else that is not a pool, and says which keys may sign manifests, receipts and ledger entries.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from contracts.market import MARKET_NAME
from contracts.record import Key32Hex, Record, Sha256Hex

FILES_PATH = "files"
"""Content-addressed files are served below this path, as files/{sha256}{suffix}, for ever immutable."""
MANIFEST_PATH = "manifest.json"
LEDGER_PATH = "ledger.jsonl"


class FileRef(Record):
    """A file by its content."""

    path: str = Field(pattern=r"^files/[0-9a-f]{64}(\.[a-z0-9]+)*$")
    sha256: Sha256Hex
    bytes: int = Field(ge=0)


class MarketRef(Record):
    """One place of sale; a page that names it fetches its file."""

    name: str = Field(pattern=MARKET_NAME)
    file: FileRef


class HpkeKey(Record):
    """A key that reports are sealed to."""

    key_id: int = Field(ge=0, le=255)
    public_key: Key32Hex
    state: Literal["pending", "active", "expired"]


class Roles(Record):
    """Public keys by role. `release` is the pinned one; it delegates the others."""

    release: Key32Hex
    pool: Key32Hex = Field(description="signs manifests, pools and receipts (online)")
    ledger: Key32Hex = Field(description="signs ledger entries")


class Release(Record):
    """What the `release` role signs."""

    type: Literal["release"] = "release"
    version: int = Field(ge=1, description="never goes down")
    shop: str
    demo: bool
    issued: int = Field(ge=0, description="seconds since 1970")
    expires: int = Field(ge=0)
    roles: Roles
    hpke_keys: tuple[HpkeKey, ...]
    configuration: FileRef
    feature_spec: FileRef
    model: FileRef = Field(description="ONNX; run as it is by browsers only where `head` is absent")
    head: FileRef | None = Field(default=None, description="the model for the kernel: encoder and the pool's items")
    rest: FileRef | None = Field(default=None, description="rows of all other items")
    catalogue: FileRef
    columns: FileRef | None = Field(default=None, description="the catalogue as browsers read it; absent: they read `catalogue`")
    base_pool: FileRef = Field(description="pool from the training log, in force until the first private pool")
    markets: tuple[MarketRef, ...] = ()


class Availability(Record):
    """Hard filters that change by the hour: items that must not be shown, by the newest list that a browser holds."""

    issued: int = Field(ge=0, description="seconds since 1970; older than the configuration's `filters_max_age_s`: stale")
    unavailable: tuple[int, ...] = Field(default=(), description="out of stock or hidden: what is not listed may be shown")
    banned: tuple[int, ...] = Field(default=(), description="by law or recall: no pin, rule or placement shows them")


class Manifest(Record):
    """What the `pool` role signs, after each epoch."""

    type: Literal["manifest"] = "manifest"
    version: int = Field(ge=1, description="never goes down")
    shop: str
    demo: bool
    issued: int = Field(ge=0)
    expires: int = Field(ge=0)
    release: FileRef = Field(description="envelope of the release")
    pool: FileRef
    category_pool: FileRef | None = Field(default=None, description="a list for each category; null before the first close")
    receipts: tuple[FileRef, ...] = Field(default=(), description="envelopes of receipts, newest epoch last")
    ledger_entries: int = Field(default=0, ge=0)
    ledger_head: str = Field(default="", description="SHA-256 of the newest ledger entry's payload, '' for none")
    availability: Availability
