"""`intently simulate`: made-up shoppers."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from intently.output import JsonOption, print_json

app = typer.Typer(name="simulate", help="Simulated shoppers, called so wherever they show.", no_args_is_help=True)


@app.command()
def clients(
    url: Annotated[str, typer.Option(help="Origin of delivery.")],
    release_key: Annotated[str, typer.Option(help="Public release key, 64 hexadecimal digits.")],
    count: Annotated[int, typer.Option(min=1, help="Clients in each epoch, one report each.")] = 2000,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs to report in.")] = 1,
    state: Annotated[Path, typer.Option(help="File that says what was done so far.")] = Path("clients.json"),
    as_json: JsonOption = False,
) -> None:
    """Send real sealed reports of simulated shoppers to the relay of a shop."""
    from intently.simulator.clients import Behaviour, simulate

    done = asyncio.run(simulate(url, release_key, state, Behaviour(clients=count), epochs))
    print_json(done) if as_json else print(f"{done.accepted} of {done.sent} reports accepted in {done.epochs} epochs")
