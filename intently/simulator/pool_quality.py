"""How good a pool made of private reports is, beside one of the shop's own access log: simulated on real or simulated sessions.

Truth is the share of views of each item in the newest window of a log's train sessions; an epoch's reports are drawn from its own
window, each older epoch's a little earlier, so that demand drifts as it did in the log. The base order is that of the older half.
The access log sees every view of the visitors behind the reports, but for a share that a cache or client rendering hides from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from aggregator.pools import Counts, EpochCounts, Evidence, PoolParts, PoolRules, base_pool, gather, make_pools, posterior
from contracts import IntentlyError, Noise, Pool, Record
from edge_model import SessionLog
from edge_model.instances import instances_for_test
from privacy.accounting.guarantees import DELTA
from privacy.accounting.noise import noise_for
from privacy.estimators import DrawnNoise, estimate, support_of
from privacy.mechanisms import choose_mechanism
from privacy.randomizer_many import discrete_gaussian_many, randomize_many

WINDOW = 1 / 14
"""Share of the train sessions whose views are an epoch's demand."""
STEP = WINDOW / 28
"""How much earlier each older epoch's window lies: a quarter of a day, were a window a week."""
TOP, HIT = 500, 100
SESSION_VIEWS = 4.0
"""Views of a visitor that the access log sees where nothing is hidden, when a log does not say."""

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]


class Quality(Record):
    """How good one list is; shares from 0 to 1."""

    top: int
    """k: 500, or a quarter of a small catalogue."""
    recall: float
    """Share of the k truly most viewed items that are among its first k."""
    mass: float
    """Views that its first k items take, over what the true ones take."""
    hit100: float
    """Next clicks of the test sessions among the first 100 of the last item's category (of the whole list without categories)."""


class PrivateQuality(Quality):
    """Of a pool of private reports."""

    covered: float
    """Share of items whose true count lies within its 95 % interval."""
    wanted: int
    false_entries: int
    """Wanted items that nobody reported; `PoolRules.false_entries` are stated."""


@dataclass(frozen=True)
class Market:
    """A log, seen as demand that drifts."""

    log: SessionLog
    truth: Float64
    """float64[items], shares of the newest window."""
    base: Pool

    @classmethod
    def of(cls, log: SessionLog, rules: PoolRules) -> Market:
        """Raises `IntentlyError` where the log is too small to be cut into windows."""
        if log.train_count * STEP < 1:
            raise IntentlyError(f"{log.name}: got {log.train_count} train sessions, want {round(1 / STEP)} or more")
        older = _counts(log, 0.0, 0.5)
        order = [int(item) + 1 for item in np.argsort(-older, kind="stable") if older[item]]
        newest = _counts(log, 1 - WINDOW, 1.0).astype(np.float64)
        return cls(log, newest / newest.sum(), base_pool("simulated", True, order, rules))

    def reports(self, age: int, count: int, rng: np.random.Generator) -> Int64:
        """int64[count]: the item of each report of the epoch so many before the newest."""
        end = 1 - age * STEP
        return rng.choice(_views(self.log, end - WINDOW, end), count).astype(np.int64)


def _views(log: SessionLog, begin: float, end: float) -> NDArray[np.int32]:
    first, last = (int(log.offsets[round(share * log.train_count)]) for share in (begin, end))
    return log.items[first:last]


def _counts(log: SessionLog, begin: float, end: float) -> Int64:
    return np.bincount(_views(log, begin, end), minlength=log.item_count + 1)[1:]


