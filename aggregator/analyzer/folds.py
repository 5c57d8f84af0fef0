"""Folds: a batch and what was seen before, in; what to add, out. No clock, no file, no network.

What a bucket holds is the list of its messages (u32 each). That is sufficient for every estimator, costs 4 bytes a report, and,
sorted at the close, depends neither on the order of arrival nor on how batches were cut (see docs/decisions).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Set
from dataclasses import dataclass, field

from contracts import Batch, Bucket, ContractError, Refusals, unpack_plaintext

Opener = Callable[[Bucket, bytes], bytes | None]
"""Plaintext of a sealed body, None where HPKE refuses it."""


@dataclass(frozen=True)
class BucketRules:
    """What the analyzer checks in a bucket."""

    collection: int
    messages: int
    """Messages of the mechanism are 0..messages - 1."""
    minimum_batch: int


@dataclass
class Folded:
    """What one batch adds to its bucket."""

    ids: list[bytes] = field(default_factory=list)
    messages: list[int] = field(default_factory=list)
    unopened: int = 0
    duplicate: int = 0
    malformed: int = 0
    out_of_range: int = 0

    def refusals(self) -> Refusals:
        """Reports not counted, by reason."""
        return Refusals(
            unopened=self.unopened, duplicate=self.duplicate, malformed=self.malformed, out_of_range=self.out_of_range
        )


def report_id(body: bytes) -> bytes:
    """SHA-256 of the sealed body: what makes two reports the same report."""
    return hashlib.sha256(body).digest()


def fold_batch(batch: Batch, rules: BucketRules, seen: Set[bytes], open_report: Opener) -> Folded:
    """Fold one batch. `seen` holds the ids of this bucket's reports so far, at least those that occur in the batch."""
    folded = Folded()
    fresh: set[bytes] = set()
    for body in batch.bodies:
        identity = report_id(body)
        if identity in seen or identity in fresh:
            folded.duplicate += 1
            continue
        fresh.add(identity)
        folded.ids.append(identity)
        _count(folded, open_report(batch.bucket, body), rules)
    return folded


def _count(folded: Folded, plaintext: bytes | None, rules: BucketRules) -> None:
    if plaintext is None:
        folded.unopened += 1
        return
    try:
        collection, message = unpack_plaintext(plaintext)
    except ContractError:
        folded.malformed += 1
        return
    if collection != rules.collection:
        folded.malformed += 1
    elif message >= rules.messages:
        folded.out_of_range += 1
    else:
        folded.messages.append(message)
