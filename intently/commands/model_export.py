"""`intently model export` and `intently model audit`: from a training to the file that is shipped, and attacks on it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError
from rich.console import Console

from contracts import IntentlyError, SignalInput
from intently.output import JsonOption, print_json, print_table

if TYPE_CHECKING:
    from edge_model import Making
    from edge_model.quantization import Storage

FormatOption = Annotated[str, typer.Option("--format", help="int8: a row an item; pq: codes; float: as trained.")]
CodesOption = Annotated[int, typer.Option(min=1, help="Codes of a byte an item (pq); a divisor of the model's dim.")]
TrainingArgument = Annotated[Path, typer.Argument(help="Folder of a training, with trained.npz.")]


def export(
    run: TrainingArgument,
    out: Annotated[Path, typer.Option(help="Folder for model.onnx, feature_spec.json and export_card.json.")],
    form: FormatOption = "int8",
    codes: CodesOption = 32,
    most_bytes: Annotated[int | None, typer.Option(min=1, help="Most bytes (brotli); codes are made cheaper to fit.")] = None,
    encoder_bits: Annotated[int, typer.Option(min=3, max=12, help="Grid of the encoder's weights.")] = 8,
    data: Annotated[Path | None, typer.Option(help="Session log: measure what the storage costs on its test sessions.")] = None,
    most: Annotated[int, typer.Option(min=1, help="Newest test prefixes to measure on.")] = 2000,
    as_json: JsonOption = False,
) -> None:
    """Export a training in a storage, check it number by number against the trainer, and say what it weighs and costs."""
    from edge_model import OnnxScorer, evaluate, load
    from edge_model.checkpoint import load_trained
    from edge_model.float_model import FloatModel
    from edge_model.run import CHECKPOINT_NAME
    from edge_model.shipping import MODEL_NAME, ship
    from intently.evaluating import print_evaluation

    checkpoint, storage = load_trained(run / CHECKPOINT_NAME), storage_of(form, codes, encoder_bits)
    log = None if data is None else load(data)
    _, card = ship(checkpoint, storage, out, "a training" if log is None else log.name, most_bytes)
    found = None
    if log is not None:
        exact = checkpoint.trained
        floating = FloatModel(exact.weights, exact.spec, exact.settings.temperature, log)
        found = evaluate(OnnxScorer(out / MODEL_NAME), log, most, {}, float_model=lambda log: floating)
    if as_json:
        print_json({"export": card, "evaluation": found})
        return
    rows = [[name, f"{size.bytes:,}", f"{size.brotli_bytes:,}"] for name, size in card.files.items()]
    print_table(f"{out}: {card.download_bytes:,} bytes to fetch", ["file", "bytes", "brotli"], rows)
    if found is not None:
        print_evaluation(found, Console())


def audit(
    run: Annotated[Path, typer.Argument(help="Folder of a training.")],
    data: Annotated[Path, typer.Option(help="Session log that it was trained on.")],
    sessions: Annotated[int, typer.Option(min=2, help="Sessions on each side of the membership attack.")] = 1000,
    as_json: JsonOption = False,
) -> None:
    """Attack an exported file: membership inference and planted sessions. Exit code 1 where it remembers single sessions."""
    from edge_model import OnnxScorer, load, load_run
    from edge_model.audit import audit_model

    log, made = load(data), load_run(run)
    found = audit_model(OnnxScorer(made.model_path), log, log.train_count, made.card.making.canaries, sessions)
    if as_json:
        print_json(found)
    else:
        exposure = "no canary was planted" if found.canary_exposure is None else f"{found.canary_exposure:.2f} bits"
        rows = [
            ["membership inference, AUC", f"{found.mia_auc:.3f}", f"0.5, give or take {found.mia_error:.3f}"],
            ["canary exposure", exposure, f"{found.canary_exposure_unplanted:.2f} bits"],
        ]
        print_table(f"{run}: {found.mia_sessions} sessions a side", ["attack", "reached", "by chance"], rows)
        for sentence in found.remembers:
            print(f"It remembers: {sentence}.")
    if found.remembers:
        raise typer.Exit(1)


def storage_of(form: str, codes: int, encoder_bits: int = 8) -> Storage:
    """The storage that the options name; raises `IntentlyError`."""
    from edge_model.quantization import Storage

    match form:
        case "int8" | "pq":
            return Storage(format=form, codes=codes, encoder_bits=encoder_bits)
        case "float":
            return Storage(format="float", encoder_bits=None)
        case _:
            raise IntentlyError(f"--format is {form!r}; want int8, pq or float.")


def making_of(form: str, codes: int, canaries: int, private: bool, no_logs: bool) -> Making:
    """What the options of `train` ask for."""
    from edge_model import Making
    from edge_model.audit import Canaries
    from edge_model.private import LEAST_SESSIONS

    return Making(
        storage=storage_of(form, codes),
        canaries=Canaries(count=canaries) if canaries else None,
        private_least=LEAST_SESSIONS if private else 0,
        no_logs=no_logs,
    )


def read_counts(path: Path | None) -> NDArray[np.float64] | None:
    """Counts of categories 1, 2, ... from a JSON list, with 0 for the unknown category ahead; raises `IntentlyError`."""
    if path is None:
        return None
    try:
        counts = json.loads(path.read_text())
        found = np.array([0.0, *counts], np.float64)
    except (OSError, ValueError, TypeError) as error:
        raise IntentlyError(f"{path}: not a JSON list of numbers ({error}); want one count a category, from 1.") from None
    if found.ndim != 1 or len(found) < 2 or not np.all(np.isfinite(found)):
        raise IntentlyError(f"{path}: got {len(found) - 1} usable counts; want a list of numbers, one a category.")
    return found


def read_signals(path: Path | None) -> tuple[SignalInput, ...]:
    """Signals of a JSON list, as among a feature spec's inputs; raises `IntentlyError` with the first fault's place."""
    if path is None:
        return ()
    try:
        found = TypeAdapter(tuple[SignalInput, ...]).validate_json(path.read_bytes())
    except OSError as error:
        raise IntentlyError(f"{path}: {error.strerror}; give a JSON list of signals.") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise IntentlyError(f"{path}: {place}: {first['msg']}; want a list of signals as in a feature spec.") from None
    if not found or len({signal.name for signal in found}) != len(found):
        raise IntentlyError(f"{path}: got {len(found)} signals; want one or more, each with a name of its own.")
    return found


COMMANDS = (export, audit)