@dataclass(frozen=True)
class Judge:
    """Measures orders of all items against one market."""

    market: Market
    last: Int64
    following: Int64

    @classmethod
    def of(cls, market: Market, most: int = 50_000) -> Judge:
        """Next clicks are those of the newest `most` test instances."""
        log, wanted = market.log, instances_for_test(market.log).newest(most)
        before = log.offsets[wanted.session] + wanted.prefix - 1
        return cls(market, log.items[before].astype(np.int64), wanted.target.astype(np.int64))

    def quality(self, score: Float64, order: Sequence[int] | None = None) -> Quality:
        """Of a list: `order` its items, or all by `score`; `score` float64[items] also orders the categories."""
        stood = self._base_ranks()
        everything = np.lexsort((stood, -score)) + 1  # [items]
        truth, top = self.market.truth, min(TOP, max(1, len(score) // 4))
        first = np.array(order if order is not None else everything)[:top]
        best = np.argsort(-truth, kind="stable")[:top] + 1
        return Quality(
            top=top,
            recall=round(len(set(first.tolist()) & set(best.tolist())) / len(best), 4),
            mass=round(float(truth[first - 1].sum() / truth[best - 1].sum()), 4),
            hit100=round(self._hit(everything), 4),
        )

    def _base_ranks(self) -> Int64:
        stood = np.full(self.market.log.item_count, self.market.log.item_count, dtype=np.int64)
        for rank, entry in enumerate(self.market.base.items):
            stood[entry.item - 1] = rank
        return stood

    def _hit(self, everything: Int64) -> float:
        category = self.market.log.item_category
        part = np.zeros(len(everything) + 1, np.int64) if category is None else category.astype(np.int64)
        by_part = everything[np.argsort(part[everything], kind="stable")]
        begins = np.searchsorted(part[by_part], part[by_part])
        rank = np.empty(len(everything) + 1, np.int64)
        rank[by_part] = np.arange(len(by_part)) - begins
        known = (part[self.last] > 0) | (category is None)
        return float(np.mean(known & (part[self.last] == part[self.following]) & (rank[self.following] < HIT)))


def private_quality(
    judge: Judge, epsilon: float, reports: int, epochs: int, rules: PoolRules, rng: np.random.Generator,
    noise_epsilon: float | None = None,
) -> PrivateQuality:  # fmt: skip
    """Of the pool after `epochs` epochs of so many reports each, smoothed where there are several.

    `noise_epsilon`: second-level noise on each epoch's counts, as the analyzer's setting of that name adds it; None for none.
    """
    market = judge.market
    values = [market.reports(age, reports, rng) for age in range(epochs)]
    counted = [_estimated(market.log.item_count, epsilon, age, drawn, rng, noise_epsilon) for age, drawn in enumerate(values)]
    used = rules.model_copy(update={"smoothing_epochs": max(1, epochs)})
    evidence = gather(counted[0], counted[1:], used)
    parts = PoolParts(market.base, market.base, used.model_copy(update={"rank_change_most": 10**6}), earlier=tuple(counted[1:]))
    pool, _ = make_pools(parts, counted[0], 1)
    score = posterior(evidence, [entry.item for entry in market.base.items])
    wanted = [entry.item for entry in pool.items if entry.reason == "wanted"]
    score[np.array(wanted, dtype=np.int64) - 1] = evidence.counts[np.array(wanted, dtype=np.int64) - 1]
    held = np.array([np.bincount(drawn, minlength=market.log.item_count + 1)[1:] for drawn in values])  # [epochs, items]
    found = judge.quality(score, [entry.item for entry in pool.items])
    return PrivateQuality(
        **found.model_dump(), covered=round(_covered(counted, held, used), 5), wanted=len(wanted),
        false_entries=sum(1 for item in wanted if held[:, item - 1].sum() == 0),
    )  # fmt: skip


def _estimated(
    items: int, epsilon: float, age: int, values: Int64, rng: np.random.Generator, noise_epsilon: float | None
) -> EpochCounts:
    mechanism, noise = choose_mechanism(items, epsilon), None
    if noise_epsilon is not None:
        stated = Noise.model_validate(noise_for(mechanism.record().model_dump(), items, noise_epsilon, DELTA))
        noise = DrawnNoise(stated, discrete_gaussian_many(stated.sigma, items + 1, rng))
    found = estimate(mechanism, randomize_many(mechanism, values, rng), noise)
    support = replace(support_of(mechanism), sigma=found.support.sigma)
    return EpochCounts(10**6 - age, f"{age:064x}", Counts(found.counts[1:], support, found.n))


def _covered(counted: Sequence[EpochCounts], held: Int64, rules: PoolRules) -> float:
    """Of two-sided 95 % intervals: each end at 97.5 %."""
    items = held.shape[1]
    evidence: Evidence = gather(counted[0], counted[1:], rules.model_copy(update={"false_entries": 0.025 * items}))
    factors = np.array([term.factor for term in evidence.terms] or [1.0])
    true = factors @ held  # [items]
    return float(np.mean((evidence.low <= true + 1e-3) & (true - 1e-3 <= evidence.high)))


def log_quality(judge: Judge, visitors: int, hidden: float, epochs: int, rng: np.random.Generator) -> Quality:
    """Of the pool that the shop's own access log gives: exact counts of what it sees, the base order between equals."""
    market = judge.market
    views = np.diff(market.log.offsets).mean() if market.log.session_count else SESSION_VIEWS
    seen = int(visitors * views * (1 - hidden))
    counts = np.zeros(market.log.item_count)
    for age in range(epochs):
        counts += np.bincount(market.reports(age, seen, rng), minlength=market.log.item_count + 1)[1:]
    return judge.quality(counts)


def without_counts(judge: Judge) -> Quality:
    """Of the base order alone."""
    return judge.quality(np.zeros(judge.market.log.item_count))


def without_privacy(judge: Judge) -> Quality:
    """Of the true shares."""
    return judge.quality(judge.market.truth)
