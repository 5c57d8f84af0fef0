"""Closing a bucket: messages -> estimate -> pool -> receipt -> ledger -> files -> manifest.

The plan (time, pool before, manifest version) is stored first. Everything after it is a function of the plan and the bucket, and
each step may be done again: killed anywhere and started again, a close gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aggregator.pools import Counts, PoolRules, make_pool
from contracts import Bucket, Collection, Configuration, FileRef, Guarantees, Pool, Receipt, Record, Refusals, sha256_hex
from privacy.estimators import Estimate, estimate
from privacy.mechanisms import mechanism_of

POOL_ORDERING_KINDS = ("item_dwelled",)
"""Only being wanted puts an item into the pool: `item_skipped` is no wish, and `category_intent` counts no items."""


class ClosePlan(Record):
    """What a close depends on besides its bucket."""

    time: int
    manifest_version: int
    previous: FileRef | None
    base: FileRef
    new_items: tuple[int, ...] = ()


@dataclass(frozen=True)
class Settled:
    """A closed bucket, before anything of it is written."""

    receipt: Receipt
    pool: bytes | None
    counts: bytes


Guarantor = Callable[[Collection, int], Guarantees]
"""Guarantees of a collection's reports in a batch of that size."""


def settle(
    bucket: Bucket, messages: Sequence[int], refusals: Refusals, configuration: Configuration, collection: Collection,
    plan: ClosePlan, base: Pool, previous: Pool, rules: PoolRules, operators: int, guarantees: Guarantees,
) -> Settled:  # fmt: skip
    """Pure: estimate, pool and receipt of a complete bucket. The order of `messages` does not matter."""
    ordered: npt.NDArray[np.uint32] = np.sort(np.asarray(messages, dtype=np.uint32))
    estimated: Estimate = estimate(mechanism_of(collection), ordered)
    counts = np.ascontiguousarray(estimated.counts, dtype="<f8").tobytes()
    pool = None
    if collection.kind in POOL_ORDERING_KINDS:
        found = Counts(estimated.counts[1:].tolist(), estimated.support, estimated.n)
        pool = make_pool(base, previous, found, rules, bucket.epoch, collection.id, plan.new_items).to_bytes()
    receipt = Receipt(
        shop=configuration.shop, demo=configuration.demo, release=bucket.release, collection=collection, epoch=bucket.epoch,
        epoch_s=configuration.epoch_s, key_id=bucket.key_id, operators=operators, minimum_batch=configuration.minimum_batch,
        reports=len(ordered), refusals=refusals, guarantees=guarantees,
        pool=sha256_hex(pool) if pool is not None else None, counts=sha256_hex(counts),
    )  # fmt: skip
    return Settled(receipt, pool, counts)
