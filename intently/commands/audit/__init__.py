"""`intently audit`: what is spent and left, what could be, and whether what was published, shipped and served holds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from intently.commands.audit.budget import budget
from intently.commands.audit.console import console
from intently.commands.audit.explain import explain
from intently.commands.audit.forecast import forecast
from intently.commands.audit.plan import plan
from intently.commands.audit.randomizer import randomizer
from intently.commands.audit.served import served
from intently.commands.audit.traffic import traffic
from intently.commands.audit.verify import verify
from intently.output import JsonOption

app = typer.Typer(
    name="audit", help="For a privacy officer: from public files, the shipped bundle and a live site alone.",
    invoke_without_command=True,
)  # fmt: skip
for command in (budget, plan, forecast, verify, randomizer, traffic, served, explain, console):
    app.command()(command)


@app.callback()
def _plain(
    context: typer.Context,
    public: Annotated[Path, typer.Option(help="Without a sub-command: public folder whose budget is printed.")] = Path("public"),
    as_json: JsonOption = False,
) -> None:
    """For a privacy officer: from public files, the shipped bundle and a live site alone. Without a sub-command: the budget."""
    if context.invoked_subcommand is None:
        budget(public, as_json)
