"""A small shop with keys, a release and its first manifest; real sealed reports; one bucket on its way to the analyzer."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import onnx
from loop_parts import CATEGORIES, ITEMS, configuration
from onnx import TensorProto, helper

from aggregator.analyzer.app import Analyzer, OutboxLoop, build
from aggregator.analyzer.guarantees import Draw
from aggregator.analyzer.publisher import Step
from aggregator.analyzer.settings import AnalyzerSettings
from aggregator.keys import Secret, create_keys, read_hpke_keys, read_signing_key
from aggregator.pools import PoolRules, base_pool
from aggregator.relay.store import pack
from aggregator.release import ReleaseFiles, create_release, publish_manifest
from aggregator.transport import OutboxTransport, batch_key
from contracts import (
    Bucket,
    Catalogue,
    Category,
    Configuration,
    FeatureSpec,
    FileRef,
    HpkeKey,
    Item,
    ItemInput,
    Roles,
    pack_plaintext,
    sha256_hex,
)
from contracts.event import EventType
from privacy.mechanisms import mechanism_of
from privacy.randomizer import randomize
from privacy.sealing import seal

NOW = 1_700_000_000
WANTED = 150
"""An item outside the base pool."""


@dataclass(frozen=True)
class Shop:
    """Where a test's shop lives."""

    folder: Path
    configuration: Configuration
    release: FileRef
    database: str = ""
    """URL of the analyzer's store; '': a SQLite file in the folder."""

    @property
    def store(self) -> str:
        return self.database or str(self.folder / "analyzer.sqlite")

    @property
    def public(self) -> Path:
        return self.folder / "public"

    @property
    def keys(self) -> Path:
        return self.folder / "keys"

    @property
    def outbox(self) -> Path:
        return self.folder / "outbox.sqlite"

    def pool_key(self) -> Secret:
        return read_signing_key(self.keys / "pool.key")

    def bucket(self, epoch: int, collection: int = 1, key_id: int = 1) -> Bucket:
        return Bucket(sha256_hex(self.configuration.to_bytes()), collection, epoch, key_id)

    def settings(self, **more: object) -> AnalyzerSettings:
        return AnalyzerSettings.model_validate(
            {
                "store": self.store, "public": str(self.public), "keys": str(self.keys),
                "outbox": str(self.outbox), "pool": {"size": 40, "rank_change_most": 15, "new_room": 2}, **more,
            }
        )  # fmt: skip


def model(spec_sha256: str, items: int) -> bytes:
    """An ONNX file with the metadata of a session model."""
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", [value], [value])
    made = helper.make_model(graph)
    onnx.helper.set_model_props(made, {"intently.feature_spec_sha256": spec_sha256, "intently.items": str(items)})
    return made.SerializeToString()


def files_of(found: Configuration, known_items: int = ITEMS - 3) -> ReleaseFiles:
    """Three items are newer than the model."""
    spec = FeatureSpec(length=8, event_types=(EventType.VIEW_ITEM,), inputs=(ItemInput(items=known_items),)).to_bytes()
    catalogue = Catalogue(
        shop=found.shop, currency="EUR", categories=tuple(Category(index=n + 1, name=f"c{n}") for n in range(CATEGORIES)),
        items=tuple(Item(sku=f"sku{n}", name=f"n{n}", category=1 + n % CATEGORIES, price_minor=100) for n in range(ITEMS)),
    )  # fmt: skip
    base = base_pool(found.shop, found.demo, range(1, 61), PoolRules(size=40))
    return ReleaseFiles(found.to_bytes(), spec, model(sha256_hex(spec), known_items), catalogue.to_bytes(), base.to_bytes())


def make_shop(folder: Path, found: Configuration | None = None, now_s: int = NOW) -> Shop:
    """Keys, release 1, manifest 1."""
    found = found or configuration()
    create_keys(folder / "keys")
    public = folder / "public"
    public.mkdir()
    release_key, pool_key, ledger_key = (
        read_signing_key(folder / "keys" / f"{role}.key") for role in ("release", "pool", "ledger")
    )
    roles = Roles(release=release_key.public.hex(), pool=pool_key.public.hex(), ledger=ledger_key.public.hex())
    hpke = HpkeKey(key_id=1, public_key=read_hpke_keys(folder / "keys")[1].public.hex(), state="active")
    reference = create_release(public, files_of(found), release_key, roles, [hpke], version=1, now_s=now_s)
    publish_manifest(public, pool_key, now_s=now_s, release=reference)
    return Shop(folder, found, reference)


def reports(shop: Shop, epoch: int, values: Sequence[int], collection: int = 1, key_id: int = 1) -> list[bytes]:
    """Randomized and sealed, as a browser does it, but with the same randomness in every run: no interval misses by chance."""
    bucket = shop.bucket(epoch, collection, key_id)
    public = read_hpke_keys(shop.keys)[key_id].public
    mechanism = mechanism_of(next(each for each in shop.configuration.collections if each.id == collection))
    source = random.Random(20).randbytes
    messages = [randomize(mechanism, value, source) for value in values]
    return [seal(pack_plaintext(collection, message), public, bucket.info()) for message in messages]


def hand_over(shop: Shop, epoch: int, bodies: Sequence[bytes], collection: int = 1, key_id: int = 1) -> None:
    """What the relay does at the close of a bucket."""
    bucket = shop.bucket(epoch, collection, key_id)
    packed = [(batch_key(bucket, batch.sequence), batch.to_bytes()) for batch in pack(bucket, bodies)]
    OutboxTransport(shop.outbox).put_now(packed)


def analyze(
    shop: Shop, step: Step = lambda _: None, now_s: float = NOW + 60, draw: Draw | None = None, **more: object
) -> Analyzer:
    """An analyzer that has done all there is to do."""
    analyzer = build(shop.settings(**more), lambda: now_s, step, draw)
    loop = OutboxLoop(analyzer, OutboxTransport(shop.outbox))
    while loop.turn():
        pass
    return analyzer


def snapshot(public: Path) -> dict[str, bytes]:
    """All published bytes; not the lock of those who publish."""
    found = (path for path in sorted(public.rglob("*")) if path.is_file() and path.name != ".publishing")
    return {str(path.relative_to(public)): path.read_bytes() for path in found}
