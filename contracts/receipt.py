"""Receipt: what a published count cost in privacy. Ledger entry: its link in the hash chain."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from contracts.collection import Collection
from contracts.record import Record, Sha256Hex
from contracts.report import Bucket


def _absent(value: object) -> bool:
    """A field that a document without it does not spell out: receipts without noise keep the bytes that they always had."""
    return value is None


class Noise(Record):
    """Noise on the support counts of the values 0..d, drawn once, before anything of them was published."""

    kind: Literal["discrete_gaussian"] = "discrete_gaussian"
    sigma: float = Field(ge=1, le=1e9, description="each support count got its own k with probability ~ exp(-k^2 / (2 sigma^2))")
    support_most: int = Field(
        ge=1, description="most values that one message supports: a report moves the counts by sqrt(2 support_most) at most"
    )


class Guarantees(Record):
    """Epsilon of one client's report, by audience; always stated together. Rounded up."""

    local: float = Field(description="against everyone who receives the report: ln(w / v)")
    shuffled: float | None = Field(
        default=None, description="against the analyzer's operator; null unless relay and analyzer are of different operators"
    )
    public: float = Field(description="against who sees only released pools")
    delta: float = Field(default=0.0, ge=0, description="of `shuffled`, `public` and `noised`; 0 where they equal `local`")
    noised: float | None = Field(
        default=None,
        exclude_if=_absent,
        description="by the noise alone: against all but the analyzer's operator, shuffled or not, whoever else colludes",
    )


class Refusals(Record):
    """Reports of the bucket that were not counted, by reason."""

    unopened: int = Field(default=0, ge=0, description="HPKE refused")
    duplicate: int = Field(default=0, ge=0)
    malformed: int = Field(default=0, ge=0)
    out_of_range: int = Field(default=0, ge=0)
    missing: int = Field(default=0, ge=0, description="announced by the relay, and not there when the bucket had to close")


class Receipt(Record):
    """What the `pool` role signs for each closed bucket."""

    type: Literal["receipt"] = "receipt"
    shop: str
    demo: bool
    release: Sha256Hex = Field(description="SHA-256 of the configuration")
    collection: Collection
    epoch: int = Field(ge=0)
    epoch_s: int = Field(ge=1)
    key_id: int = Field(ge=0, le=255)
    operators: int = Field(ge=1, le=2, description="1: relay and analyzer are of one operator, no shuffled epsilon is claimed")
    minimum_batch: int = Field(ge=1)
    reports: int = Field(ge=0, description="reports counted")
    refusals: Refusals
    guarantees: Guarantees
    noise: Noise | None = Field(default=None, exclude_if=_absent, description="absent: the counts are published without noise")
    pool: Sha256Hex | None = Field(default=None, description="pool that these counts ordered, null if none")
    counts: Sha256Hex = Field(description="SHA-256 of the estimated counts, float64 little-endian, value 0 first")

    @property
    def bucket(self) -> Bucket:
        """The bucket that this receipt closes."""
        return Bucket(self.release, self.collection.id, self.epoch, self.key_id)


class LedgerEntry(Record):
    """What the `ledger` role signs: one spending, chained to the one before."""

    type: Literal["ledger-entry"] = "ledger-entry"
    index: int = Field(ge=0, description="0, 1, 2, ... without gaps")
    previous: str = Field(description="SHA-256 of the payload of entry index - 1, '' for the first")
    time: int = Field(ge=0)
    receipt: Sha256Hex = Field(description="SHA-256 of the receipt's payload")
    release: Sha256Hex
    collection: int = Field(ge=1, le=255)
    epoch: int = Field(ge=0)
    key_id: int = Field(ge=0, le=255)
    epsilon_micro: int = Field(ge=0, description="local epsilon of one report, in millionths, rounded up")
    reports: int = Field(ge=0)
