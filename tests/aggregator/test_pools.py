"""Pools: properties that hold for every estimate."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.pools import Counts, PoolRules, base_pool, cap_rank_change, confidence_of, make_pool
from contracts import Pool

ITEMS = 60
_permutations = st.permutations(range(1, ITEMS + 1))
_counts = st.lists(st.floats(-50, 500, allow_nan=False), min_size=ITEMS, max_size=ITEMS)
_rules = st.builds(
    PoolRules,
    size=st.integers(1, 80),
    false_entries=st.floats(0.01, 5),
    rank_change_most=st.integers(1, 80),
    new_room=st.integers(0, 5),
)


def make(
    order: list[int], previous: list[int], counts: list[float], rules: PoolRules, epoch: int = 3, new: tuple[int, ...] = ()
) -> Pool:
    big = PoolRules(size=ITEMS)
    found = Counts(counts, 10.0, 1000)
    return make_pool(base_pool("s", True, order, big), base_pool("s", True, previous, big), found, rules, epoch, 1, new)


@settings(max_examples=60, deadline=None)
@given(_permutations, _permutations, _counts, _rules, st.integers(0, 20))
def test_properties(order: list[int], previous: list[int], counts: list[float], rules: PoolRules, epoch: int) -> None:
    new = (ITEMS + 1, ITEMS + 2, ITEMS + 3)
    pool = make(order[:40], previous[:50], counts, rules, epoch, new)
    items = [entry.item for entry in pool.items]
    assert len(set(items)) == len(items) <= rules.size
    for entry in pool.items:
        if entry.reason == "wanted":
            assert entry.low > 0
            assert entry.low <= entry.count <= entry.high
    assert [e.item for e in pool.items if e.reason == "new"] == items[len(items) - min(rules.new_room, 3, rules.size - 1) :]
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
    z = 2.3940
    counts[49], counts[50] = 10 * z + 0.1, 10 * z - 0.1
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
