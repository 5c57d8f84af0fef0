"""Parts of the simulation: a log that behaves as Kafka does, a worker's process, what senders know, and the published cells."""

from __future__ import annotations

import random
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from release_parts import Shop

from aggregator.analyzer.app import Analyzer
from aggregator.analyzer.store import Claim
from aggregator.errors import TransportRefused
from aggregator.transport import Delivered
from contracts import Receipt
from privacy.estimators import support_of
from privacy.mechanisms import mechanism_of
from privacy.randomizer_many import discrete_gaussian_many

PARTITIONS = 3


def run_now(act: Coroutine[Any, Any, Any]) -> Any:
    """A coroutine that waits for nothing."""
    try:
        act.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("it waited")


class Inline:
    """The relay's store thread, without a thread."""

    async def call(self, act: Callable[[], Any]) -> Any:
        return act()


class Log:
    """Kafka: appends in any order, may say nothing after it has appended."""

    def __init__(self, rng: random.Random) -> None:
        self.partitions: list[list[bytes]] = [[] for _ in range(PARTITIONS)]
        self._rng, self.lossy = rng, 0.0
        self.lost_answers = 0

    async def put(self, batches: list[tuple[bytes, bytes]]) -> None:
        shuffled = self._rng.sample(batches, len(batches))
        for at, (_, value) in enumerate(shuffled):
            if self._rng.random() < self.lossy / len(shuffled):
                self.lost_answers += 1
                raise TransportRefused(f"simulated: no answer after {at} batches")
            self._rng.choice(self.partitions).append(value)
        if self._rng.random() < self.lossy:
            self.lost_answers += 1
            raise TransportRefused("simulated: all there, no answer")


@dataclass
class Consumer:
    """One worker's process: what Kafka told it, and what it has fetched."""

    analyzer: Analyzer
    claims: dict[int, Claim] = field(default_factory=dict)
    position: dict[int, int] = field(default_factory=dict)
    buffered: dict[int, list[Delivered]] = field(default_factory=dict)


@dataclass
class Sent:
    """What the senders of one bucket know."""

    bodies: list[bytes]
    accepted: set[int] = field(default_factory=set)
    unknown: set[int] = field(default_factory=set)


class Draws:
    """Noise that is remembered: what was published must be the messages and one draw, of each bucket another, and no second."""

    def __init__(self, seed: int) -> None:
        self._rng, self.made, self.used = np.random.default_rng(seed), list[Any](), set[int]()

    def __call__(self, sigma: float, values: int) -> Any:
        self.made.append(discrete_gaussian_many(sigma, values, self._rng))
        return self.made[-1]

    def without(self, cells: Any) -> Any:
        """Cells less the one draw that leaves only 0 and 1 in them, whose turn it is not to be found again."""
        fits = [at for at, drawn in enumerate(self.made) if set((cells - drawn).tolist()) <= {0, 1}]
        assert len(fits) == 1, f"{len(fits)} of {len(self.made)} draws fit"
        assert fits[0] not in self.used, "one draw was used for two buckets"
        self.used.update(fits)
        return cells - self.made[fits[0]]


def histogram(shop: Shop, receipt: Receipt) -> Any:
    """int[d + 1]: the messages of a k-ary collection, from its published counts: n(x) = (S(x) - n s) / (p - s)."""
    mechanism = mechanism_of(receipt.collection)
    support = support_of(mechanism)
    counts = np.frombuffer((shop.public / "files" / f"{receipt.counts}.f64").read_bytes(), dtype="<f8")
    cells = counts * (support.own - support.other) + receipt.reports * support.other
    assert np.abs(cells - np.rint(cells)).max() < 1e-6
    return np.rint(cells).astype(int)
