"""`intently aggregate`: the analyzer; `intently aggregate plan`: is it worth it?"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contracts import IntentlyError
from intently.commands.serve import SetOption, become
from intently.output import JsonOption, print_json, print_table

if TYPE_CHECKING:
    from intently.simulator.capacity import Capacity, Need, Rates

app = typer.Typer(name="aggregate", help="Open, fold, close, publish; and what it would give.", invoke_without_command=True)


@app.callback()
def aggregate(
    context: typer.Context,
    config: Annotated[Path | None, typer.Option(help="Settings of the analyzer; `transport` chooses Kafka.")] = None,
    set_: SetOption = None,
) -> None:
    """The analyzer alone: opens, folds, closes, publishes. On Kafka it is a Faust app."""
    if context.invoked_subcommand is not None:
        return
    if config is None:
        raise IntentlyError("aggregate: got no --config; want the analyzer's settings, or the sub-command plan")
    become("aggregator.analyzer", config, set_)


@app.command()
def plan(
    data: Annotated[Path, typer.Option(help="Session log whose demand is simulated: .npz, .parquet or .csv.")],
    reports: Annotated[int, typer.Option(min=100, max=10**7, help="Reports an epoch that count items.")] = 100_000,
    epsilon: Annotated[float, typer.Option(min=0.5, max=8, help="Local epsilon of a report.")] = 4.0,
    hidden: Annotated[float, typer.Option(min=0, max=0.999, help="Share of views that your access log does not see.")] = 0.5,
    visitors: Annotated[int | None, typer.Option(min=1, help="Visitors behind the reports; default: four a report.")] = None,
    noise: Annotated[
        float | None,
        typer.Option("--noise-epsilon", min=0.01, max=8, help="Also with noise on the counts, as the analyzer's setting."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the simulation.")] = 7,
    as_json: JsonOption = False,
) -> None:
    """Simulate pools of your demand: from private reports, from your own access log, and from no counts at all."""
    import numpy as np

    from aggregator.pools import PoolRules
    from edge_model import load
    from intently.simulator.pool_quality import Judge, Market, log_quality, private_quality, without_counts, without_privacy

    rules, rng = PoolRules(new_room=0), np.random.default_rng(seed)
    judge = Judge.of(Market.of(load(data), rules))
    behind = visitors or 4 * reports
    found = {
        "without counts": without_counts(judge),
        "private reports, one epoch": private_quality(judge, epsilon, reports, 1, rules, rng),
        "private reports, seven epochs": private_quality(judge, epsilon, reports, 7, rules, rng),
        f"access log, {hidden:.0%} hidden": log_quality(judge, behind, hidden, 1, rng),
        "true shares": without_privacy(judge),
    }
    private = "private reports, seven epochs"
    if noise is not None:
        one, private = (f"with noise of epsilon {noise:g}, {epochs}" for epochs in ("one epoch", "seven epochs"))
        found[one] = private_quality(judge, epsilon, reports, 1, rules, rng, noise)
        found[private] = private_quality(judge, epsilon, reports, 7, rules, rng, noise)
    log = f"access log, {hidden:.0%} hidden"
    advice = verdict(found[log].recall, found[private].recall, found["without counts"].recall)
    if as_json:
        told = {"reports": reports, "epsilon": epsilon, "noise_epsilon": noise, "visitors": behind}
        print_json({**told, "quality": found, "advice": advice})
        return
    rows = [[name, *(f"{share:.3f}" for share in (each.recall, each.mass, each.hit100))] for name, each in found.items()]
    title = f"{reports:,} reports an epoch at epsilon {epsilon:g}, {behind:,} visitors behind them"
    print_table(title, ["pool", f"recall of the true {found['true shares'].top}", "their views", "next click in 100"], rows)
    typer.echo(advice)


def verdict(log: float, private: float, nothing: float) -> str:
    """One sentence: what to make pools of."""
    if private <= nothing + 0.005 and log <= nothing + 0.005:
        return "Neither moves the base order at this size: more reports, a larger epsilon or longer epochs are needed."
    if log >= private:
        return (
            "Your access log alone gives the better pool of what is viewed; private reports then pay only for what no log holds "
            "(dwell, what was passed over, intent)."
        )
    return "Private reports give the better pool."


@app.command()
def capacity(
    shoppers: Annotated[list[int] | None, typer.Option(min=1, help="Browsers a day; may stand several times.")] = None,
    rates: Annotated[Path | None, typer.Option(help="JSON with measured rates, as benchmarks/results/aggregator.json.")] = None,
    peak: Annotated[float, typer.Option(min=1, help="Peak over the day's mean.")] = 10.0,
    cores: Annotated[int, typer.Option(min=1, help="Cores of one machine.")] = 8,
    as_json: JsonOption = False,
) -> None:
    """Machines, partitions, bytes and money for a number of shoppers, and which part is full first."""
    from intently.simulator.capacity import Traffic
    from intently.simulator.capacity import capacity as of

    measured = _rates(rates)
    found = [of(Traffic(shoppers=each, peak_over_mean=peak), measured, cores=cores) for each in shoppers or [10**4, 10**6, 10**8]]
    if as_json:
        print_json({"rates": measured, "capacity": found})
        return
    rows = [[label, *(read(each) for each in found)] for label, read in _ROWS.items()]
    print_table(f"Shoppers a day, peak {peak:g} times the mean", ["", *(f"{each.shoppers:,}" for each in found)], rows)


def _rates(path: Path | None) -> Rates:
    from intently.simulator.capacity import Rates

    if path is None:
        return Rates()
    try:
        told = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise IntentlyError(f"{path}: {error}; want the JSON that benchmarks/aggregator.py writes") from None
    names = {
        "relay_requests_per_cpu_s": "relay_per_cpu_s",
        "open_fold_per_core_s": "open_fold_per_core_s",
        "close_43k_s": "close_s",
    }
    return Rates.model_validate({name: told[key] for key, name in names.items() if key in told})


def _big(value: float) -> str:
    for size, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value:.2g}"


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _range(read: Callable[[Need], float]) -> Callable[[Capacity], str]:
    return lambda found: f"{_big(read(found.least))} to {_big(read(found.most))}"


_ROWS: dict[str, Callable[[Capacity], str]] = {
    "events that stay in browsers, a day": lambda found: _big(found.events_a_day_that_stay),
    "reports a day": _range(lambda need: need.reports_a_day),
    "reports a second at the peak": _range(lambda need: need.reports_a_s_peak),
    "relay, cores": _range(lambda need: need.relay_cores),
    "analyzer, cores": _range(lambda need: need.analyzer_cores),
    "reports a bucket": _range(lambda need: need.batch_reports),
    "reach the minimum batch": lambda found: f"{_yes(found.least.reaches_minimum)} to {_yes(found.most.reaches_minimum)}",
    "Kafka messages a day": _range(lambda need: need.kafka_messages_a_day),
    "Kafka partitions": _range(lambda need: need.kafka_partitions),
    "Kafka bytes (3 replicas, 7 days)": _range(lambda need: need.kafka_bytes),
    "relay's store, bytes": _range(lambda need: need.relay_disk_bytes),
    "aggregator, $ a month": _range(lambda need: need.dollars_a_month),
    "delivery, bytes a day (a CDN's)": lambda found: _big(found.delivery_bytes_a_day),
    "delivery, $ a month": lambda found: _big(found.delivery_dollars_a_month),
    "scoring on servers instead, cores": lambda found: _big(found.server_side_cores),
    "scoring on servers instead, $ a month": lambda found: _big(found.server_side_dollars_a_month),
    "full first": lambda found: found.full_first,
    "at so many shoppers a day": lambda found: _big(found.full_at_shoppers),
    "PostgreSQL for several analyzer hosts, full at": lambda found: _big(found.database_full_at_shoppers),
}
