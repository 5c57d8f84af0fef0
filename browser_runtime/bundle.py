"""Bundle the browser's half for one shop: the release key, the shop's name and the demo flag become constants of the code.

Needs no Node where the wheel carries the built scripts (`templates`). The same sources, key, shop and flag give the same bytes.
Files are written beside the folder's own and renamed, `bundle.json` last.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import os
import re
import tempfile
from pathlib import Path
from typing import Literal, get_args

import brotli
from pydantic import Field

from browser_runtime.errors import BundleFailed, BundleUnreadable
from browser_runtime.kernel.build import KERNEL
from browser_runtime.templates import COPIED, ENTRIES, MAPS, REPOSITORY, SOURCE, WASM, Templates, pinned, templates
from contracts import FeatureSpec, Record, Release, sha256_hex

BUNDLE_JSON = "bundle.json"
BUNDLE_FILES: tuple[str, ...] = (*ENTRIES, *MAPS, *COPIED, KERNEL.name, WASM, BUNDLE_JSON)
"""Everything that a bundle's folder holds."""

FEATURE_SPEC_VERSION = 2
"""Newest feature spec that this bundle's code can encode, and all before it; the twin constant stands in src/constants.ts."""
BROTLI_BEST = 11
BROTLI_LARGE = 9
"""For the wasm, where the best quality takes half a minute: sizes stated are then upper bounds."""
LARGE_BYTES = 1_000_000

_KEY = re.compile(r"[0-9a-f]{64}")
_SHOP = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


CardsMode = Literal["page", "local", "shop"]


class BundleFile(Record):
    """One file of a bundle."""

    sha256: str
    integrity: str = Field(description="for a script tag's `integrity`")
    bytes: int
    brotli_bytes: int


class BundleRecord(Record):
    """`bundle.json`."""

    version: str
    shop: str
    demo: bool
    release_key: str = Field(description="Ed25519 public key, hex, that this bundle believes")
    feature_spec_version: int
    cards: CardsMode = Field(default="shop", description="most that cards may fetch; `shop` tells a host")
    files: dict[str, BundleFile]


def build_bundle(
    out_dir: Path, release_key: str, shop: str, demo: bool, repository: Path = REPOSITORY, parts: Templates | None = None,
    cards: CardsMode = "page",
) -> BundleRecord:  # fmt: skip
    """Write a bundle for `shop` into `out_dir` and return its record; other files there are kept.

    `release_key`: Ed25519 public key of the `release` role, 64 hexadecimal digits. `parts`: scripts that are built already.
    `cards`: with `shop` a signed configuration may let cards fetch the pictures of chosen items; without, none can.
    Raises `BundlerMissing` where there are no built scripts and nothing to build them, `BundleFailed` where a value is malformed
    or esbuild refuses the sources.
    """
    if not _KEY.fullmatch(release_key):
        raise BundleFailed(f"bundle: the release key must be 64 hexadecimal digits, got {len(release_key)} characters")
    if not _SHOP.fullmatch(shop):
        raise BundleFailed(f"bundle: shop {shop!r}: want lower-case letters, digits and hyphens, at most 63")
    if cards not in get_args(CardsMode):
        raise BundleFailed(f"bundle: cards {cards!r}: want one of {', '.join(get_args(CardsMode))}")
    version = json.loads((SOURCE / "package.json").read_text())["version"]
    constants = {"releaseKey": release_key, "shop": shop, "demo": demo, "version": version, "cards": cards}
    built = dict(parts or templates(repository))
    built |= {name: pinned(name, built[name], constants) for name in ENTRIES}
    record = BundleRecord(
        version=version, shop=shop, demo=demo, release_key=release_key, feature_spec_version=FEATURE_SPEC_VERSION,
        cards=cards,
        files={name: _file(data) for name, data in built.items() if name not in MAPS},
    )  # fmt: skip
    built[BUNDLE_JSON] = (json.dumps(record.model_dump(), indent=2) + "\n").encode()
    out_dir.mkdir(parents=True, exist_ok=True)
    # On the same file system as the target, so that each rename is atomic; the record last.
    with tempfile.TemporaryDirectory(prefix=".bundle-", dir=out_dir) as staging:
        for name in BUNDLE_FILES:
            (Path(staging) / name).write_bytes(built[name])
        for name in BUNDLE_FILES:
            os.replace(Path(staging) / name, out_dir / name)
    return record


def read_bundle(bundle_dir: Path) -> BundleRecord:
    """The record of a bundle; raises `BundleUnreadable` if there is none or a file is not the one that it names."""
    path = bundle_dir / BUNDLE_JSON
    try:
        record = BundleRecord.from_bytes(path.read_bytes())
    except OSError:
        raise BundleUnreadable(f"{bundle_dir}: no {BUNDLE_JSON}; build a bundle with `intently bundle`") from None
    for name, stated in record.files.items():
        file = bundle_dir / name
        if not file.is_file():
            raise BundleUnreadable(f"{bundle_dir}: {name} is missing; build the bundle again")
        if sha256_hex(file.read_bytes()) != stated.sha256:
            raise BundleUnreadable(f"{bundle_dir}: {name} was changed after it was built; build the bundle again")
    return record


def check_bundle(
    bundle_dir: Path, release: Release, feature_spec: FeatureSpec | None = None, cards: CardsMode = "page"
) -> str | None:
    """One sentence why browsers with this bundle would refuse this release, None if they take it.

    Raises `BundleUnreadable` as `read_bundle`.
    """
    bundle = read_bundle(bundle_dir)
    again = "build the bundle again for this release"
    if bundle.shop != release.shop:
        return f"a bundle built for another model: it is of shop {bundle.shop}, the release of {release.shop}; {again}"
    if bundle.release_key != release.roles.release:
        short = f"{bundle.release_key[:12]}…, the release is signed by {release.roles.release[:12]}…"
        return f"a bundle built for another model: it believes release key {short}; {again}"
    if release.demo and not bundle.demo:
        return f"a bundle built for another model: the release is a demo's, the bundle is not; {again}"
    if cards == "shop" and bundle.cards != "shop":
        how = f"its cards are pinned to {bundle.cards}, the configuration says shop"
        return f"a bundle built for another model: {how}; build the bundle again with --cards shop"
    if feature_spec is not None and feature_spec.version > bundle.feature_spec_version:
        versions = f"it encodes feature specs up to version {bundle.feature_spec_version}, the release has {feature_spec.version}"
        return f"a bundle built for another model: {versions}; use a newer Intently"
    return None


def _file(data: bytes) -> BundleFile:
    integrity = "sha384-" + base64.b64encode(hashlib.sha384(data).digest()).decode()
    return BundleFile(sha256=sha256_hex(data), integrity=integrity, bytes=len(data), brotli_bytes=_brotli_bytes(data))


@functools.lru_cache(maxsize=16)
def _brotli_bytes(data: bytes) -> int:
    """Compressed size; remembered, as the wasm takes two seconds and is the same in every bundle of a process."""
    return len(brotli.compress(data, quality=BROTLI_LARGE if len(data) > LARGE_BYTES else BROTLI_BEST))
