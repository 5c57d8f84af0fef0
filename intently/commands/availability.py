"""`intently release availability`: what must not be shown, by the hour."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from contracts import Availability, Catalogue, ContractError, IntentlyError
from intently.output import JsonOption, print_json
from intently.workspace import Workspace

WorkspaceArgument = Annotated[Path, typer.Argument(help="Folder with catalogue.json, keys/ and public/.")]


def availability(
    workspace: WorkspaceArgument,
    unavailable: Annotated[
        Path | None, typer.Option(help="Out of stock or hidden: one SKU a line, or availability.json.")
    ] = None,
    banned: Annotated[Path | None, typer.Option(help="By law or recall: a file with one SKU a line; no pin shows them.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Sign a manifest with new lists of what must not be shown; a list that is not given stays.

    `--unavailable` also takes the availability.json that `intently catalog import` writes beside the catalogue.
    """
    from aggregator.keys import read_signing_key
    from aggregator.release import publish_manifest
    from intently.commands.catalog import read_catalogue

    if unavailable is None and banned is None:
        raise IntentlyError("got neither --unavailable nor --banned, want one at least; give a file with one SKU a line")
    space = Workspace(workspace)
    catalogue = read_catalogue(space.catalogue)
    hidden = None if unavailable is None else read_unavailable(unavailable, catalogue)
    forbidden = None if banned is None else read_skus(banned, catalogue)
    key = read_signing_key(space.keys / "pool.key")
    manifest = publish_manifest(space.public, key, now_s=int(time.time()), unavailable=hidden, banned=forbidden)
    held = manifest.availability
    if as_json:
        print_json(held)
    else:
        print(f"manifest {manifest.version}: {len(held.unavailable)} unavailable, {len(held.banned)} banned")


def read_unavailable(path: Path, catalogue: Catalogue) -> tuple[int, ...]:
    """Catalogue indices of a file with one SKU a line, or of the availability.json of an import into this catalogue.

    Raises `IntentlyError` where the file is neither, or speaks of an item that the catalogue has not.
    """
    if path.suffix != ".json":
        return read_skus(path, catalogue)
    try:
        found = Availability.from_bytes(path.read_bytes()).unavailable
    except (OSError, ContractError) as error:
        raise IntentlyError(
            f"{path} is no availability.json of `intently catalog import` ({error}); import the feed again"
        ) from None
    if max(found, default=0) > len(catalogue.items):
        raise IntentlyError(
            f"{path}: item {max(found)} is unavailable, the catalogue has {len(catalogue.items)}; give the file that was "
            "written with this catalogue. Nothing was published"
        )
    return found


def read_skus(path: Path, catalogue: Catalogue) -> tuple[int, ...]:
    """Catalogue indices of a file with one SKU a line; raises `IntentlyError` for an unknown one."""
    index = {item.sku: at for at, item in enumerate(catalogue.items, start=1)}
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise IntentlyError(f"{path} cannot be read ({error}); give a text file with one SKU a line") from None
    skus = [line.strip() for line in lines]
    unknown = [(number, sku) for number, sku in enumerate(skus, start=1) if sku and sku not in index]
    if unknown:
        raise IntentlyError(f"{path}, line {unknown[0][0]}: the catalogue has no SKU {unknown[0][1]!r}; nothing was published")
    return tuple(index[sku] for sku in skus if sku)
