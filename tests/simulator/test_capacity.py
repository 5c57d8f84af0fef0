"""The capacity model: sums that a person can redo by hand, and what it must say of small and large shops."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from contracts import IntentlyError
from intently.cli import app
from intently.simulator.capacity import Rates, Traffic, capacity

RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "results" / "aggregator.json"


def test_reports_a_day_by_hand() -> None:
    found = capacity(Traffic(shoppers=1_000_000, epochs_a_day=2, consent=0.5, new_share=0.5, cap_reports=9))
    assert found.most.reports_a_day == 1_000_000 * 0.5 * 2
    assert found.least.reports_a_day == pytest.approx(0.5 * (500_000 * 9 / 90 + 500_000 * 2))
    assert found.most.reports_a_s_peak == pytest.approx(1_000_000 / 86_400 * 10)
    assert found.most.kafka_messages_a_day == 10_000


def test_everything_but_the_batches_grows_with_the_shoppers() -> None:
    small, large = (capacity(Traffic(shoppers=number)) for number in (10**4, 10**8))
    for name in ("relay_cores", "analyzer_cores", "kafka_bytes", "dollars_a_month"):
        assert getattr(large.most, name) == pytest.approx(10**4 * getattr(small.most, name))
    assert small.full_at_shoppers == pytest.approx(large.full_at_shoppers)


def test_a_small_shop_is_told_that_its_buckets_stay_below_the_minimum() -> None:
    assert not capacity(Traffic(shoppers=10**4)).most.reaches_minimum
    assert capacity(Traffic(shoppers=10**6)).least.reaches_minimum


def test_a_hundred_million_with_every_browser_seen_four_times_is_the_designs_upper_figure() -> None:
    found = capacity(Traffic(shoppers=10**8, epochs_a_day=4, consent=1.0))
    assert found.most.reports_a_day == 4 * 10**8


def test_the_part_with_the_lowest_limit_is_named() -> None:
    assert capacity(Traffic(shoppers=10**6), Rates(relay_per_cpu_s=100)).full_first.startswith("relay")
    assert capacity(Traffic(shoppers=10**6), Rates(open_fold_per_core_s=100), cores=2).full_first.startswith("analyzer")


def test_the_database_of_several_hosts_is_full_at_a_number_by_hand() -> None:
    """8 cores at 60 %, 100,000 each: 480,000 reports a second at the peak, a tenth of that in the mean, one a shopper and day."""
    traffic = Traffic(shoppers=1_000, epochs_a_day=1, consent=1.0, peak_over_mean=10)
    found = capacity(traffic, Rates(database_per_core_s=100_000), cores=8)
    assert found.database_full_at_shoppers == pytest.approx(480_000 * 86_400 / 10)


@pytest.mark.skipif(not RESULTS.is_file(), reason="benchmarks/results/aggregator.json is not there")
def test_the_default_rates_are_not_above_what_was_measured() -> None:
    told, assumed = json.loads(RESULTS.read_text()), Rates()
    assert assumed.relay_per_cpu_s <= told["relay_requests_per_cpu_s"] * 1.2
    assert assumed.open_fold_per_core_s <= told["open_fold_per_core_s"] * 1.2
    assert assumed.database_per_core_s <= told["postgres"]["database_per_cpu_s"] * 1.2


def test_the_command_prints_three_sizes_and_refuses_a_file_that_is_none(tmp_path: Path) -> None:
    found = json.loads(CliRunner().invoke(app, ["aggregate", "capacity", "--json"]).stdout)
    assert [each["shoppers"] for each in found["capacity"]] == [10**4, 10**6, 10**8]
    (tmp_path / "rates.json").write_text("{")
    result = CliRunner().invoke(app, ["aggregate", "capacity", "--rates", str(tmp_path / "rates.json")])
    assert isinstance(result.exception, IntentlyError)
