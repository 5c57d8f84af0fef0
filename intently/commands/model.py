"""`intently model`: train, evaluate, compare, inspect."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from edge_model.progress import on_terminal
from intently.commands.model_export import CodesOption, FormatOption, making_of, read_counts, read_signals
from intently.output import JsonOption, print_json

app = typer.Typer(name="model", help="Train a session model from a log, and measure it.", no_args_is_help=True)
DataOption = Annotated[Path, typer.Option(help="Session log: .npz, .parquet, .csv, .jsonl, or a file as its publisher ships it.")]
LayoutOption = Annotated[str | None, typer.Option("--log-format", help="Layout of the log where its header does not tell.")]
GapOption = Annotated[float | None, typer.Option(help="Cut sessions after so many seconds without an event.")]
RunArgument = Annotated[Path, typer.Argument(help="Folder of a training: model.onnx, feature_spec.json, model_card.json.")]


@app.command()
def train(
    data: DataOption,
    out: Annotated[Path, typer.Option(help="Folder for the model, its feature spec and its card.")],
    sessions: Annotated[int, typer.Option(min=2, help="Newest train sessions to use.")] = 10**9,
    items: Annotated[int, typer.Option(min=2, help="Most seen items to use.")] = 10**9,
    budget_s: Annotated[float, typer.Option(min=1, help="Seconds that training may take.")] = 2400.0,
    seed: Annotated[int, typer.Option(help="Seed.")] = 7,
    teacher: Annotated[float, typer.Option(min=0, max=1, help="Share that session-kNN teaches at first.")] = 0.3,
    form: FormatOption = "int8",
    codes: CodesOption = 32,
    canaries: Annotated[int, typer.Option(min=0, help="Made-up sessions to plant, for `audit` to look for.")] = 0,
    private: Annotated[bool, typer.Option("--private", help="Items in under 20 sessions: only their category's vector.")] = False,
    no_logs: Annotated[bool, typer.Option("--no-logs", help="Learn from the catalogue and counts, from no session.")] = False,
    category_counts: Annotated[Path | None, typer.Option(help="JSON list, count of category 1, 2, ... (--no-logs).")] = None,
    signals: Annotated[Path | None, typer.Option(help="JSON list of the feature spec's signals to read.")] = None,
    layout: LayoutOption = None,
    idle_gap_s: GapOption = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the interrupted training in --out.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Train, export to ONNX, check it number by number, evaluate it beside the baselines."""
    from edge_model import Settings, load, make_run, newest
    from intently.demo.report import print_model

    console = Console(stderr=as_json)
    log = newest(load(data, layout, idle_gap_s), sessions, items)
    for line in log.report.lines():
        console.print(line, highlight=False)
    with on_terminal(console) as progress:
        making, counts = making_of(form, codes, canaries, private, no_logs), read_counts(category_counts)
        run = make_run(
            log, out, Settings(seed=seed, time_budget_s=budget_s, teacher_share=teacher), progress, making=making,
            category_counts=counts, resume=resume, command=shlex.join(["intently", *sys.argv[1:]]), signals=read_signals(signals),
        )  # fmt: skip
    print_json(run.card) if as_json else print_model(run.card, console)


@app.command()
def evaluate(
    data: DataOption,
    run: Annotated[Path | None, typer.Argument(help="Folder of a training; without it the baselines alone.")] = None,
    most: Annotated[int | None, typer.Option(min=1, help="Newest test prefixes to evaluate; all by default.")] = None,
    sessions: Annotated[int, typer.Option(min=2, help="As in the training.")] = 10**9,
    items: Annotated[int, typer.Option(min=2, help="As in the training.")] = 10**9,
    layout: LayoutOption = None,
    idle_gap_s: GapOption = None,
    as_json: JsonOption = False,
) -> None:
    """Float model, exported file and every baseline on the log's test sessions, side by side."""
    from edge_model import evaluate as measure
    from edge_model import load, newest
    from intently.evaluating import forms, print_evaluation

    console = Console(stderr=as_json)
    log = newest(load(data, layout, idle_gap_s), sessions, items)
    exported, in_float = forms(run, log)
    with on_terminal(console, "Evaluating") as progress:
        found = measure(exported, log, most, float_model=in_float, report=progress)
    print_json(found) if as_json else print_evaluation(found, console)


@app.command()
def compare(
    runs: Annotated[list[Path], typer.Argument(help="Folders of trainings, or files that `evaluate --json` printed.")],
    out: Annotated[Path | None, typer.Option(help="Picture to write: .png or .svg.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Trainings and baselines side by side, as a table and as a picture."""
    from intently.evaluating import draw, print_evaluation, read_evaluations

    found = read_evaluations(runs)
    if out is not None:
        draw(found, out)
    if as_json:
        print_json(found)
        return
    for name, evaluation in found.items():
        print_evaluation(evaluation, Console(), name)


@app.command()
def inspect(run: RunArgument, as_json: JsonOption = False) -> None:
    """What a model was trained on, how, and what it reaches."""
    from edge_model import load_run
    from intently.demo.report import print_model

    card = load_run(run).card
    print_json(card) if as_json else print_model(card, Console())
