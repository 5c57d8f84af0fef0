"""`intently pool`: what is wanted now, with its noise."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from contracts import MANIFEST_PATH, Catalogue, Envelope, FileRef, IntentlyError, Manifest, Pool, PoolItem, Release, sha256_hex
from intently.output import JsonOption, print_json, print_table

app = typer.Typer(name="pool", help="The global candidates that every browser polls.", no_args_is_help=True)


def read_public(folder: Path) -> tuple[Manifest, Release, Pool, Catalogue]:
    """The files in force of a public folder, by hash; signatures are checked by `intently audit verify`."""

    def read(ref: FileRef) -> bytes:
        data = (folder / ref.path).read_bytes()
        if sha256_hex(data) != ref.sha256:
            raise IntentlyError(f"{folder / ref.path}: its bytes are not those that the manifest names")
        return data

    try:
        manifest = Manifest.from_bytes(Envelope.from_bytes((folder / MANIFEST_PATH).read_bytes()).payload_bytes())
        release = Release.from_bytes(Envelope.from_bytes(read(manifest.release)).payload_bytes())
        return manifest, release, Pool.from_bytes(read(manifest.pool)), Catalogue.from_bytes(read(release.catalogue))
    except OSError as error:
        raise IntentlyError(f"{error.filename}: {error.strerror}; give the public folder of a shop") from None


@app.command()
def inspect(
    public: Annotated[Path, typer.Argument(help="Public folder: manifest.json, files/, ledger.jsonl.")],
    most: Annotated[int, typer.Option(min=1, help="Rows to print.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """The pool in force: order, why each item is in it, and the interval of its private count."""
    manifest, _, pool, catalogue = read_public(public)
    if as_json:
        print_json({"manifest": manifest.version, "pool": pool})
        return
    rows = [
        [str(rank), str(entry.item), catalogue.items[entry.item - 1].name, *_counted(entry)]
        for rank, entry in enumerate(pool.items[:most], start=1)
    ]
    title = (
        f"Pool of epoch {pool.epoch}: {len(pool.items)} items from {pool.reports:,} private reports "
        f"(confidence {pool.confidence:.4f})"
    )
    print_table(title, ["rank", "item", "name", "reason", "count", "interval"], rows)


def _counted(entry: PoolItem) -> list[str]:
    return [entry.reason, f"{entry.count:.1f}", f"{entry.low:.1f} to {entry.high:.1f}"]
