"""One suite for every transport; the Kafka smoke run calls it as well."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable

from aggregator.transport import Transport

Read = Callable[[], Awaitable[list[tuple[str, int, bytes]]]]
"""Everything that the transport holds: (partition, offset, value)."""


async def conform(make: Callable[[], Transport], read: Read) -> None:
    """Promise: all that `put` returned for is there, byte for byte, offsets rising, also after reopening; again is harmless."""
    batches = [(b"key-%d" % number, secrets.token_bytes(50 + number)) for number in range(20)]
    first = make()
    await first.put(batches[:10])
    await first.put([])
    await first.close()
    second = make()
    await asyncio.gather(second.put(batches[10:15]), second.put(batches[15:]))
    await second.put(batches[5:12])  # after a crash the relay hands over what it is not sure of
    await second.close()
    found = await read()
    assert {value for _, _, value in found} == {value for _, value in batches}, "lost or torn"
    assert len({(partition, offset) for partition, offset, _ in found}) == len(found), "one place, two batches"
    for name in {partition for partition, _, _ in found}:
        offsets = [offset for partition, offset, _ in found if partition == name]
        assert offsets == sorted(offsets)
