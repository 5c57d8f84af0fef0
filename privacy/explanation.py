"""Who learns what, in plain words with numbers, from a shop's public files. Reads, does not verify: run `verify_public` too."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from contracts import LEDGER_PATH, MANIFEST_PATH, Envelope, LedgerEntry, Manifest, Release
from privacy.accounting import explaining
from privacy.errors import AuditRefused
from privacy.spending_report import all_receipts, configuration_of, document_of


@dataclass(frozen=True)
class Learner:
    """One party."""

    who: str
    learns: tuple[str, ...]


@dataclass(frozen=True)
class Spent:
    """What the ledger holds of one collection."""

    collection: str
    closes: int
    reports: int
    epsilon_micro: int
    """Sum over its lines: local epsilon of a client in every one of these batches."""


@dataclass(frozen=True)
class Explanation:
    """What `intently audit explain` prints."""

    shop: str
    demo: bool
    cards: str
    learners: tuple[Learner, ...]
    spent: tuple[Spent, ...]
    total_micro: int
    """Sum of `spent`, which is the sum of the ledger's lines."""


def explain(folder: Path) -> Explanation:
    """Explanation of the shop whose public folder this is; raises `AuditRefused` where it cannot be read."""
    manifest = document_of(folder / MANIFEST_PATH, Manifest)
    configuration = configuration_of(folder, document_of(folder / manifest.release.path, Release).configuration)
    receipts = [receipt.model_dump(mode="json") for receipt in all_receipts(folder)]
    entries = [entry.model_dump(mode="json") for entry in ledger_entries(folder)]
    spent = tuple(Spent(**each) for each in explaining.spent_by_collection(entries, receipts))
    told = explaining.learners(configuration.model_dump(mode="json"), receipts)
    return Explanation(
        shop=configuration.shop, demo=configuration.demo, cards=configuration.ranking.cards,
        learners=tuple(Learner(*each) for each in told), spent=spent, total_micro=sum(each.epsilon_micro for each in spent),
    )  # fmt: skip


def ledger_entries(folder: Path) -> list[LedgerEntry]:
    """Lines of the ledger; [] where there is none yet."""
    path = folder / LEDGER_PATH
    lines = path.read_bytes().splitlines() if path.exists() else []
    try:
        return [LedgerEntry.from_bytes(Envelope.from_bytes(line).payload_bytes()) for line in lines]
    except Exception as error:
        raise AuditRefused(f"{LEDGER_PATH}: {error}") from None
