"""A pool recomputes from the published counts; each thing pushed by hand is named by its field."""

from __future__ import annotations

import struct
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

from aggregator.pools import Counts, EpochCounts, PoolParts, PoolRules, base_pool, make_pools
from privacy.accounting.pool_check import counts_of, pool_faults
from privacy.accounting.score import score_interval, support_of_record
from privacy.estimators import Estimate, estimate
from privacy.mechanisms import choose_mechanism
from privacy.randomizer_many import randomize_many

D, N = 600, 6000


@pytest.fixture(scope="module")
def found() -> Estimate:
    rng = np.random.default_rng(20)
    values = np.where(rng.random(N) < 0.5, rng.integers(1, 6, N), rng.integers(0, D + 1, N))
    return estimate(choose_mechanism(D, 4.0), randomize_many(choose_mechanism(D, 4.0), values, rng))


@pytest.fixture
def pool(found: Estimate) -> dict[str, Any]:
    """As the aggregator makes it, with a new item beyond the domain."""
    base = base_pool("example", False, range(1, 40))
    counts = EpochCounts(5, "0" * 64, Counts(found.counts[1:], found.support, found.n))
    return make_pools(PoolParts(base, base, PoolRules(size=30, new_room=1), (D + 7,)), counts, 1)[0].model_dump()


def faults(pool: dict[str, Any], found: Estimate) -> list[str]:
    mechanism = choose_mechanism(D, 4.0).record().model_dump()
    counts = counts_of(found.counts.astype("<f8").tobytes(), D)
    assert not isinstance(counts, str)
    interval = score_interval(support_of_record(mechanism, D), pool["reports"], pool["confidence"])
    return [field for field, _ in pool_faults(pool, counts, interval)]


def test_the_aggregators_own_pool_has_no_fault(pool: dict[str, Any], found: Estimate) -> None:
    assert {entry["reason"] for entry in pool["items"]} == {"wanted", "prior", "new"}
    assert faults(pool, found) == []


@pytest.mark.parametrize("field", ["count", "low", "high"])
def test_a_number_changed_by_two_thousandths_is_named(pool: dict[str, Any], found: Estimate, field: str) -> None:
    pool["items"][3][field] += 0.002
    assert faults(pool, found) == [f"items[3].{field}"]


def test_an_unwanted_item_called_wanted_is_named(pool: dict[str, Any], found: Estimate) -> None:
    place = next(place for place, entry in enumerate(pool["items"]) if entry["reason"] == "prior" and entry["low"] < 0)
    pool["items"][place]["reason"] = "wanted"
    assert faults(pool, found) == [f"items[{place}].reason"]


def test_the_narrow_interval_of_an_unpopular_item_around_a_popular_one_is_named(pool: dict[str, Any], found: Estimate) -> None:
    """Planted: what pools once published, count -+ z sd."""
    reach = NormalDist().inv_cdf(pool["confidence"]) * found.sd
    entry = pool["items"][0]
    entry["low"], entry["high"] = round(entry["count"] - reach, 3), round(entry["count"] + reach, 3)
    assert faults(pool, found) == ["items[0].low", "items[0].high"]


def test_a_number_that_is_none_is_named(pool: dict[str, Any], found: Estimate) -> None:
    pool["items"][0]["low"] = float("nan")
    assert faults(pool, found) == ["items[0].low"]


def test_an_item_that_stands_twice_is_named(pool: dict[str, Any], found: Estimate) -> None:
    pool["items"] = [*pool["items"], pool["items"][0]]
    assert faults(pool, found) == [f"items[{len(pool['items']) - 1}].item"]


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"counts", "has 6 bytes"),
        (struct.pack("<3d", 1, 2, 3), "has 24 bytes"),
        (struct.pack("<4d", 1, float("nan"), 2, 3), "value 1"),
        (struct.pack("<4d", 1, 2, float("inf"), 3), "value 2"),
    ],
)
def test_a_file_that_holds_no_counts_of_this_domain_is_refused(data: bytes, named: str) -> None:
    assert named in str(counts_of(data, 3))
