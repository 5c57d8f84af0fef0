"""Replay: make every published pool again, from the published counts or from the messages themselves, and compare the bytes.

A pool names all that it was made of: its counts and those of earlier epochs, its base pool, the pool before, what was left
out. So whoever has the public folder and the rules can make it again; who also has the topic and the report keys can begin
earlier. Noise that a receipt states is drawn once and kept nowhere but in the published counts: pools are made again from
those to the byte, and counts made from the messages may differ from them by one draw of that noise, no more and no less.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from aggregator.analyzer.book import Book
from aggregator.analyzer.folds import Rows, merge
from aggregator.analyzer.history import catalogue_facts, counts_bytes, counts_of_receipt
from aggregator.analyzer.opening import Job, Opener, run_job
from aggregator.errors import ReleaseRefused
from aggregator.files import get_file
from aggregator.pools import EpochCounts, PoolParts, PoolRules, gather, make_pools, posterior
from aggregator.release import read_release
from contracts import (
    FILES_PATH,
    MANIFEST_PATH,
    Batch,
    Bucket,
    ContractError,
    Envelope,
    EpochTerm,
    Manifest,
    Pool,
    Receipt,
    Record,
    Release,
    sha256_hex,
)
from privacy.estimators import estimate, support_counts
from privacy.mechanisms import mechanism_of
from privacy.noise_audit import residual_fault

BUT_FOR_NOISE = "equal but for its noise"
"""What is left is whole, and as large as the receipt says."""


class Replayed(Record):
    """One bucket, made again."""

    collection: int
    epoch: int
    key_id: int
    reports: int
    counts: str
    """`equal`, `equal but for its noise`, `not replayed`, or what differs."""
    pool: str
    """`equal`, `none`, or what differs."""

    @property
    def equal(self) -> bool:
        """Nothing differs."""
        return self.counts in ("equal", BUT_FOR_NOISE, "not replayed") and self.pool in ("equal", "none")


@dataclass(frozen=True)
class Published:
    """What a public folder says, by content."""

    public: Path
    release: Release
    receipts: tuple[Receipt, ...]

    @classmethod
    def read(cls, public: Path) -> Published:
        """Signatures are `intently audit verify`'s; here each file has to be its hash. Raises `ReleaseRefused`."""
        path = public / MANIFEST_PATH
        if not path.is_file():
            raise ReleaseRefused(f"{path} is missing; give the public folder of a shop")
        manifest = Manifest.from_bytes(Envelope.from_bytes(path.read_bytes()).payload_bytes())
        receipts = [Envelope.from_bytes(get_file(public, each)).payload_bytes() for each in manifest.receipts]
        return cls(public, read_release(public, manifest.release), tuple(map(Receipt.from_bytes, receipts)))

    def pool(self, digest: str) -> Pool:
        """A pool by its hash; raises `ReleaseRefused`."""
        path = self.public / FILES_PATH / f"{digest}.json"
        data = path.read_bytes() if path.is_file() else b""
        if sha256_hex(data) != digest:
            raise ReleaseRefused(f"{path} is missing or has other content than its name says; restore the public folder")
        return Pool.from_bytes(data)


def replay(published: Published, rules: PoolRules, again: Mapping[Bucket, bytes] | None = None) -> Iterator[Replayed]:
    """Every receipt that the manifest names, oldest first. `again`: counts made from the topic, by bucket, None for none."""
    facts = catalogue_facts(published.public, published.release)
    for receipt in published.receipts:
        counts = "not replayed"
        if again is not None:
            found = again.get(receipt.bucket)
            counts = "the topic no longer holds it" if found is None else _counts_again(published, receipt, found)
        yield Replayed(
            collection=receipt.collection.id, epoch=receipt.epoch, key_id=receipt.key_id, reports=receipt.reports, counts=counts,
            pool="none" if receipt.pool is None else _pool_again(published, receipt, receipt.pool, rules, facts),
        )  # fmt: skip


