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
def generate(
    data: Annotated[Path, typer.Option(help="Session log: .npz, .parquet or .csv.")],
    out: Annotated[Path, typer.Option(help="Catalogue to write, JSON: catalogue.json of a workspace.")],
    shop: Annotated[str, typer.Option(help="Name of the shop: lower-case letters, digits, hyphens.")],
    sessions: Annotated[int, typer.Option(min=2, help="As in the training.")] = 10**9,
    items: Annotated[int, typer.Option(min=2, help="As in the training.")] = 10**9,
    currency: Annotated[str, typer.Option(help="ISO 4217 code of the prices.")] = "EUR",
) -> None:
    """A catalogue for a log's items in the order of its indices; what the log lacks is made up and labelled so."""
    from aggregator.files import write_atomic
    from edge_model import load, newest
    from intently.demo.pictures import with_pictures
    from intently.simulator import catalogue_for

    catalogue = with_pictures(catalogue_for(newest(load(data), sessions, items), shop, currency))
    out.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(out, catalogue.to_bytes())
    print(f"{out}: {len(catalogue.items)} items; generated: {', '.join(catalogue.generated) or 'nothing'}")


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
