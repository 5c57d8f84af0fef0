"""Closing a bucket: messages -> estimate -> pool -> receipt -> ledger -> files -> manifest.

All that the close publishes is made and stored first, as bytes. What follows only writes them down, and each step may be done
again: killed anywhere and started again, under whatever settings, a close gives the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aggregator.pools import Counts, EpochCounts, PoolParts, make_pools
from contracts import Bucket, Collection, Configuration, FileRef, Guarantees, Pool, Receipt, Record, Refusals, sha256_hex
from privacy.estimators import DrawnNoise, Estimate, estimate
from privacy.mechanisms import mechanism_of

POOL_ORDERING_KINDS = ("item_dwelled",)
"""Only being wanted puts an item into the pool: `item_skipped` is no wish, and `category_intent` counts no items."""


class ClosePlan(Record):
    """What the manifest of a close says besides its files."""

    time: int
    manifest_version: int
    lifetime_s: int
    before: FileRef | None = None
    """The pool that this close's pool started from; None where it makes none."""


@dataclass(frozen=True)
class Settled:
    """A closed bucket, before anything of it is written. `counts` are float64, little-endian."""

    receipt: Receipt
    pool: bytes | None
    counts: bytes
    category_pool: bytes | None = None


def changes_pool(collection: Collection, epoch: int, reports: int, present: Pool) -> bool:
    """Whether a close may replace the present pool: by a newer epoch, or by more reports of the same epoch.

    Buckets of one epoch (keys, configurations, collections) are not added up: the largest orders the pool.
    """
    return collection.kind in POOL_ORDERING_KINDS and (epoch, reports) > (present.epoch, present.reports)


def settle(
    bucket: Bucket, messages: npt.NDArray[np.uint32], refusals: Refusals, configuration: Configuration, collection: Collection,
    parts: PoolParts | None, operators: int, guarantees: Guarantees, noise: DrawnNoise | None = None,
) -> Settled:  # fmt: skip
    """Pure: estimate, pool (if there are `parts`) and receipt of a complete bucket. The order of `messages` does not matter.

    All that it publishes of the messages, but their number, is made of the noised counts. `noise`: None where it is off.
    """
    ordered: npt.NDArray[np.uint32] = np.sort(messages)
    estimated: Estimate = estimate(mechanism_of(collection), ordered, noise)
    counts = np.ascontiguousarray(estimated.counts, dtype="<f8").tobytes()
    pool = category_pool = None
    if parts is not None:
        found = Counts(estimated.counts[1:], estimated.support, estimated.n)
        newest = EpochCounts(bucket.epoch, sha256_hex(counts), found)
        whole, by_category = make_pools(parts, newest, collection.id)
        pool, category_pool = whole.to_bytes(), by_category.to_bytes() if by_category else None
    receipt = Receipt(
        shop=configuration.shop, demo=configuration.demo, release=bucket.release, collection=collection, epoch=bucket.epoch,
        epoch_s=configuration.epoch_s, key_id=bucket.key_id, operators=operators, minimum_batch=configuration.minimum_batch,
        reports=len(ordered), refusals=refusals, guarantees=guarantees,
        pool=sha256_hex(pool) if pool is not None else None, counts=sha256_hex(counts), noise=noise.stated if noise else None,
    )  # fmt: skip
    return Settled(receipt, pool, counts, category_pool)
