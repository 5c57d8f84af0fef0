"""A spike of twenty times the mean: back-pressure, nothing lost of what was accepted, and when it is over."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.aggregator_load import CONNECTIONS, RETRY_S, Answers, Relay, Sender, check_stored, connect, post, start_relay
from benchmarks.result import percentile
from contracts import BODY_BYTES

SPIKE = 20
MEAN_PER_S = 200
"""17 million reports a day."""
QUEUE_MOST_IN_SPIKE = CONNECTIONS // 2


def spike_load(seconds: int, mean_per_s: int = MEAN_PER_S) -> dict[str, Any]:
    """Twenty times the mean for so long, then the mean until p99 is back; a refused report comes again after Retry-After.

    Its queue is made small, so that back-pressure is seen: what is refused is counted, what was accepted must be on the disk.
    """
    with tempfile.TemporaryDirectory() as folder:
        relay = start_relay(Path(folder), queue_most=QUEUE_MOST_IN_SPIKE)
        try:
            answers, found = Answers(), asyncio.run(_spike(relay, seconds, mean_per_s))
            answers.accepted = found.pop("accepted")
            found["relay_peak_bytes"] = relay.peak_bytes()
        finally:
            relay.stop()
        return {**found, "lost": check_stored(relay, answers), "seconds": seconds, "mean_per_s": mean_per_s, "times": SPIKE}


async def _spike(relay: Relay, seconds: int, mean_per_s: int) -> dict[str, Any]:
    quiet, spike, after = Answers(), Answers(), Answers()
    await _offer(relay, 3, mean_per_s, quiet)
    late = await _offer(relay, seconds, SPIKE * mean_per_s, spike)
    began = time.perf_counter()
    usual = max(0.02, 3 * percentile(quiet.seconds, 0.99))
    recovered = None
    while recovered is None and time.perf_counter() - began < 60:
        window = Answers()
        await _offer(relay, 1, mean_per_s, window)
        after.accepted += window.accepted
        if window.statuses[202] == sum(window.statuses.values()) and percentile(window.seconds, 0.99) <= usual:
            recovered = time.perf_counter() - began
    return {
        "offered": SPIKE * mean_per_s * seconds, "accepted_in_spike": spike.statuses[202], "refused_429": spike.statuses[429],
        "other": {status: n for status, n in spike.statuses.items() if status not in (202, 429)}, "never_accepted": late,
        "p99_ms_quiet": quiet.ms(0.99), "p99_ms_spike": spike.ms(0.99),
        "recovery_s": None if recovered is None else round(recovered, 2),
        "accepted": quiet.accepted + spike.accepted + after.accepted,
    }  # fmt: skip


async def _offer(relay: Relay, seconds: float, per_s: int, answers: Answers) -> int:
    """An open loop: reports come when they come. Returns how many gave up after three refusals."""
    senders = [await connect(relay) for _ in range(CONNECTIONS)]
    free: asyncio.Queue[Sender] = asyncio.Queue()
    for sender in senders:
        free.put_nowait(sender)
    gave_up = 0

    async def one() -> None:
        nonlocal gave_up
        body = os.urandom(BODY_BYTES)
        for _ in range(3):
            sender = await free.get()
            try:
                sender, status = await post(relay, sender, body, answers)
            except OSError:
                sender, status = await connect(relay), 0
            free.put_nowait(sender)
            if status == 202:
                return
            await asyncio.sleep(RETRY_S)
        gave_up += 1

    began, tasks = time.perf_counter(), []
    for tick in range(int(seconds * 50)):
        tasks += [asyncio.create_task(one()) for _ in range(per_s // 50)]
        await asyncio.sleep(max(0.0, began + (tick + 1) / 50 - time.perf_counter()))
    await asyncio.gather(*tasks)
    for sender in senders:
        sender.transport.close()
    return gave_up
