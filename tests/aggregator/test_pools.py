"""Pools: properties that hold for every estimate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.pools import Counts, EpochCounts, PoolParts, PoolRules, base_pool, cap_rank_change, confidence_of, make_pools
from contracts import Pool
from privacy.accounting.score import ScoreInterval, Support, score_interval, summed_interval

ITEMS = 60
SUPPORT, N = Support(54 / 106, 0.02), 1000
"""Near epsilon 4."""
_permutations = st.permutations(range(1, ITEMS + 1))
_counts = st.lists(st.floats(-50, 500, allow_nan=False), min_size=ITEMS, max_size=ITEMS)
_rules = st.builds(
    PoolRules,
    size=st.integers(1, 80),
    false_entries=st.floats(0.01, 5),
    rank_change_most=st.integers(1, 80),
    new_room=st.integers(0, 5),
)


def newest(counts: Sequence[float], epoch: int = 3) -> EpochCounts:
    return EpochCounts(epoch, "0" * 64, Counts(counts, SUPPORT, N))


def make(
    order: list[int], previous: list[int], counts: list[float], rules: PoolRules, epoch: int = 3, new: tuple[int, ...] = ()
) -> Pool:
    big = PoolRules(size=ITEMS)
    parts = PoolParts(base_pool("s", True, order, big), base_pool("s", True, previous, big), rules, new)
    return make_pools(parts, newest(counts, epoch), 1)[0]


@settings(max_examples=60, deadline=None)
@given(_permutations, _permutations, _counts, _rules, st.integers(0, 20))
def test_properties(order: list[int], previous: list[int], counts: list[float], rules: PoolRules, epoch: int) -> None:
    new = (ITEMS + 1, ITEMS, ITEMS - 1)
    pool = make(order[:40], previous[:50], counts, rules, epoch, new)
    items = [entry.item for entry in pool.items]
    assert len(set(items)) == len(items) <= rules.size
    for entry in pool.items:
        if entry.reason == "wanted":
            assert entry.low > 0
            assert entry.low <= entry.count <= entry.high
    room = min(rules.new_room, 3, rules.size - 1)
    assert set(items[len(items) - room :]) <= set(new)
    assert all(e.reason != "prior" or e.item > ITEMS for e in pool.items[len(items) - room :])
    assert all(e.reason != "new" for e in pool.items[: len(items) - room])
    again = make(order[:40], previous[:50], counts, rules, epoch, new)
    assert again.to_bytes() == pool.to_bytes()
    assert Pool.from_bytes(pool.to_bytes()) == pool


@settings(max_examples=100, deadline=None)
@given(_permutations, st.permutations(range(5, ITEMS + 5)), st.integers(1, 30), st.integers(1, 80), st.integers(0, 50))
def test_no_item_moves_further_than_the_cap(desired: list[int], previous: list[int], most: int, size: int, short: int) -> None:
    previous = previous[: len(previous) - short]
    order = cap_rank_change(desired, previous, most, size)
    stood = {item: rank for rank, item in enumerate(previous)}
    assert len(set(order)) == len(order) == min(size, len({*desired, *previous}))
    for rank, item in enumerate(order):
        assert stood.get(item, len(previous)) - rank <= most, "rose too far"
        assert item not in stood or rank - stood[item] <= most, "fell too far"
    for item, rank in stood.items():
        assert item in order or rank + most >= len(order), "left too soon"


def test_without_a_cap_that_binds_the_order_is_the_desired_one() -> None:
    assert cap_rank_change([3, 1, 2], [1, 2, 3], most=10, size=3) == [3, 1, 2]
    assert cap_rank_change([9, 1, 2, 3], [1, 2, 3], most=1, size=4) == [1, 2, 9, 3]


def test_an_item_enters_only_by_its_lower_bound() -> None:
    rules = PoolRules(size=3, false_entries=0.5, rank_change_most=100)
    counts = [0.0] * ITEMS
    interval = score_interval(SUPPORT, N, confidence_of(ITEMS, 0.5))
    edge = interval.z * interval.base**0.5 + interval.down  # where the lower end is 0
    counts[49], counts[50] = edge + 0.1, edge - 0.1
    pool = make([1, 2, 3], [1, 2, 3], counts, rules)
    assert [(entry.item, entry.reason) for entry in pool.items] == [(50, "wanted"), (1, "prior"), (2, "prior")]


def test_new_items_take_turns() -> None:
    rules = PoolRules(size=10, new_room=1)
    new = (61, 62, 63)
    shown = {make([1, 2], [1, 2], [0.0] * ITEMS, rules, epoch, new).items[-1].item for epoch in range(3)}
    assert shown == set(new)


@pytest.mark.parametrize(("domain", "false", "want"), [(43_000, 0.5, 1 - 0.5 / 43_000), (2, 5.0, 0.5)])
def test_confidence_states_the_false_entries(domain: int, false: float, want: float) -> None:
    assert confidence_of(domain, false) == pytest.approx(want)


HELD = np.array([80, 30, 10] + [0] * 197)
"""Clients who hold items 1..200, of N: few items are wanted."""
RULES = PoolRules(size=200, false_entries=0.5, rank_change_most=200)


def simulated(rng: np.random.Generator) -> Pool:
    """A pool of seeded reports; the support of an item that x hold is Binomial(x, p) + Binomial(N - x, s)."""
    supported = rng.binomial(HELD, SUPPORT.own) + rng.binomial(N - HELD, SUPPORT.other)
    counts = (supported - N * SUPPORT.other) / (SUPPORT.own - SUPPORT.other)
    base = base_pool("s", True, range(1, 201), RULES)
    return make_pools(PoolParts(base, base, RULES), newest(counts.tolist()), 1)[0]


def outcome(rounds: int = 400) -> tuple[float, float, float]:
    """(misses of popular items, misses of the others: each an end's average share over 1 - confidence; false entries a pool)."""
    rng, popular, rare, false = np.random.default_rng(22), 0, 0, 0
    for _ in range(rounds):
        for entry in simulated(rng).items:
            held = int(HELD[entry.item - 1])
            missed = int(entry.low > held) + int(entry.high < held)
            popular, rare = popular + missed * (held > 0), rare + missed * (held == 0)
            false += held == 0 and entry.reason == "wanted"
    stated = 2 * rounds * 0.5 / 200
    return popular / (3 * stated), rare / (197 * stated), false / rounds


def test_intervals_and_entries_keep_what_the_pool_states() -> None:
    popular, rare, false = outcome()
    assert popular <= 1
    assert rare <= 1
    assert 0.2 < false <= 0.5


def planted_z_sd(parts: list[tuple[Support, int, float]], confidence: float) -> ScoreInterval:
    whole = summed_interval(parts, confidence)
    return ScoreInterval(whole.z, whole.base, 0.0, 0.0, 0.0)


def test_the_narrow_interval_that_pools_once_had_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: count -+ z sd misses popular items, and lets in more than stated."""
    monkeypatch.setattr("aggregator.pools.evidence.summed_interval", planted_z_sd)
    popular, _, false = outcome()
    assert popular > 3
    assert false > 0.5


def test_a_replay_gives_equal_bytes() -> None:
    assert simulated(np.random.default_rng(5)).to_bytes() == simulated(np.random.default_rng(5)).to_bytes()


def test_a_new_item_of_the_pool_before_does_not_stand_twice() -> None:
    """Its old place comes due while it stands among the last ones again."""
    pool = make([1, 2, 3], [4, 60, 5], [0.0] * ITEMS, PoolRules(size=6, rank_change_most=1, new_room=1), new=(60,))
    items = [entry.item for entry in pool.items]
    assert sorted(items) == [1, 2, 3, 4, 5, 60]
    assert items[-1] == 60
