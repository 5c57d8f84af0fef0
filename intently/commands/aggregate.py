"""`intently aggregate`: the analyzer; `intently aggregate plan`: is it worth it?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from contracts import IntentlyError
from intently.commands.serve import SetOption, become
from intently.output import JsonOption, print_json, print_table

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
    advice = verdict(found[f"access log, {hidden:.0%} hidden"].recall, found["private reports, seven epochs"].recall,
                     found["without counts"].recall)  # fmt: skip
    if as_json:
        print_json({"reports": reports, "epsilon": epsilon, "visitors": behind, "quality": found, "advice": advice})
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
