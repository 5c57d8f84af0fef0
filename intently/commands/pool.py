"""`intently pool`: what is wanted now, with its noise."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

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


@app.command()
def diff(
    before: Annotated[Path, typer.Argument(help="A pool file (files/HASH.json), or a public folder for the pool in force.")],
    after: Annotated[Path, typer.Argument(help="Another one.")],
    most: Annotated[int, typer.Option(min=1, help="Rows to print.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """What entered, what left and what moved between two pools."""
    old, new = _pool(before), _pool(after)
    changes = compare(old, new)
    if as_json:
        print_json({"before": old.epoch, "after": new.epoch, **changes})
        return
    moved = sorted(changes["moved"], key=lambda move: -abs(move["by"]))[:most]
    rows = [["entered", str(each["item"]), str(each["rank"]), each["reason"]] for each in changes["entered"][:most]]
    rows += [["left", str(each["item"]), str(each["rank"]), each["reason"]] for each in changes["left"][:most]]
    rows += [["moved", str(each["item"]), f"{each['from']} to {each['to']}", each["reason"]] for each in moved]
    title = (
        f"Epoch {old.epoch} to {new.epoch}: {len(changes['entered'])} entered, {len(changes['left'])} left, "
        f"{len(changes['moved'])} moved, farthest by {changes['farthest']} places"
    )
    print_table(title, ["change", "item", "rank", "reason"], rows)


def compare(old: Pool, new: Pool) -> dict[str, Any]:
    """Ranks from 1. `moved` counts places upwards as positive."""
    stood, stands = ({entry.item: rank for rank, entry in enumerate(pool.items, start=1)} for pool in (old, new))
    reason = {entry.item: entry.reason for pool in (old, new) for entry in pool.items}
    moved = [
        {"item": item, "from": stood[item], "to": rank, "by": stood[item] - rank, "reason": reason[item]}
        for item, rank in stands.items()
        if item in stood and stood[item] != rank
    ]
    return {
        "entered": [{"item": item, "rank": rank, "reason": reason[item]} for item, rank in stands.items() if item not in stood],
        "left": [{"item": item, "rank": rank, "reason": reason[item]} for item, rank in stood.items() if item not in stands],
        "moved": moved,
        "farthest": max((abs(stood[item] - stands[item]) for item in stands if item in stood), default=0),
    }


def _pool(path: Path) -> Pool:
    if path.is_dir():
        return read_public(path)[2]
    try:
        return Pool.from_bytes(path.read_bytes())
    except OSError as error:
        raise IntentlyError(f"{path}: {error.strerror}; give a pool's file or a public folder") from None


@app.command()
def prior(
    public: Annotated[Path, typer.Argument(help="Public folder: manifest.json, files/, ledger.jsonl.")],
    out: Annotated[Path, typer.Option(help="JSON: sku -> share of reports, 0 to 1.")],
) -> None:
    """Write how wanted each item is now: the posterior share of the newest epochs, for a training or for the shop's own lists."""
    import json

    from aggregator.files import write_atomic
    from aggregator.replay import Published, shares

    _, _, pool, catalogue = read_public(public)
    found = shares(Published.read(public), pool)
    told = {catalogue.items[item - 1].sku: share for item, share in enumerate(found, start=1) if share > 0}
    write_atomic(out, json.dumps(told, ensure_ascii=False).encode())
    typer.echo(f"{out}: {len(told):,} items of {len(catalogue.items):,}, epoch {pool.epoch}, {pool.reports:,} reports")
