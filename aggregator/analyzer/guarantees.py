"""What a close states and what it may spend: both from the privacy package."""

from __future__ import annotations

from contracts import Bucket, Collection, Guarantees
from privacy import LedgerRefused
from privacy.accounting import guarantees
from privacy.mechanisms import mechanism_of
from privacy.server_ledger import ServerLedger


def guarantees_of(collection: Collection, reports: int, minimum_batch: int, operators: int, delta: float) -> Guarantees:
    """Guarantees of one client's report in a batch of that size, by audience."""
    mechanism = collection.mechanism.model_dump()
    return Guarantees.model_validate(guarantees(mechanism, collection.domain_size, reports, minimum_batch, operators, delta))


def budget_allows(ledger: ServerLedger, bucket: Bucket, collection: Collection, budget_epsilon: float | None) -> bool:
    """Whether the close fits the collection's budget, by the integers of the ledger and by OpenDP's filter, both.

    A bucket that stands in the ledger is spent already: its close is only being finished.
    """
    if budget_epsilon is None or ledger.find(bucket) is not None:
        return True
    from privacy.server_filter import ServerFilter  # OpenDP: loaded only where a budget is set

    spent = [entry.epsilon_micro for entry in ledger.all() if entry.collection == collection.id]
    try:
        ServerFilter(budget_epsilon, spent).spend(mechanism_of(collection))
    except LedgerRefused:
        return False
    return True
