"""Where the console meets the accountant: every guarantee stands in `privacy.accounting`, here are its rows and words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from privacy.accounting import guarantees
from privacy.accounting.guarantees import DELTA

Document = dict[str, Any]

AUDIENCES = {
    "local": "whoever receives a report",
    "shuffled": "the analyzer's operator",
    "public": "who sees released pools",
}
NOISED = "noised"
NOISED_WORDS = "all but the analyzer's operator"
"""A fourth audience, where a receipt states noise: whoever else colludes, by the noise alone."""
MICRO = 1_000_000


def text(epsilon: float | None) -> str:
    """A privacy loss as it is shown. The accountant has rounded it up to six decimals, so these are all its digits."""
    return "not claimed" if epsilon is None else f"{epsilon:.6f}"


def recompute(receipt: Document) -> dict[str, float | None]:
    """{local, shuffled, public, delta} that follow from a receipt's mechanism, batch and operators; noised, with its noise."""
    collection = receipt["collection"]
    return guarantees(
        collection["mechanism"], collection["domain_size"], receipt["reports"], receipt["minimum_batch"], receipt["operators"],
        receipt["guarantees"]["delta"] or DELTA, noise=receipt.get("noise"),
    )  # fmt: skip


def mechanism_text(collection: Document, noise: Document | None = None) -> str:
    """A mechanism, and the noise on its counts, in a few words."""
    mechanism = collection["mechanism"]
    weights = f"{mechanism['w']} : {mechanism['v']}"
    added = f", noise {noise['sigma']:g}" if noise else ""
    if mechanism["kind"] == "affine_point":
        return f"affine {mechanism['q']}^{mechanism['dimension']}, {weights}{added}"
    return f"{collection['domain_size'] + 1}-ary, {weights}{added}"


def totals(receipts: Sequence[Document]) -> list[dict[str, str]]:
    """Rows of what one client that reported in every epoch has spent, by collection and audience.

    Sequential composition: epsilons and deltas add up. A client sends at most one report in an epoch, so of an epoch's
    buckets (two while keys rotate) the dearest counts.
    """
    rows = []
    for name in dict.fromkeys(receipt["collection"]["name"] for receipt in receipts):
        of = [receipt for receipt in receipts if receipt["collection"]["name"] == name]
        audiences = (*AUDIENCES, NOISED) if any(receipt.get("noise") for receipt in of) else AUDIENCES
        rows += [total(name, audience, of) for audience in audiences]
    return rows


def total(name: str, audience: str, receipts: Sequence[Document]) -> dict[str, str]:
    """One row. An audience against which one epoch claims nothing has no total."""
    each = [(receipt["epoch"], recompute(receipt)) for receipt in receipts]
    each = [(epoch, {NOISED: found["local"], **found}) for epoch, found in each]  # a batch without noise hides nobody from others
    dearest: dict[int, float] = {}
    for epoch, found in each:
        dearest[epoch] = max(dearest.get(epoch, 0.0), found[audience] or 0.0)
    deltas = {epoch: found["delta"] or 0.0 for epoch, found in each if audience != "local"}
    claimed = all(found[audience] is not None for _, found in each)
    # In millionths: the sum of multiples of 10^-6 is one, which a sum of floats need not print as.
    spent = sum(round(epsilon * MICRO) for epsilon in dearest.values()) / MICRO
    return {
        "collection": name, "audience": AUDIENCES.get(audience, NOISED_WORDS), "epochs": str(len(dearest)),
        "epsilon": text(spent if claimed else None), "delta": f"{sum(deltas.values()) if claimed else 0:g}",
        "reports": str(sum(receipt["reports"] for receipt in receipts)),
    }  # fmt: skip
