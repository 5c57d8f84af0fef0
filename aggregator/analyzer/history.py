"""Counts that were published before: what a pool averages with the newest ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from aggregator.errors import ReleaseRefused
from aggregator.files import get_file
from aggregator.pools import Counts, EpochCounts, PoolRules
from contracts import FILES_PATH, Catalogue, Collection, Envelope, FeatureSpec, Manifest, Receipt, Release, sha256_hex
from privacy.estimators import support_of
from privacy.mechanisms import mechanism_of


def earlier_epochs(
    public: Path, manifest: Manifest, collection: Collection, epoch: int, rules: PoolRules
) -> tuple[EpochCounts, ...]:
    """The largest closed bucket of the same kind and domain in each of the epochs that `rules` average, newest first.

    Read from the public folder alone, so whoever has it can do the same. Raises `ReleaseRefused` where a file is not its hash.
    """
    largest: dict[int, Receipt] = {}
    for reference in reversed(manifest.receipts):
        receipt = Receipt.from_bytes(Envelope.from_bytes(get_file(public, reference)).payload_bytes())
        if not epoch - rules.smoothing_epochs < receipt.epoch < epoch or not _same(receipt.collection, collection):
            continue
        present = largest.get(receipt.epoch)
        if present is None or (receipt.reports, receipt.counts) > (present.reports, present.counts):
            largest[receipt.epoch] = receipt
    return tuple(counts_of_receipt(public, largest[each]) for each in sorted(largest, reverse=True))


def catalogue_facts(public: Path, release: Release) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Items beyond the model, and the category of each item."""
    spec = FeatureSpec.from_bytes(get_file(public, release.feature_spec))
    items = Catalogue.from_bytes(get_file(public, release.catalogue)).items
    return tuple(range(spec.items + 1, len(items) + 1)), tuple(item.category for item in items)


def _same(one: Collection, other: Collection) -> bool:
    return (one.id, one.kind, one.domain_size) == (other.id, other.kind, other.domain_size)


def counts_of_receipt(public: Path, receipt: Receipt) -> EpochCounts:
    """The published counts of a receipt; raises `ReleaseRefused`."""
    counts = np.frombuffer(counts_bytes(public, receipt), dtype="<f8")[1:]
    support = support_of(mechanism_of(receipt.collection), receipt.noise.sigma if receipt.noise else 0.0)
    return EpochCounts(receipt.epoch, receipt.counts, Counts(counts, support, receipt.reports))


def counts_bytes(public: Path, receipt: Receipt) -> bytes:
    """The counts file that a receipt names: float64[d + 1], value 0 first; raises `ReleaseRefused`."""
    path = public / FILES_PATH / f"{receipt.counts}.f64"
    data = path.read_bytes() if path.is_file() else b""
    if sha256_hex(data) != receipt.counts:
        raise ReleaseRefused(f"{path} is missing or has other content than its receipt says; restore the public folder")
    return data
