"""Releases (signed offline) and manifests (signed online) in one public folder.

public/manifest.json        envelope, replaced last and at once, so that it never names a missing file
public/files/{sha256}{...}  immutable, each with .br and .gz beside it where that is worth it
public/ledger.jsonl         one envelope a line, written by the server ledger alone
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aggregator.errors import ReleaseRefused
from aggregator.files import get_file, put_file, write_atomic
from aggregator.keys import Secret
from contracts import (
    MANIFEST_PATH,
    MANIFEST_TYPE,
    RELEASE_TYPE,
    Availability,
    Catalogue,
    Configuration,
    Envelope,
    FeatureSpec,
    FileRef,
    HpkeKey,
    Manifest,
    Market,
    MarketRef,
    Pool,
    RankingRules,
    Release,
    Roles,
    pack_columns,
    sha256_hex,
)
from privacy.signing import sign, verify

_MADE_FROM = slice(8, 40)
"""Where head and rest hold the SHA-256 of the model that they were made from."""
RECEIPTS_KEPT = 200
"""Receipts that a manifest names, newest last. Older ones stay in files/ and every one is in the ledger."""
RELEASE_LIFETIME_S = 365 * 86_400
MANIFEST_LIFETIME_S = 7 * 86_400

__all__ = ["ReleaseFiles", "create_release", "publish_manifest", "put_file", "read_manifest", "read_release"]


@dataclass(frozen=True)
class ReleaseFiles:
    """What a release names, as bytes."""

    configuration: bytes
    feature_spec: bytes
    model: bytes
    catalogue: bytes
    base_pool: bytes
    head: bytes | None = None
    rest: bytes | None = None
    markets: tuple[bytes, ...] = ()


def create_release(
    public: Path, files: ReleaseFiles, release_key: Secret, roles: Roles, hpke_keys: Sequence[HpkeKey], *,
    version: int, now_s: int, lifetime_s: int = RELEASE_LIFETIME_S,
) -> FileRef:  # fmt: skip
    """Check that the files belong together, store them, sign the release; returns the reference of its envelope."""
    configuration = check_files(files)
    columns = pack_columns(Catalogue.from_bytes(files.catalogue))
    if roles.release != release_key.public.hex():
        raise ReleaseRefused("roles.release is not the public part of the release key that signs")
    release = Release(
        version=version, shop=configuration.shop, demo=configuration.demo, issued=now_s, expires=now_s + lifetime_s,
        roles=roles, hpke_keys=tuple(hpke_keys),
        configuration=put_file(public, files.configuration, ".json"),
        feature_spec=put_file(public, files.feature_spec, ".json"),
        model=put_file(public, files.model, ".onnx"),
        head=None if files.head is None else put_file(public, files.head, ".head"),
        rest=None if files.rest is None else put_file(public, files.rest, ".rest"),
        catalogue=put_file(public, files.catalogue, ".json"),
        columns=None if columns is None else put_file(public, columns, ".columns"),
        base_pool=put_file(public, files.base_pool, ".json"),
        markets=tuple(MarketRef(name=Market.from_bytes(one).name, file=put_file(public, one, ".json")) for one in files.markets),
    )  # fmt: skip
    envelope = sign(RELEASE_TYPE, release.to_bytes(), release_key.private)
    return put_file(public, envelope.to_bytes(), ".json")


def check_files(files: ReleaseFiles) -> Configuration:
    """Raise `ReleaseRefused`, in one sentence, where configuration, feature spec, model, catalogue and pool disagree."""
    configuration = Configuration.from_bytes(files.configuration)
    spec, catalogue = FeatureSpec.from_bytes(files.feature_spec), Catalogue.from_bytes(files.catalogue)
    base, items = Pool.from_bytes(files.base_pool), len(catalogue.items)
    if not configuration.shop == catalogue.shop == base.shop or configuration.demo != base.demo:
        raise ReleaseRefused("configuration, catalogue and base pool are of different shops, or only one is a demo")
    if spec.items > items:
        raise ReleaseRefused(f"the feature spec knows {spec.items} items, the catalogue {items}; use the training's catalogue")
    beyond = [entry.item for entry in base.items if entry.item > items]
    if beyond:
        raise ReleaseRefused(f"the base pool names item {beyond[0]}, the catalogue ends at {items}")
    for collection in configuration.collections:
        values = len(catalogue.categories) if collection.kind == "category_intent" else items
        if collection.domain_size > values:
            raise ReleaseRefused(f"collection {collection.name} has a domain of {collection.domain_size}, the catalogue {values}")
    _check_model(files.model, sha256_hex(files.feature_spec), spec.items)
    _check_kernel_files(files)
    check_rules(configuration.ranking, items, len(catalogue.categories))
    check_markets(files.markets, configuration.shop, items)
    return configuration


def check_rules(rules: RankingRules, items: int, categories: int) -> None:
    """Raise `ReleaseRefused` where a rule of ranking names an item or a category that the catalogue lacks."""
    places, limits = rules.placements, rules.restrictions
    named_items = [*(pin.item for rule in places for pin in rule.pins), *(n for rule in places for n in rule.not_items)]
    named_items += [n for limit in limits for n in limit.items]
    named_categories = [n for rule in places for n in (*rule.only_categories, *rule.not_categories)]
    named_categories += [n for limit in limits for n in limit.categories]
    for what, named, most in (("item", named_items, items), ("category", named_categories, categories)):
        beyond = [n for n in named if not 0 <= n <= most or (what == "item" and n == 0)]
        if beyond:
            raise ReleaseRefused(f"the rules of ranking name {what} {beyond[0]}, the catalogue has 1 to {most}")


def check_markets(markets: Sequence[bytes], shop: str, items: int) -> None:
    """Raise `ReleaseRefused` unless each market is of this shop, known by its own name, and of this catalogue."""
    found = [Market.from_bytes(data) for data in markets]
    names = [market.name for market in found]
    if len(set(names)) != len(names):
        raise ReleaseRefused(f"two markets share a name among {', '.join(sorted(names))}; keep one file for each")
    for market in found:
        if market.shop != shop:
            raise ReleaseRefused(f"market {market.name} is of shop {market.shop}, the release of {shop}")
        if len(market.prices_minor) > items:
            raise ReleaseRefused(f"market {market.name} prices {len(market.prices_minor)} items, the catalogue has {items}")


def _check_model(model: bytes, spec_sha256: str, items: int) -> None:
    props = model_metadata(model)
    trained_for, knows = props.get("intently.feature_spec_sha256"), props.get("intently.items")
    if trained_for != spec_sha256:
        raise ReleaseRefused(
            f"the model is for feature spec {str(trained_for)[:12]}, this release has {spec_sha256[:12]}; export it again"
        )
    if knows != str(items):
        raise ReleaseRefused(f"the model scores {knows} items, the feature spec says {items}; export it again")


def _check_kernel_files(files: ReleaseFiles) -> None:
    if (files.head is None) != (files.rest is None):
        raise ReleaseRefused("head and rest belong together; give both, or none for the onnxruntime-web tier")
    for name, magic, data in (("head", b"INTH", files.head), ("rest", b"INTR", files.rest)):
        if data is None:
            continue
        if data[:4] != magic or data[_MADE_FROM] != bytes.fromhex(sha256_hex(files.model)):
            raise ReleaseRefused(f"{name} was not made from this model; pack it again")


def model_metadata(model: bytes) -> dict[str, str]:
    """Metadata properties of an ONNX model; raises `ReleaseRefused` if it is none."""
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    try:
        parsed = onnx.ModelProto.FromString(model)
    except DecodeError:
        raise ReleaseRefused("the model is not an ONNX file") from None
    return {prop.key: prop.value for prop in parsed.metadata_props}


def read_manifest(public: Path, pool_key: bytes) -> Manifest | None:
    """The manifest in force, None before the first; raises where its signature is not of `pool_key`."""
    path = public / MANIFEST_PATH
    if not path.exists():
        return None
    return Manifest.from_bytes(verify(Envelope.from_bytes(path.read_bytes()), MANIFEST_TYPE, pool_key))


def read_release(public: Path, reference: FileRef) -> Release:
    """The release that a manifest names, its signature checked with the key that it carries (a browser pins that key)."""
    envelope = Envelope.from_bytes(get_file(public, reference))
    release = Release.from_bytes(envelope.payload_bytes())
    verify(envelope, RELEASE_TYPE, bytes.fromhex(release.roles.release))
    return release


def publish_manifest(
    public: Path, pool_key: Secret, *, now_s: int, release: FileRef | None = None, pool: FileRef | None = None,
    category_pool: FileRef | None = None,
    receipts: Sequence[FileRef] = (), ledger: tuple[int, str] | None = None, unavailable: Sequence[int] | None = None,
    banned: Sequence[int] | None = None, version: int | None = None, lifetime_s: int = MANIFEST_LIFETIME_S,
) -> Manifest:  # fmt: skip
    """Publish the next manifest: what is given replaces what stands there, `receipts` are added.

    `version` is one above the present by default. Publishing the present version again writes the same bytes; an older one is
    refused. A new release begins with its base pool unless `pool` is given. `ledger` is (entries, head).
    """
    present = read_manifest(public, pool_key.public)
    if present is None and release is None:
        raise ReleaseRefused("the first manifest needs a release; create one first")
    at_least = present.version if present else 1
    number = version if version is not None else (present.version + 1 if present else 1)
    if number < at_least:
        raise ReleaseRefused(f"manifest {number} would go back behind {at_least}")
    named = release or (present.release if present else None)
    assert named is not None
    signed = read_release(public, named)
    changed = present is None or named != present.release
    manifest = Manifest(
        version=number, shop=signed.shop, demo=signed.demo, issued=now_s, expires=now_s + lifetime_s, release=named,
        pool=pool or (signed.base_pool if changed or present is None else present.pool),
        category_pool=category_pool or (None if changed or present is None else present.category_pool),
        receipts=_kept(present.receipts if present else (), receipts),
        ledger_entries=ledger[0] if ledger else (present.ledger_entries if present else 0),
        ledger_head=ledger[1] if ledger else (present.ledger_head if present else ""),
        availability=_availability(present, unavailable, banned, now_s),
    )  # fmt: skip
    for reference in (named, manifest.pool, manifest.category_pool, *receipts):
        if reference is not None:
            get_file(public, reference)
    write_atomic(public / MANIFEST_PATH, sign(MANIFEST_TYPE, manifest.to_bytes(), pool_key.private).to_bytes())
    return manifest


def _kept(present: Sequence[FileRef], more: Sequence[FileRef]) -> tuple[FileRef, ...]:
    named = dict.fromkeys(reference.path for reference in (*present, *more))
    by_path = {reference.path: reference for reference in (*present, *more)}
    return tuple(by_path[path] for path in named)[-RECEIPTS_KEPT:]


def _availability(
    present: Manifest | None, unavailable: Sequence[int] | None, banned: Sequence[int] | None, now_s: int
) -> Availability:
    """What is given replaces its list; the other stays. Nothing given: the list as it stands, with its own age."""
    held = present.availability if present else Availability(issued=now_s)
    if unavailable is None and banned is None:
        return held
    stock, law = held.unavailable if unavailable is None else unavailable, held.banned if banned is None else banned
    return Availability(issued=now_s, unavailable=tuple(sorted(set(stock))), banned=tuple(sorted(set(law))))
