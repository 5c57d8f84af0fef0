"""The session sets of `benchmarks.model`: where they lie, and within how many bytes their models must fit."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

DATA = Path(os.environ.get("INTENTLY_DATA", "../shared/data"))

FULL_ITEM_BYTES, SMALL_ITEM_BYTES = 31, 11.5
ENCODER_BYTES = 95_000
"""For a set without a stated budget: so many bytes for the encoder, and so many an item."""
FEW_ITEMS = 1_000
"""Below it rows are stored whole, and a small file would be the same file."""


@dataclass(frozen=True)
class SessionSet:
    """One set, and what its two files may weigh (brotli)."""

    name: str
    path: Path
    full_bytes: int | None = None
    small_bytes: int | None = None

    def budgets(self, items: int) -> dict[str, int]:
        """`full` and `small` in bytes; for a set that has a `full` alone, that alone."""
        if self.full_bytes is not None:
            return {"full": self.full_bytes} | ({} if self.small_bytes is None else {"small": self.small_bytes})
        full = {"full": ENCODER_BYTES + round(FULL_ITEM_BYTES * items)}
        return full if items < FEW_ITEMS else full | {"small": ENCODER_BYTES + round(SMALL_ITEM_BYTES * items)}


SETS = {
    one.name: one
    for one in (
        SessionSet("diginetica", DATA / "diginetica/sessions.npz", 1_500_000, 600_000),
        SessionSet("retailrocket", DATA / "retailrocket/sessions.npz", 1_300_000, 500_000),
        SessionSet("eshop", DATA / "eshop/events.parquet", 100_000, None),
    )
}
