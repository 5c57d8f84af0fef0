"""Who learns what, in plain words with numbers; for the command line and the auditor's browser alike. Standard library alone.

Documents are those of the public files: configuration, receipts and ledger lines as JSON objects.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from privacy.accounting.guarantees import modulus_and_collision

Document = Mapping[str, Any]
MICRO = 1_000_000
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


def spent_by_collection(entries: Iterable[Document], receipts: Iterable[Document]) -> list[dict[str, Any]]:
    """The ledger's lines, summed by the name of their collection; every line counts once."""
    names = {(receipt["release"], receipt["collection"]["id"]): receipt["collection"]["name"] for receipt in receipts}
    found: dict[str, list[Document]] = {}
    for entry in entries:
        name = names.get((entry["release"], entry["collection"]), f"collection {entry['collection']}")
        found.setdefault(name, []).append(entry)
    return [
        {
            "collection": name, "closes": len(lines), "reports": sum(line["reports"] for line in lines),
            "epsilon_micro": sum(line["epsilon_micro"] for line in lines),
        }
        for name, lines in sorted(found.items())
    ]  # fmt: skip


def learners(configuration: Document, receipts: Sequence[Document]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """(party, what it learns), from the shopper outwards."""
    hours, cards = configuration["epoch_s"] / 3600, configuration["ranking"]["cards"]
    operators = max((receipt["operators"] for receipt in receipts), default=1)
    yield "the shopper's own browser", ("everything: clicks, dwell, what was passed over; it stays there",)
    yield (
        "the shop's server",
        ("each page that it serves, as any web server does; no log of Intently's says what happened on it",),
    )
    yield (
        "other scripts on the page",
        ("what they always saw: Intently neither shows them anything nor hides anything from them",),
    )
    yield "the host of the pictures", (f"cards={cards}: {CARDS[cards]}",)
    yield "who watches the network", (
        f"that a browser posts once an epoch of {hours:g} h, idle or not, at a time drawn before any behaviour, equal in size",
    )  # fmt: skip
    if configuration.get("tokens"):
        yield f"the token issuer {configuration['tokens']['issuer']}", (
            "that an account opened the site in an epoch; it signs blind, and cannot tell whose token comes back with a report",
        )  # fmt: skip
    yield "the relay's operator", (
        "the network address of a report while it arrives, which is not kept, and a sealed body that it holds no key for",
        f"nothing of a batch below {configuration['minimum_batch']:,} reports is ever opened: it is dropped",
    )  # fmt: skip
    yield "the analyzer's operator", tuple(_analyzer(configuration, receipts, operators))
    yield "who sees what is published", tuple(_public(configuration, receipts))


def _costs(receipts: Sequence[Document], collection: Document, audience: str) -> list[float]:
    costs = [receipt["guarantees"][audience] for receipt in receipts if receipt["collection"]["name"] == collection["name"]]
    return [cost for cost in costs if cost is not None]


def _noised(receipts: Sequence[Document], collection: Document) -> list[Document]:
    return [receipt for receipt in receipts if receipt["collection"]["name"] == collection["name"] and receipt.get("noise")]


def _analyzer(configuration: Document, receipts: Sequence[Document], operators: int) -> Iterator[str]:
    for collection in configuration["collections"]:
        yield answer_words(collection)
    if any(receipt.get("noise") for receipt in receipts):
        yield "it adds the noise on the published counts itself, so that noise hides nothing from it"
    if operators == 1:
        yield "relay and analyzer are of one operator, who could link an answer to an address: only the odds above hold here"
        return
    for collection in configuration["collections"]:
        if claimed := _costs(receipts, collection, "shuffled"):
            yield (f"{collection['name']}: shuffled among the batch's, one report is worth epsilon {max(claimed):.6f} at most")


def answer_words(collection: Document) -> str:
    """What one answer says."""
    mechanism, values = collection["mechanism"], collection["domain_size"] + 1
    w, v = mechanism["w"], mechanism["v"]
    modulus, _ = modulus_and_collision(mechanism, collection["domain_size"])
    kept, odds = math.floor(1000 * w / (w + v * (modulus - 1)) + 1) / 10, math.ceil(w / v)
    alike = values / modulus
    shared = f", and then some {alike:,.0f} of {values:,} answers look like it" if alike >= 1.5 else ""
    question = QUESTIONS.get(collection["kind"], collection["kind"])
    return (
        f"{collection['name']}: one blurred answer a client and epoch at most, to the question {question}. It is kept with "
        f"probability {kept:.1f} % or less{shared}; no answer is more than {odds} times likelier for one shopper than another "
        f"(epsilon {collection['epsilon_micro'] / MICRO:.6f})"
    )


def _public(configuration: Document, receipts: Sequence[Document]) -> Iterator[str]:
    yield "counts with their noise, and the order of the pool; no report, no address, no order of arrival"
    for collection in configuration["collections"]:
        if costs := _costs(receipts, collection, "public"):
            yield (
                f"{collection['name']}: one report is worth epsilon {max(costs):.6f} at most in {len(costs)} published batches"
            )
        if noised := _noised(receipts, collection):
            sigma = min(receipt["noise"]["sigma"] for receipt in noised)
            batches = f"{len(noised)} batches" if len(noised) > 1 else "one batch"
            worth = max(receipt["guarantees"].get("noised") or receipt["guarantees"]["local"] for receipt in noised)
            yield (
                f"{collection['name']}: noise of sigma {sigma:g} or more was added once to each count of {batches}; "
                f"by it alone one report is worth epsilon {worth:.6f} at most, even if all others of the batch tell theirs"
            )
