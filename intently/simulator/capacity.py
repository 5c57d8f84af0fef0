"""What a shop of N shoppers a day needs: reports, machines, bytes, money, and which part is full first. Pure arithmetic.

Behaviour stays in browsers, so the aggregator sees reports and not events: at most one an epoch and a browser, and no more than
the cap allows. Two ends are stated: `least`, who returns is held back by the cap; `most`, every browser is new to its storage.
Rates are those of benchmarks/aggregator.py on two shared cores; prices are list prices that a reader replaces by his own.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from pydantic import Field

from contracts import BATCH_MOST, BODY_BYTES, CAP_DAYS, Record

DAY_S = 86_400
KAFKA_REPLICAS, KAFKA_DAYS = 3, 7
HEADROOM = 0.6
"""Share of a core that is planned for at the peak."""


class Rates(Record):
    """What one core does, and what a close takes."""

    relay_per_cpu_s: float = Field(default=5_000, gt=0, description="durable reports a CPU-second")
    open_fold_per_core_s: float = Field(default=15_000, gt=0, description="reports opened and folded a core and second")
    database_per_core_s: float = Field(
        default=250_000,
        gt=0,
        description="reports a core and second that PostgreSQL stores, where analyzers of several hosts share it",
    )
    close_s: float = Field(default=2.0, gt=0, description="one bucket's estimate, pool, receipt and manifest")
    server_scoring_cpu_s: float = Field(default=0.004, gt=0, description="CPU of one scoring behind an HTTP route")
    relay_bytes_per_report: float = Field(default=90, gt=0, description="in the relay's store until the epoch's close")


class Traffic(Record):
    """What shoppers do, and what a browser fetches."""

    shoppers: int = Field(ge=1, description="browsers a day")
    epochs_a_day: float = Field(default=1.3, ge=1, le=24, description="epochs in which a browser is seen on one day")
    consent: float = Field(default=0.5, gt=0, le=1, description="share that allows reports")
    new_share: float = Field(default=0.6, ge=0, le=1, description="share whose storage is new")
    cap_reports: int = Field(default=8, ge=1, description="reports that the cap allows in 90 days")
    events_a_visit: float = Field(
        default=40, gt=0, description="clicks, scrolls, impressions and dwells that stay in the browser"
    )
    scorings_a_visit: float = Field(default=8, gt=0, description="lists that a server would have to score instead")
    minimum_batch: int = Field(default=10_000, ge=1)
    peak_over_mean: float = Field(default=10, ge=1)
    poll_bytes: float = Field(default=14_000, gt=0, description="manifest, pool and receipts' list, compressed")
    first_visit_bytes: float = Field(default=400_000, gt=0, description="bundle, kernel, head and catalogue part, compressed")


class Prices(Record):
    """Assumptions, in US dollars."""

    core_hour: float = 0.04
    gb_egress: float = 0.02
    gb_month: float = 0.08


class Need(Record):
    """What one end of the range needs."""

    reports_a_day: float
    reports_a_s_peak: float
    relay_cores: float
    analyzer_cores: float
    kafka_messages_a_day: float
    kafka_partitions: int
    kafka_bytes: float
    relay_disk_bytes: float
    batch_reports: float = Field(description="reports of one bucket")
    reaches_minimum: bool = Field(description="whether a bucket reaches the minimum batch; below it nothing is published")
    dollars_a_month: float


class Capacity(Record):
    """Of one size of shop."""

    shoppers: int
    events_a_day_that_stay: float
    least: Need
    most: Need
    delivery_bytes_a_day: float
    delivery_dollars_a_month: float
    server_side_cores: float = Field(description="server-side scoring of the same visits, at the same peak")
    server_side_dollars_a_month: float
    full_first: str
    full_at_shoppers: float = Field(description="shoppers at which the first part needs more than one machine or worker")
    database_full_at_shoppers: float = Field(
        description="shoppers at which PostgreSQL, on one machine, is full; until then more hosts with analyzers are enough"
    )


def capacity(traffic: Traffic, rates: Rates | None = None, prices: Prices | None = None, cores: int = 8) -> Capacity:
    """`cores` of one machine: relay and analyzer on SQLite are each of one host, and so is PostgreSQL."""
    used, cost = rates or Rates(), prices or Prices()
    visits = traffic.shoppers * traffic.epochs_a_day
    delivered = visits * traffic.poll_bytes + traffic.shoppers * traffic.new_share * traffic.first_visit_bytes
    server_cores = visits * traffic.scorings_a_visit / DAY_S * traffic.peak_over_mean * used.server_scoring_cpu_s / HEADROOM
    part, at = _full_first(traffic, used, cores)
    return Capacity(
        shoppers=traffic.shoppers, events_a_day_that_stay=visits * traffic.events_a_visit,
        least=_need(traffic, _least(traffic), used, cost), most=_need(traffic, _most(traffic), used, cost),
        delivery_bytes_a_day=delivered, delivery_dollars_a_month=delivered * 30 / 1e9 * cost.gb_egress,
        server_side_cores=server_cores, server_side_dollars_a_month=_month(server_cores, cost),
        full_first=part, full_at_shoppers=at,
        database_full_at_shoppers=traffic.shoppers * cores * HEADROOM * used.database_per_core_s
        / (_most(traffic) / DAY_S * traffic.peak_over_mean),
    )  # fmt: skip


def _most(traffic: Traffic) -> float:
    return traffic.shoppers * traffic.consent * traffic.epochs_a_day


def _least(traffic: Traffic) -> float:
    """Those who return are held back by the cap, the others send on the one day that they come."""
    returning = traffic.shoppers * (1 - traffic.new_share) * min(traffic.epochs_a_day, traffic.cap_reports / CAP_DAYS)
    return traffic.consent * (returning + traffic.shoppers * traffic.new_share * traffic.epochs_a_day)


def _need(traffic: Traffic, reports: float, rates: Rates, prices: Prices) -> Need:
    peak = reports / DAY_S * traffic.peak_over_mean
    relay, analyzer = peak / rates.relay_per_cpu_s / HEADROOM, peak / rates.open_fold_per_core_s / HEADROOM
    messages = reports / BATCH_MOST
    kept = messages * (BATCH_MOST * BODY_BYTES + 64) * KAFKA_REPLICAS * KAFKA_DAYS
    disk = reports / 4 * rates.relay_bytes_per_report  # four epochs a day
    money = _month(relay + analyzer, prices) + (kept + disk) / 1e9 * prices.gb_month
    return Need(
        reports_a_day=reports, reports_a_s_peak=peak, relay_cores=relay, analyzer_cores=analyzer, kafka_messages_a_day=messages,
        kafka_partitions=max(4, math.ceil(analyzer) * 2), kafka_bytes=kept, relay_disk_bytes=disk, batch_reports=reports / 4,
        reaches_minimum=reports / 4 >= traffic.minimum_batch, dollars_a_month=money,
    )  # fmt: skip


def _month(cores: float, prices: Prices) -> float:
    return max(0.0, cores) * 24 * 30 * prices.core_hour


def _full_first(traffic: Traffic, rates: Rates, cores: int) -> tuple[str, float]:
    """The part whose one machine is full at the smallest number of shoppers, by its limit at the peak of `most`."""
    limits: dict[str, Callable[[Need], float]] = {
        "relay (one process, one core)": lambda need: need.relay_cores,
        f"analyzer on SQLite (one host of {cores} cores)": lambda need: need.analyzer_cores / cores,
    }
    one = _need(traffic, _most(traffic), rates, Prices())
    found = {name: traffic.shoppers / used(one) for name, used in limits.items()}
    name = min(found, key=lambda each: found[each])
    return name, found[name]
