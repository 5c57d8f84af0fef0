"""Who learns what, in plain words with numbers, from a shop's public files. Reads, does not verify: run `verify_public` too."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from contracts import (
    LEDGER_PATH,
    MANIFEST_PATH,
    MICRO,
    Collection,
    Configuration,
    Envelope,
    LedgerEntry,
    Manifest,
    Receipt,
    Release,
)
from privacy.errors import AuditRefused
from privacy.mechanisms import mechanism_of
from privacy.spending_report import all_receipts, configuration_of, document_of

QUESTIONS = {
    "item_dwelled": "which item was stayed with",
    "item_skipped": "which item was shown and passed over",
    "category_intent": "which kind of thing the session looked for",
}
CARDS = {
    "page": (
        "each page has the same pictures for everyone; their host learns which page was open, not which items the model chose"
    ),
    "local": "pictures and prices are in the catalogue file that everyone fetches; no host is asked for a picture",
    "shop": "any item may be shown, and its picture is asked for when it is: their host learns the list that the model chose",
}


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
    receipts, entries = all_receipts(folder), ledger_entries(folder)
    names = {(receipt.release, receipt.collection.id): receipt.collection.name for receipt in receipts}
    spent = spent_by_collection(entries, names)
    return Explanation(
        shop=configuration.shop, demo=configuration.demo, cards=configuration.ranking.cards,
        learners=tuple(_learners(configuration, receipts)), spent=spent, total_micro=sum(each.epsilon_micro for each in spent),
    )  # fmt: skip


def ledger_entries(folder: Path) -> list[LedgerEntry]:
    """Lines of the ledger; [] where there is none yet."""
    path = folder / LEDGER_PATH
    lines = path.read_bytes().splitlines() if path.exists() else []
    try:
        return [LedgerEntry.from_bytes(Envelope.from_bytes(line).payload_bytes()) for line in lines]
    except Exception as error:
        raise AuditRefused(f"{LEDGER_PATH}: {error}") from None


def spent_by_collection(entries: Iterable[LedgerEntry], names: dict[tuple[str, int], str]) -> tuple[Spent, ...]:
    """The ledger's lines, summed by the name of their collection; every line counts once."""
    found: dict[str, list[LedgerEntry]] = {}
    for entry in entries:
        found.setdefault(names.get((entry.release, entry.collection), f"collection {entry.collection}"), []).append(entry)
    return tuple(
        Spent(name, len(lines), sum(line.reports for line in lines), sum(line.epsilon_micro for line in lines))
        for name, lines in sorted(found.items())
    )


def _learners(configuration: Configuration, receipts: list[Receipt]) -> Iterator[Learner]:
    hours = configuration.epoch_s / 3600
    operators = max((receipt.operators for receipt in receipts), default=1)
    yield Learner("the shopper's own browser", ("everything: clicks, dwell, what was passed over; it stays there",))
    yield Learner("the shop's server", (
        "each page that it serves, as any web server does; no log of Intently's says what happened on it",
    ))  # fmt: skip
    yield Learner(
        "other scripts on the page", ("what they always saw: Intently neither shows them anything nor hides anything from them",)
    )
    yield Learner("the host of the pictures", (f"cards={configuration.ranking.cards}: {CARDS[configuration.ranking.cards]}",))
    yield Learner("who watches the network", (
        f"that a browser posts once an epoch of {hours:g} h, idle or not, at a time drawn before any behaviour, equal in size",
    ))  # fmt: skip
    if configuration.tokens is not None:
        yield Learner(f"the token issuer {configuration.tokens.issuer}", (
            "that an account opened the site in an epoch; it signs blind, and cannot tell whose token comes back with a report",
        ))  # fmt: skip
    yield Learner("the relay's operator", (
        "the network address of a report while it arrives, which is not kept, and a sealed body that it holds no key for",
        f"nothing of a batch below {configuration.minimum_batch:,} reports is ever opened: it is dropped",
    ))  # fmt: skip
    yield Learner("the analyzer's operator", tuple(_analyzer(configuration, receipts, operators)))
    yield Learner("who sees what is published", tuple(_public(configuration, receipts)))


def _analyzer(configuration: Configuration, receipts: list[Receipt], operators: int) -> Iterator[str]:
    for collection in configuration.collections:
        yield _answer_words(collection)
    if operators == 1:
        yield "relay and analyzer are of one operator, who could link an answer to an address: only the odds above hold here"
        return
    for collection in configuration.collections:
        costs = [receipt.guarantees.shuffled for receipt in receipts if receipt.collection.name == collection.name]
        claimed = [cost for cost in costs if cost is not None]
        if claimed:
            yield f"{collection.name}: shuffled among the batch's, one report is worth epsilon {max(claimed):.6f} at most"


def _answer_words(collection: Collection) -> str:
    mechanism = mechanism_of(collection)
    kept, odds = math.floor(1000 * mechanism.w / mechanism.draws + 1) / 10, math.ceil(mechanism.w / mechanism.v)
    alike = (collection.domain_size + 1) / mechanism.modulus
    shared = f", and then some {alike:,.0f} of {collection.domain_size + 1:,} answers look like it" if alike >= 1.5 else ""
    question = QUESTIONS.get(collection.kind, collection.kind)
    return (
        f"{collection.name}: one blurred answer a client and epoch at most, to the question {question}. It is kept with "
        f"probability {kept:.1f} % or less{shared}; no answer is more than {odds} times likelier for one shopper than another "
        f"(epsilon {collection.epsilon_micro / MICRO:.6f})"
    )


def _public(configuration: Configuration, receipts: list[Receipt]) -> Iterator[str]:
    yield "counts with their noise, and the order of the pool; no report, no address, no order of arrival"
    for collection in configuration.collections:
        costs = [receipt.guarantees.public for receipt in receipts if receipt.collection.name == collection.name]
        if costs:
            yield f"{collection.name}: one report is worth epsilon {max(costs):.6f} at most in {len(costs)} published batches"
