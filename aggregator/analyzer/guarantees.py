"""What a close states and what it may spend: both from the privacy package."""

from __future__ import annotations

from collections.abc import Callable

from contracts import Bucket, Collection, Guarantees, Noise
from privacy import LedgerRefused
from privacy.accounting import guarantees
from privacy.estimators import DrawnNoise, Int64
from privacy.mechanisms import mechanism_of
from privacy.server_ledger import ServerLedger

Draw = Callable[[float, int], Int64]
"""(sigma, values) -> int64[values]: noise of the discrete Gaussian, independent for each value."""


def guarantees_of(
    collection: Collection, reports: int, minimum_batch: int, operators: int, delta: float, noise: Noise | None = None
) -> Guarantees:
    """Guarantees of one client's report in a batch of that size, by audience."""
    mechanism, added = collection.mechanism.model_dump(), noise.model_dump() if noise else None
    found = guarantees(mechanism, collection.domain_size, reports, minimum_batch, operators, delta, noise=added)
    return Guarantees.model_validate(found)


def noise_of(collection: Collection, epsilon: float | None, delta: float, draw: Draw | None = None) -> DrawnNoise | None:
    """A draw of the noise that a close's counts get, another one at each call; None where it is off.

    `draw`: None for OpenDP's, whose randomness is the system's. Raises `MechanismRefused`.
    """
    if epsilon is None:
        return None
    from privacy.noise import draw_noise, least_noise  # OpenDP: loaded only where noise is on

    stated = Noise.model_validate(least_noise(mechanism_of(collection), epsilon, delta))
    return DrawnNoise(stated, (draw or draw_noise)(stated.sigma, collection.domain_size + 1))


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
