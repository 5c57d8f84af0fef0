"""Make a release of what was trained, and put it before the browsers."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

from aggregator.keys import create_keys, read_hpke_keys, read_signing_key, read_states
from aggregator.release import ReleaseFiles, create_release, publish_manifest, read_manifest, read_release
from browser_runtime import NotOfTheFamily, pack_model
from contracts import Catalogue, Configuration, FileRef, HpkeKey, IntentlyError, Pool, Release, Roles
from intently.workspace import Workspace


def roles_of(space: Workspace) -> Roles:
    """Public keys by role; makes the keys that are missing."""
    create_keys(space.keys)
    keys = {role: read_signing_key(space.keys / f"{role}.key").public.hex() for role in ("release", "pool", "ledger")}
    return Roles(release=keys["release"], pool=keys["pool"], ledger=keys["ledger"])


def check_items(space: Workspace, catalogue: Catalogue) -> None:
    """Raise `IntentlyError` unless item 1, 2, ... of the catalogue are the items that the model was trained on, in that order."""
    path = space.model / "items.json"
    if not path.exists():
        raise IntentlyError(f"{path} is missing, so nobody can tell which item is which; train with: intently model train")
    trained, listed = json.loads(path.read_text()), [item.sku for item in catalogue.items]
    for index, sku in enumerate(trained, start=1):
        found = listed[index - 1] if index <= len(listed) else None
        if found != sku:
            raise IntentlyError(
                f"item {index} is {sku!r} for the model and {found!r} in the catalogue; keep the order of {path}, "
                "add new items at the end"
            )


def publish_release(
    space: Workspace, configuration: Configuration, catalogue: Catalogue, base_pool: Pool,
    unavailable: tuple[int, ...] | None = None, clock: Callable[[], float] = time.time,
) -> Release:  # fmt: skip
    """Sign the next release over the workspace's model, and the next manifest; raises `ReleaseRefused`.

    Markets are the files market-*.json beside the catalogue. `unavailable` None: what was not to be shown stays so.
    """
    check_items(space, catalogue)
    roles, now_s = roles_of(space), int(clock())
    pool_key = read_signing_key(space.keys / "pool.key")
    present = read_manifest(space.public, pool_key.public)
    version = read_release(space.public, present.release).version + 1 if present else 1
    keys = _hpke_keys(space)
    model = (space.model / "model.onnx").read_bytes()
    files = ReleaseFiles(
        configuration=configuration.to_bytes(), feature_spec=(space.model / "feature_spec.json").read_bytes(),
        model=model, catalogue=catalogue.to_bytes(), base_pool=base_pool.to_bytes(), **_for_kernel(model, catalogue, base_pool),
        markets=tuple(path.read_bytes() for path in sorted(space.root.glob("market-*.json"))),
    )  # fmt: skip
    release_key = read_signing_key(space.keys / "release.key")
    reference: FileRef = create_release(space.public, files, release_key, roles, keys, version=version, now_s=now_s)
    publish_manifest(space.public, pool_key, now_s=now_s, release=reference, unavailable=unavailable)
    return read_release(space.public, reference)


def _for_kernel(model: bytes, catalogue: Catalogue, base_pool: Pool) -> dict[str, bytes]:
    """`head` and `rest`; nothing for a model that the kernel does not compute, which is said."""
    try:
        packed = pack_model(model, [entry.item for entry in base_pool.items], [0, *(item.category for item in catalogue.items)])
    except NotOfTheFamily as refusal:
        print(f"intently: browsers run this model in onnxruntime-web, not in the kernel: {refusal}", file=sys.stderr)
        return {}
    return {"head": packed.head, "rest": packed.rest}


def _hpke_keys(space: Workspace) -> tuple[HpkeKey, ...]:
    """Every key that a browser should know, as its state says; two active ones would split every epoch into two batches."""
    found = read_hpke_keys(space.keys)
    return tuple(
        HpkeKey(key_id=each.key_id, public_key=found[each.key_id].public.hex(), state=each.state)
        for each in read_states(space.keys)
    )