def _counts_again(published: Published, receipt: Receipt, found: bytes) -> str:
    """Of counts made from the messages. Noise is not made again: what is left between the two is judged as one draw of it."""
    if receipt.noise is None:
        return _compared(sha256_hex(found), receipt.counts)
    mechanism = mechanism_of(receipt.collection)
    both = (counts_bytes(published.public, receipt), found)
    ours, theirs = (support_counts(mechanism, np.frombuffer(data, dtype="<f8"), receipt.reports) for data in both)
    return residual_fault(ours, theirs, receipt.noise.sigma) or BUT_FOR_NOISE


def _compared(got: str, want: str) -> str:
    return "equal" if got == want else f"made again {got[:12]}, published {want[:12]}"


def _pool_again(
    published: Published, receipt: Receipt, digest: str, rules: PoolRules, facts: tuple[tuple[int, ...], tuple[int, ...]]
) -> str:
    pool = published.pool(digest)
    by_counts = {(each.epoch, each.counts): each for each in published.receipts}
    missing = [term.epoch for term in pool.smoothed if (term.epoch, term.counts) not in by_counts]
    if missing or not pool.base:
        return f"the manifest no longer names the receipt of epoch {missing[0]}" if missing else "made by an older Intently"
    earlier = tuple(counts_of_receipt(published.public, by_counts[_key(term)]) for term in pool.smoothed[1:])
    banned_then = frozenset(pool.left_out)
    parts = PoolParts(
        published.pool(pool.base), published.pool(pool.previous), rules, facts[0], banned_then, facts[1], earlier, pool.base,
        pool.previous,
    )  # fmt: skip
    newest: EpochCounts = counts_of_receipt(published.public, receipt)
    return _compared(sha256_hex(make_pools(parts, newest, receipt.collection.id)[0].to_bytes()), digest)


def shares(published: Published, pool: Pool) -> list[float]:
    """Posterior share of the reports of items 1..d, from the counts that a pool was made of; raises `ReleaseRefused`."""
    by_counts = {(each.epoch, each.counts): each for each in published.receipts}
    digest = sha256_hex(pool.to_bytes())
    newest = next((each for each in published.receipts if each.pool == digest), None)
    if newest is None or not pool.base:
        raise ReleaseRefused("the pool in force is not made of reports yet; wait for the first epoch that closes")
    terms = [by_counts[_key(term)] for term in pool.smoothed[1:] if _key(term) in by_counts]
    earlier = [counts_of_receipt(published.public, each) for each in terms]
    evidence = gather(counts_of_receipt(published.public, newest), earlier, PoolRules(smoothing_epochs=64))
    likely = posterior(evidence, [entry.item for entry in published.pool(pool.base).items])
    total = float(likely.sum()) or 1.0
    return [round(count / total, 9) for count in likely.tolist()]


def _key(term: EpochTerm) -> tuple[int, str]:
    return term.epoch, term.counts


def counts_again(messages: Iterable[bytes], opener: Opener, book: Book) -> dict[Bucket, bytes]:
    """Counts of every bucket whose batches are among `messages`, without noise: float64 little-endian, value 0 first.

    Junk is passed over.
    """
    rows: dict[Bucket, list[Rows]] = {}
    for message in messages:
        try:
            batch = Batch.from_bytes(message)
        except ContractError:
            continue
        known = book.rules(batch.bucket)
        if known is not None:
            rows.setdefault(batch.bucket, []).append(run_job(opener, Job(batch.bucket, known[1], b"".join(batch.bodies))))
    return {bucket: _counts(book, bucket, found) for bucket, found in rows.items()}


def _counts(book: Book, bucket: Bucket, rows: Sequence[Rows]) -> bytes:
    known = book.collection(bucket)
    assert known is not None
    messages = np.sort(merge(np.concatenate(rows)).messages)
    return np.ascontiguousarray(estimate(mechanism_of(known[1]), messages).counts, dtype="<f8").tobytes()
