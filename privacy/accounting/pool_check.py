"""A pool against the published counts that ordered it. Standard library alone.

The counts file holds d + 1 float64, little-endian, value 0 (NONE) first. Each pool item states its count rounded to
`POOL_DECIMALS`, and its score interval (privacy.accounting.score); both must recompute from the file, the receipt's mechanism and
the number of reports, so that no item is pushed by hand.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from privacy.accounting.score import ScoreInterval

POOL_DECIMALS = 3
ROUNDING = 0.6 * 10**-POOL_DECIMALS
"""Half a unit of the last decimal, and a little for the float64 sums."""
Found = tuple[str, str]
"""(field, what is wrong with it)."""


def counts_of(data: bytes, domain_size: int) -> tuple[float, ...] | str:
    """Counts of values 0..d, or what is wrong with the file."""
    if len(data) != 8 * (domain_size + 1):
        return f"has {len(data)} bytes, want 8 for each of the values 0 to {domain_size}"
    counts = struct.unpack(f"<{domain_size + 1}d", data)
    bad = next((value for value, count in enumerate(counts) if not math.isfinite(count)), None)
    return counts if bad is None else f"has no finite count at value {bad}"


def smoothed_counts(parts: Sequence[tuple[tuple[float, ...], float]]) -> tuple[float, ...]:
    """sum of factor * counts, value by value; `parts` are (counts, factor), all of one domain."""
    return tuple(sum(factor * counts[value] for counts, factor in parts) for value in range(len(parts[0][0])))


def pool_faults(pool: Mapping[str, Any], counts: tuple[float, ...], interval: ScoreInterval) -> list[Found]:
    """Items whose count or interval is not the file's, who are called wanted though the interval holds 0, or who stand twice."""
    found: list[Found] = []
    seen: set[int] = set()
    for place, entry in enumerate(pool["items"]):
        item = entry["item"]
        if item in seen:
            found.append((f"items[{place}].item", f"is {item}, which stands in the pool already"))
        seen.add(item)
        # An item that is newer than the domain could not be reported.
        low, high = interval.around(counts[item]) if item < len(counts) else (0.0, 0.0)
        for name, want in (("count", counts[item] if item < len(counts) else 0.0), ("low", low), ("high", high)):
            if not abs(entry[name] - want) <= ROUNDING:
                found.append((f"items[{place}].{name}", f"is {entry[name]}, the counts file says {round(want, POOL_DECIMALS)}"))
        if entry["reason"] == "wanted" and entry["low"] <= 0:
            found.append((f"items[{place}].reason", f"is wanted, though its lower bound is {entry['low']}"))
    return found
