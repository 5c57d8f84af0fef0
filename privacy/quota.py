"""A quota for each network prefix, in memory only: what stands against floods where there are no tokens.

Prefixes (/24 of IPv4, /56 of IPv6) are kept as keyed hashes under a key of this process, drawn anew in each window: neither
an address nor a count of it outlives the window, and nothing is written anywhere.
"""

from __future__ import annotations

import hashlib
import ipaddress
import os
from collections import Counter
from collections.abc import Callable

IPV4_BITS, IPV6_BITS = 24, 56
PREFIXES_MOST = 1_000_000
"""Prefixes held at a time; beyond it new ones are let through uncounted: the quota never becomes a way to stop others."""


class PrefixQuota:
    """At most `most` reports of a prefix in each window of `window_s` seconds."""

    def __init__(self, most: int, window_s: float, random_bytes: Callable[[int], bytes] = os.urandom) -> None:
        self._most, self._window_s, self._random = most, window_s, random_bytes
        self._window, self._key, self._seen = -1, b"", Counter[bytes]()

    def allows(self, address: str, now_s: float) -> bool:
        """Count one report; False beyond the quota. An address that is none (a Unix socket) is not counted."""
        window = int(now_s // self._window_s)
        if window != self._window:
            self._window, self._key, self._seen = window, self._random(32), Counter()
        prefix = prefix_of(address)
        if prefix is None:
            return True
        place = hashlib.blake2b(prefix, key=self._key, digest_size=16).digest()
        if place not in self._seen and len(self._seen) >= PREFIXES_MOST:
            return True
        self._seen[place] += 1
        return self._seen[place] <= self._most


def prefix_of(address: str) -> bytes | None:
    """Network prefix of an address; None if it is no IP address."""
    try:
        found = ipaddress.ip_address(address.split("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    found = mapped or found
    bits = IPV4_BITS if found.version == 4 else IPV6_BITS
    return b"%d/" % found.version + found.packed[: bits // 8]
