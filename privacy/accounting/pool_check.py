"""A pool against the published counts that ordered it. Standard library alone.

The counts file holds d + 1 float64, little-endian, value 0 (NONE) first. Each pool item states its count rounded to
`POOL_DECIMALS`, and an interval around it; both must recompute from the file, so that no item is pushed by hand.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from statistics import NormalDist
from typing import Any

from privacy.accounting.guarantees import modulus_and_collision

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


def half_width(mechanism: Mapping[str, Any], domain_size: int, reports: int, confidence: float) -> float:
    """z sd: half the interval around each count, of the normal approximation at a one-sided confidence.

    sd = sqrt(n s (1 - s)) / (p - s), p = w / (w + v (m - 1)), r = v / (w + v (m - 1)), s = C p + (1 - C) r
    (privacy.estimators).
    """
    w, v = int(mechanism["w"]), int(mechanism["v"])
    m, collision = modulus_and_collision(mechanism, domain_size)
    draws = w + v * (m - 1)
    p, r = w / draws, v / draws
    s = collision * p + (1 - collision) * r
    return NormalDist().inv_cdf(confidence) * math.sqrt(reports * s * (1 - s)) / (p - s)


def pool_faults(pool: Mapping[str, Any], counts: tuple[float, ...], half: float) -> list[Found]:
    """Items whose count or interval is not the file's, who are called wanted though the interval holds 0, or who stand twice."""
    found: list[Found] = []
    seen: set[int] = set()
    for place, entry in enumerate(pool["items"]):
        item = entry["item"]
        if item in seen:
            found.append((f"items[{place}].item", f"is {item}, which stands in the pool already"))
        seen.add(item)
        known = item < len(counts)  # an item that is newer than the domain could not be reported
        count = counts[item] if known else 0.0
        reach = half if known else 0.0
        for name, want in (("count", count), ("low", count - reach), ("high", count + reach)):
            if abs(entry[name] - want) > ROUNDING:
                found.append((f"items[{place}].{name}", f"is {entry[name]}, the counts file says {round(want, POOL_DECIMALS)}"))
        if entry["reason"] == "wanted" and count - reach < -ROUNDING:
            found.append(
                (f"items[{place}].reason", f"is wanted, though its lower bound is {round(count - reach, POOL_DECIMALS)}")
            )
    return found
