"""What a close states and what it may spend: both from the privacy package."""

from __future__ import annotations

from contracts import MICRO, Bucket, Collection, Guarantees
from privacy.accounting import guarantees
from privacy.server_ledger import ServerLedger


def guarantees_of(collection: Collection, reports: int, minimum_batch: int, operators: int, delta: float) -> Guarantees:
    """Guarantees of one client's report in a batch of that size, by audience."""
    mechanism = collection.mechanism.model_dump()
    return Guarantees.model_validate(guarantees(mechanism, collection.domain_size, reports, minimum_batch, operators, delta))


def budget_allows(ledger: ServerLedger, bucket: Bucket, collection: Collection, budget_epsilon: float | None) -> bool:
    """Whether the close fits the collection's budget, in sequential composition. A bucket in the ledger is spent already."""
    if budget_epsilon is None or ledger.find(bucket) is not None:
        return True
    return ledger.spent_micro(collection.id) + collection.epsilon_micro <= int(budget_epsilon * MICRO)
