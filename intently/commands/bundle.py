"""`intently bundle`: build and inspect the browser bundle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from contracts import IntentlyError
from intently.output import JsonOption, print_json, print_table

app = typer.Typer(name="bundle", help="The script that a shop adds, pinned to its release key.", no_args_is_help=True)


@app.command()
def build(
    out: Annotated[Path, typer.Option(help="Folder for the bundle.")],
    release_key: Annotated[str, typer.Option(help="Public release key, 64 hexadecimal digits (`intently keys show`).")],
    shop: Annotated[str, typer.Option(help="Name of the shop, as in its configuration.")],
    demo: Annotated[bool, typer.Option("--demo", help="Accept demo-scale configurations (epochs of seconds).")] = False,
    cards: Annotated[str, typer.Option(help="page, local, or shop: the image host may then learn what is shown.")] = "page",
    as_json: JsonOption = False,
) -> None:
    """Build the bundle; the same sources and words give the same bytes."""
    from aggregator.files import compress_folder
    from browser_runtime import build_bundle

    build_bundle(out, release_key=release_key, shop=shop, demo=demo, cards=cards)  # type: ignore[arg-type]
    compress_folder(out)
    inspect(out, as_json)


@app.command()
def inspect(folder: Annotated[Path, typer.Argument(help="Folder of a bundle.")], as_json: JsonOption = False) -> None:
    """Files, sizes and integrity hashes of a bundle."""
    try:
        about = json.loads((folder / "bundle.json").read_text())
    except (OSError, ValueError):
        raise IntentlyError(f"{folder} holds no bundle.json; build one with: intently bundle build --out {folder} ...") from None
    if as_json:
        print_json(about)
        return
    rows = [[name, f"{f['bytes']:,}", f"{f['brotli_bytes']:,}", f["integrity"]] for name, f in sorted(about["files"].items())]
    print_table(f"Bundle {about['version']} of shop {about['shop']}", ["file", "bytes", "brotli", "integrity"], rows)
