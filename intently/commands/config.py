"""`intently config`: is a settings file right, and where does each value come from?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from intently.output import JsonOption, print_json, print_table

app = typer.Typer(name="config", help="Settings of relay, analyzer, delivery and issuer: one YAML file.", no_args_is_help=True)
FileArgument = Annotated[Path, typer.Argument(help="Settings file, YAML or JSON.")]
ProgramOption = Annotated[
    str | None, typer.Option(help="relay, analyzer, delivery or issuer; default: the file's sections.", show_default=False)
]
SetOption = Annotated[list[str] | None, typer.Option("--set", help="KEY=VALUE, overrides file and environment.")]


@app.command()
def check(file: FileArgument, program: ProgramOption = None, set_: SetOption = None) -> None:
    """Read the settings as each program would; the first fault is named, exit code 2."""
    for name, loaded in _load(file, program, set_).items():
        typer.echo(f"{name}: {len(loaded.origins)} keys told, {len(_flat(loaded.settings.model_dump()))} in all; nothing wrong")


@app.command()
def show(
    file: FileArgument,
    program: ProgramOption = None,
    set_: SetOption = None,
    origin: Annotated[bool, typer.Option("--origin", help="Also where each value comes from.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Every setting in force: flag before environment before file before default."""
    found = {name: (_flat(loaded.settings.model_dump()), loaded.origins) for name, loaded in _load(file, program, set_).items()}
    if as_json:
        print_json(
            {
                name: {key: {"value": value, "origin": origins.get(key, "default")} if origin else value
                       for key, value in values.items()}
                for name, (values, origins) in found.items()
            }
        )  # fmt: skip
        return
    for name, (values, origins) in found.items():
        rows = [[key, str(value), *([origins.get(key, "default")] if origin else [])] for key, value in values.items()]
        print_table(name, ["key", "value", *(["origin"] if origin else [])], rows)


def _load(file: Path, program: str | None, flags: list[str] | None) -> dict[str, Any]:
    from aggregator.analyzer.settings import AnalyzerSettings
    from aggregator.delivery.settings import DeliverySettings
    from aggregator.errors import SettingsRefused
    from aggregator.issuer.settings import IssuerSettings
    from aggregator.relay.settings import RelaySettings
    from aggregator.settings import load_with_origins, read_document

    kinds = {"relay": RelaySettings, "analyzer": AnalyzerSettings, "delivery": DeliverySettings, "issuer": IssuerSettings}
    if program is not None and program not in kinds:
        raise SettingsRefused(f"--program: got {program!r}, want {', '.join(kinds)}")
    sections = [name for name in kinds if name in read_document(file)]
    wanted = [program] if program else sections
    if not wanted:
        raise SettingsRefused(f"settings {file}: no section {', '.join(kinds)}; say which program reads it with --program")
    return {name: load_with_origins(kinds[name], file, flags or ()) for name in wanted}


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted key -> value; an empty record stands for itself."""
    return dict(_leaves(values, ""))


def _leaves(values: Mapping[str, Any], above: str) -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value
