"""`intently catalog`: check a catalogue."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from contracts import Catalogue, IntentlyError
from intently.output import JsonOption, print_json, print_table

app = typer.Typer(name="catalog", help="What the shop sells: SKU, name, category, price, picture.", no_args_is_help=True)


def read_catalogue(path: Path) -> Catalogue:
    """A catalogue file; raises `IntentlyError` with the place of the first fault."""
    try:
        return Catalogue.from_bytes(path.read_bytes())
    except OSError as error:
        raise IntentlyError(f"catalogue {path}: {error.strerror}") from None


@app.command()
def check(path: Annotated[Path, typer.Argument(help="Catalogue, JSON.")], as_json: JsonOption = False) -> None:
    """Whether a catalogue can be used, and what is in it."""
    catalogue = read_catalogue(path)
    per_category = [0] * (len(catalogue.categories) + 1)
    for item in catalogue.items:
        per_category[item.category] += 1
    if as_json:
        print_json({"items": len(catalogue.items), "categories": len(catalogue.categories), "generated": catalogue.generated})
        return
    names = ["(unknown)", *(category.name for category in catalogue.categories)]
    rows = [[name, str(count)] for name, count in zip(names, per_category, strict=True) if count]
    print_table(f"{path}: {len(catalogue.items)} items", ["category", "items"], rows)
