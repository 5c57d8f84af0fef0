"""`intently keys`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from intently.output import JsonOption, print_json, print_table

app = typer.Typer(name="keys", help="Signing keys by role, and the keys that reports are sealed to.", no_args_is_help=True)
FolderOption = Annotated[Path, typer.Option(help="Folder of the private keys.")]


def _public(folder: Path) -> dict[str, str]:
    from aggregator.keys import SIGNING_ROLES, read_hpke_keys, read_signing_key

    found = {role: read_signing_key(folder / f"{role}.key").public.hex() for role in SIGNING_ROLES}
    return found | {f"hpke-{number}": secret.public.hex() for number, secret in read_hpke_keys(folder).items()}


@app.command()
def create(folder: FolderOption = Path("keys"), as_json: JsonOption = False) -> None:
    """Make the keys that are missing; never replaces one. Keep `release.key` offline."""
    from aggregator.keys import create_keys

    create_keys(folder)
    show(folder, as_json)


@app.command()
def show(folder: FolderOption = Path("keys"), as_json: JsonOption = False) -> None:
    """Public parts of the keys."""
    found = _public(folder)
    if as_json:
        print_json(found)
    else:
        print_table(f"Public keys of {folder}", ["role", "public key"], [[role, key] for role, key in found.items()])
