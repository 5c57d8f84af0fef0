"""What stands in the analyzer's store, as records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from aggregator.analyzer.folds import Merged
from contracts import Bucket, Refusals


@dataclass(frozen=True)
class Claim:
    """A worker's right to a partition: valid until a newer one is given."""

    partition: str
    generation: int
    next_offset: int


@dataclass(frozen=True)
class DeadLetter:
    """A message that cannot be folded."""

    id: int
    partition: str
    offset: int
    reason: str
    value: bytes


@dataclass(frozen=True)
class BucketRow:
    """What is known of a bucket."""

    id: int
    bucket: Bucket
    state: str
    bucket_reports: int
    arrived: int
    counted: int
    refusals: Refusals
    late: int
    outcome: str | None
    """Path of the receipt, or why the bucket was refused; None while it is open."""

    def merged(self, merged: Merged) -> BucketRow:
        """With what its merge found. Before it, `counted` is 0 and the refusals know only batches that came again whole."""
        found = merged.refusals.model_dump()
        found["duplicate"] += self.refusals.duplicate
        found["missing"] = max(0, self.bucket_reports - self.arrived)
        return replace(self, counted=len(merged.messages), refusals=Refusals.model_validate(found))


@dataclass(frozen=True)
class PlannedClose:
    """All that a close publishes, as bytes: the `ClosePlan`, the receipt's envelope, the counts, the pools (None for none)."""

    plan: bytes
    receipt: bytes
    pool: bytes | None
    counts: bytes
    category_pool: bytes | None = None


COLUMNS = """id, release, collection, epoch, key_id, state, bucket_reports, arrived, counted, unopened, duplicate, malformed,
    out_of_range, missing, late, outcome"""

REASONS = tuple(Refusals.model_fields)


def bucket_row(values: Sequence[Any]) -> BucketRow:
    """From the values of `COLUMNS`."""
    at, release, collection, epoch, key_id, state, total, arrived, counted, *refused, late, outcome = values
    refusals = Refusals.model_validate(dict(zip(REASONS, refused, strict=True)))
    bucket = Bucket(release, collection, epoch, key_id)
    return BucketRow(at, bucket, state, total, arrived, counted, refusals, late, outcome)
