"""The `intently` program: sub-commands, and one place that turns refusals into a sentence and exit code 2."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from contracts import IntentlyError
from intently import __version__
from intently.commands import (
    aggregate,
    audit,
    bundle,
    catalog,
    config,
    demo,
    doctor,
    keys,
    model,
    model_export,
    pool,
    release,
    replay,
    serve,
    simulate,
)

app = typer.Typer(
    name="intently",
    help="Intent, locally: session recommendations in the shopper's own browser, private reports back to the shop.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
for exporting in model_export.COMMANDS:
    model.app.command()(exporting)
for part in (model, catalog, bundle, keys, release, pool, audit, simulate, aggregate, config):
    app.add_typer(part.app)
for command in (*serve.COMMANDS, *replay.COMMANDS, *demo.COMMANDS, *doctor.COMMANDS):
    app.command()(command)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"intently {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """Intent, locally."""


def main() -> None:
    """Entry point: a refusal is one sentence on standard error and exit code 2; an interrupt is 130."""
    try:
        app(standalone_mode=True)
    except IntentlyError as error:
        print(f"intently: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        print("intently: interrupted", file=sys.stderr)
        raise SystemExit(130) from None
