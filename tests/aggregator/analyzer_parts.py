"""Parts that the analyzer's tests share."""

from __future__ import annotations

import shutil
from pathlib import Path

from release_parts import WANTED, Shop, hand_over, make_shop, reports

from aggregator.files import get_file
from aggregator.keys import create_keys
from aggregator.release import read_manifest
from contracts import RECEIPT_TYPE, Envelope, Manifest, Pool, Receipt
from privacy.signing import verify

EPOCH = 170_000_000


def wanted_values(n: int = 400) -> list[int]:
    """Half want one item, the rest report NONE or something in the base pool."""
    return [WANTED if at % 2 else at % 60 for at in range(n)]


def ready_shop(folder: Path) -> Shop:
    """A shop with one bucket of each collection in its outbox."""
    shop = make_shop(folder)
    hand_over(shop, EPOCH, reports(shop, EPOCH, wanted_values()))
    hand_over(shop, EPOCH, reports(shop, EPOCH, [1 + at % 4 for at in range(60)], collection=2), collection=2)
    return shop


def plain_shop(folder: Path) -> Shop:
    """A shop with two keys for reports and nothing in its outbox."""
    create_keys(folder / "keys", (1, 2))
    return make_shop(folder)


def copy_shop(shop: Shop, folder: Path) -> Shop:
    shutil.copytree(shop.folder, folder)
    return Shop(folder, shop.configuration, shop.release)


def manifest_of(shop: Shop) -> Manifest:
    found = read_manifest(shop.public, shop.pool_key().public)
    assert found is not None
    return found


def receipts_of(shop: Shop) -> list[Receipt]:
    envelopes = [Envelope.from_bytes(get_file(shop.public, reference)) for reference in manifest_of(shop).receipts]
    return [Receipt.from_bytes(verify(each, RECEIPT_TYPE, shop.pool_key().public)) for each in envelopes]


def pool_of(shop: Shop) -> Pool:
    return Pool.from_bytes(get_file(shop.public, manifest_of(shop).pool))
