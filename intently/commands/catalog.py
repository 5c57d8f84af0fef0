"""`intently catalog`: import the shop's feed, check a catalogue."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import ValidationError

from contracts import Availability, Catalogue, IntentlyError
from intently.output import JsonOption, print_json, print_table

if TYPE_CHECKING:
    from edge_model.catalogue import Imported

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


@app.command("import")
def import_feed(
    feed: Annotated[Path, typer.Argument(help="Google Merchant .xml or .tsv, .jsonl, or .csv.")],
    out: Annotated[Path, typer.Option(help="Catalogue to write or to add to: catalogue.json of a workspace.")],
    shop: Annotated[str, typer.Option(help="Name of the shop: lower-case letters, digits, hyphens.")],
    currency: Annotated[str, typer.Option(help="ISO 4217 code of the prices.")] = "EUR",
    run: Annotated[Path | None, typer.Option(help="Training whose items come first, in the model's order.")] = None,
    market: Annotated[str | None, typer.Option(help="The feed is of this market: prices and names to market-NAME.json.")] = None,
    locale: Annotated[str, typer.Option(help="BCP 47 (with --market).")] = "en",
    region: Annotated[str, typer.Option(help="ISO 3166-1 (with --market).")] = "US",
    as_json: JsonOption = False,
) -> None:
    """Add a feed to the catalogue: a SKU keeps its index over every re-import, new ones are appended, gone ones unavailable."""
    from aggregator.files import write_atomic
    from edge_model.catalogue import merge, read_feed

    before = read_catalogue(out) if out.exists() else None
    imported = merge(read_feed(feed, currency), before, shop, currency, model_skus(run), base=market is None)
    files = {out: imported.catalogue.to_bytes()}
    if market is not None:
        files[out.with_name(f"market-{market}.json")] = read_market(imported, market, locale, region, currency)
    else:
        availability = Availability(issued=int(time.time()), unavailable=imported.unavailable)
        files[out.with_name("availability.json")] = availability.to_bytes()
    out.parent.mkdir(parents=True, exist_ok=True)
    for path, data in files.items():
        write_atomic(path, data)
    told = {
        "items": len(imported.catalogue.items), "categories": len(imported.catalogue.categories), "added": imported.added,
        "changed": imported.changed, "gone": imported.gone, "unavailable": len(imported.unavailable),
        "files": [str(path) for path in files],
    }  # fmt: skip
    if as_json:
        print_json(told)
        return
    print_table(f"{feed} into {out}", ["what", "value"], [[key, str(value)] for key, value in told.items() if key != "files"])


def model_skus(run: Path | None) -> tuple[str, ...]:
    """SKUs of a training, in the order of its model's rows."""
    if run is None:
        return ()
    try:
        return tuple(str(sku) for sku in json.loads((run / "items.json").read_text()))
    except (OSError, ValueError):
        raise IntentlyError(f"{run} holds no readable items.json; give the folder of a training.") from None


def read_market(imported: Imported, name: str, locale: str, region: str, currency: str) -> bytes:
    """The market's document; raises `IntentlyError` with the option that is wrong."""
    try:
        return imported.market(name, locale, region, currency).to_bytes()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise IntentlyError(f"market: {'.'.join(map(str, first['loc']))} is {first['input']!r}: {first['msg']}.") from None


@app.command()
def check(
    path: Annotated[Path, typer.Argument(help="Catalogue, JSON.")],
    before: Annotated[Path | None, typer.Option(help="An older one: refuse where an index has another SKU or category.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Whether a catalogue can be used, and what is in it."""
    from edge_model.catalogue import check_append_only

    catalogue = read_catalogue(path)
    if before is not None:
        check_append_only(read_catalogue(before), catalogue)
    per_category = [0] * (len(catalogue.categories) + 1)
    for item in catalogue.items:
        per_category[item.category] += 1
    lacking = {
        "without_category": per_category[0],
        "without_price": sum(item.price_minor == 0 for item in catalogue.items),
        "without_thumbnail": sum(not item.thumbnail for item in catalogue.items),
    }
    if as_json:
        held = {"items": len(catalogue.items), "categories": len(catalogue.categories), "generated": catalogue.generated}
        print_json(held | lacking)
        return
    names = ["(unknown)", *(category.name for category in catalogue.categories)]
    rows = [[name, str(count)] for name, count in zip(names, per_category, strict=True) if count]
    told = ", ".join(f"{count} {words.replace('_', ' ')}" for words, count in lacking.items() if count) or "nothing lacks"
    print_table(f"{path}: {len(catalogue.items)} items; {told}", ["category", "items"], rows)
