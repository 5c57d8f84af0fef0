"""Would this fit? The decision that is taken later, taken now: by the bundle, by a client's ledger, by the server's budget."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from contracts import CAP_DAYS, MICRO, Collection, Configuration, Receipt
from privacy.accounting import forecast, limit_faults
from privacy.budget import DAY_MS, Debit, check_client_budget, spent_micro
from privacy.mechanisms import mechanism_of


@dataclass(frozen=True)
class Forecast:
    """What would become of a collection that is added to a configuration."""

    collection: str
    bundle_accepts: bool
    """Whether published bundles would act on the configuration with it."""
    faults: tuple[str, ...]
    client_allows: bool
    """Whether a client that reported in every published epoch so far could still pay one report of it."""
    client_reports_left: int
    """Reports of it that this client could pay before the oldest debit falls out of the window."""
    client_allows_again: int | None
    """Seconds since 1970 at which that client can pay the next one; None: now, or never."""
    server_allows: bool | None
    """Whether the server's budget takes a first close of it; None where no budget is set."""

    @property
    def fits(self) -> bool:
        """Everyone who will decide says yes."""
        return self.bundle_accepts and self.client_allows and self.server_allows is not False


def forecast_collection(
    configuration: Configuration, added: Collection, debits: Sequence[Debit], now_ms: int, *,
    demo_bundle: bool = False, server_budget_epsilon: float | None = None, server_spent_micro: int = 0,
) -> Forecast:  # fmt: skip
    """Forecast for `added`; `debits`: what a client has spent so far. Decides nothing and records nothing."""
    document = configuration.model_dump(mode="json")
    document["collections"] = [*document["collections"], added.model_dump(mode="json")]
    faults = tuple(f"{field}: {what}" for field, what in limit_faults(document, demo_bundle))
    micro, spent = mechanism_of(added).epsilon_micro, spent_micro(debits, now_ms)
    cap_micro = math.floor(configuration.cap_epsilon * MICRO)
    allows = forecast(spent, micro, configuration.cap_epsilon)
    again = None if allows else _again_ms(debits, now_ms, micro, cap_micro)
    server = None
    if server_budget_epsilon is not None:
        server = server_spent_micro + micro <= math.floor(server_budget_epsilon * MICRO)
    return Forecast(
        collection=added.name, bundle_accepts=not faults, faults=faults, client_allows=allows,
        client_reports_left=max(0, cap_micro - spent) // micro, client_allows_again=None if again is None else -(-again // 1000),
        server_allows=server,
    )  # fmt: skip


def _again_ms(debits: Sequence[Debit], now_ms: int, micro: int, cap_micro: int) -> int | None:
    """When enough debits are old enough; None if the report alone exceeds the cap."""
    if micro > cap_micro:
        return None
    for debit in sorted(debits, key=lambda each: each.time_ms):
        then = debit.time_ms + CAP_DAYS * DAY_MS
        if then >= now_ms and spent_micro(debits, then) + micro <= cap_micro:
            return then
    return now_ms


def busiest_debits(receipts: Iterable[Receipt], cap_epsilon: float) -> list[Debit]:
    """Debits of a client that visited in every published epoch, was asked the dearest collection, and was refused at the cap."""
    dearest: dict[int, int] = {}
    for receipt in receipts:
        at_ms = receipt.epoch * receipt.epoch_s * 1000
        dearest[at_ms] = max(dearest.get(at_ms, 0), receipt.collection.epsilon_micro)
    debits: list[Debit] = []
    for at_ms, micro in sorted(dearest.items()):
        if check_client_budget(debits, at_ms, micro, cap_epsilon).allowed:
            debits.append(Debit(at_ms, micro))
    return debits
