"""A client's ledger: the Python twin of the browser's (browser_runtime/src/reports/ledger.ts), for simulations and for proofs.

One slot for each epoch. Spending is: check everything, record debit and sealed bytes in one commit, and only then hand out the
bytes. What a crash leaves is what was committed: bytes that were never recorded never leave, and what left is paid for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from contracts import CAP_DAYS, MICRO
from privacy.budget import DAY_MS, Debit, check_client_budget
from privacy.errors import LedgerRefused


@dataclass(frozen=True)
class Sealed:
    """One epoch's report."""

    body: bytes
    micro: int
    time_ms: int
    ends_ms: int


Slots = Mapping[int, Sealed]
"""By the epoch's start in ms."""
Commit = Callable[[Slots], None]
"""Makes the slots durable, whole or not at all; raises where it cannot."""


class ClientLedger:
    """`slots` are what the last commit left; every change goes through `commit` before it counts."""

    def __init__(self, cap_epsilon: float, commit: Commit, slots: Slots | None = None) -> None:
        if not cap_epsilon > 0:
            raise LedgerRefused(f"client ledger: got a cap of {cap_epsilon}, want above 0")
        self._cap, self._commit, self._slots = cap_epsilon, commit, dict(slots or {})

    def report(self, starts_ms: int, ends_ms: int, now_ms: int, micro: int, seal: Callable[[], bytes]) -> bytes | None:
        """The bytes to send for an epoch: sealed and debited now, or the identical ones again. None: nothing may leave.

        None at the cap, after the epoch, and where the epoch overlaps another that this client took part in, as after a clock
        that was set back.
        """
        if not starts_ms <= now_ms < ends_ms:
            return None
        known = self._slots.get(starts_ms)
        if known is not None:
            return known.body if known.ends_ms == ends_ms else None
        if any(slot.ends_ms > starts_ms for slot in self._slots.values()):
            return None
        debits = [Debit(slot.time_ms, slot.micro) for slot in self._slots.values()]
        if not check_client_budget(debits, now_ms, micro, self._cap).allowed:
            return None
        slots = {**self._remembered(now_ms), starts_ms: Sealed(seal(), micro, now_ms, ends_ms)}
        self._commit(slots)
        self._slots = slots
        return slots[starts_ms].body

    def left(self, now_ms: int) -> int:
        """Millionths that the cap still allows."""
        spent = sum(slot.micro for slot in self._slots.values() if now_ms - slot.time_ms < CAP_DAYS * DAY_MS)
        return max(0, math.floor(self._cap * MICRO) - spent)

    def _remembered(self, now_ms: int) -> dict[int, Sealed]:
        """Slots that the cap still counts, and the newest: it keeps a clock that goes back from opening an epoch again."""
        newest = max((slot.ends_ms for slot in self._slots.values()), default=0)
        return {
            starts: slot
            for starts, slot in self._slots.items()
            if now_ms - slot.time_ms < CAP_DAYS * DAY_MS or slot.ends_ms == newest
        }
