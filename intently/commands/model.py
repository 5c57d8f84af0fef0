"""`intently model`: train, evaluate, inspect."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from intently.output import JsonOption, print_json, print_table

app = typer.Typer(name="model", help="Train a session model from a log, and measure it.", no_args_is_help=True)
DataOption = Annotated[Path, typer.Option(help="Session log: .npz, .parquet or .csv.")]
RunArgument = Annotated[Path, typer.Argument(help="Folder of a training: model.onnx, feature_spec.json, model_card.json.")]


@app.command()
def train(
    data: DataOption,
    out: Annotated[Path, typer.Option(help="Folder for the model, its feature spec and its card.")],
    sessions: Annotated[int, typer.Option(min=2, help="Newest train sessions to use.")] = 10**9,
    items: Annotated[int, typer.Option(min=2, help="Most seen items to use.")] = 10**9,
    budget_s: Annotated[float, typer.Option(min=1, help="Seconds that training may take.")] = 2400.0,
    seed: Annotated[int, typer.Option(help="Seed.")] = 7,
    as_json: JsonOption = False,
) -> None:
    """Train, export to ONNX, check it number by number, evaluate it beside the baselines."""
    from edge_model import Settings, load, make_run, newest, on_terminal
    from intently.demo.report import print_model

    console = Console(stderr=as_json)
    log = newest(load(data), sessions, items)
    for line in log.report.lines():
        console.print(line, highlight=False)
    with on_terminal(console) as progress:
        run = make_run(log, out, Settings(seed=seed, time_budget_s=budget_s), progress)
    print_json(run.card) if as_json else print_model(run.card, console)


@app.command()
def evaluate(
    run: RunArgument,
    data: DataOption,
    most: Annotated[int, typer.Option(min=1, help="Newest test prefixes to evaluate.")] = 2000,
    sessions: Annotated[int, typer.Option(min=2, help="As in the training.")] = 10**9,
    items: Annotated[int, typer.Option(min=2, help="As in the training.")] = 10**9,
    as_json: JsonOption = False,
) -> None:
    """HR@20 and MRR@20 of the exported file and of every baseline on the log's test sessions."""
    from edge_model import OnnxScorer, load, load_run, newest
    from edge_model import evaluate as measure

    log = newest(load(data), sessions, items)
    found = measure(OnnxScorer(load_run(run).model_path), log, most)
    if as_json:
        print_json(found)
        return
    rows = [[name, f"{100 * f.hr20:.2f}", f"{100 * f.mrr20:.2f}", f"{f.seconds:.1f}"] for name, f in found.methods.items()]
    print_table(f"{found.log}: {found.instances} of {found.instances_of}", ["method", "HR@20 %", "MRR@20 %", "s"], rows)


@app.command()
def inspect(run: RunArgument, as_json: JsonOption = False) -> None:
    """What a model was trained on, how, and what it reaches."""
    from edge_model import load_run
    from intently.demo.report import print_model

    card = load_run(run).card
    print_json(card) if as_json else print_model(card, Console())
