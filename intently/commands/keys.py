"""`intently keys`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from intently.output import JsonOption, print_json, print_table

app = typer.Typer(name="keys", help="Signing keys by role, and the keys that reports are sealed to.", no_args_is_help=True)
FolderOption = Annotated[Path, typer.Option(help="Folder of the private keys.")]
OVERLAP_S = 2 * 21_600
"""Two epochs of the default length: reports of the epoch in which a key expired have come by then."""


def _public(folder: Path) -> dict[str, str]:
    from aggregator.keys import SIGNING_ROLES, read_hpke_keys, read_signing_key

    found = {role: read_signing_key(folder / f"{role}.key").public.hex() for role in SIGNING_ROLES}
    return found | {f"hpke-{number}": secret.public.hex() for number, secret in read_hpke_keys(folder).items()}


@app.command()
def create(folder: FolderOption = Path("keys"), as_json: JsonOption = False) -> None:
    """Make the keys that are missing; never replaces one. Sealed if INTENTLY_PASSPHRASE is set. Keep `release.key` offline."""
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


@app.command(name="list")
def list_states(folder: FolderOption = Path("keys"), as_json: JsonOption = False) -> None:
    """The keys that reports are sealed to: pending, active or expired, since when, and whether their files are sealed."""
    from aggregator.keys import read_hpke_keys, read_states
    from privacy.key_files import is_sealed

    keys = read_hpke_keys(folder)
    rows = []
    for state in read_states(folder):
        path = folder / f"hpke-{state.key_id}.key"
        where = "environment" if not path.exists() else "sealed" if is_sealed(path.read_text()) else "plain"
        rows.append({**vars(state), "public_key": keys[state.key_id].public.hex(), "kept": where})
    if as_json:
        print_json({"keys": rows})
        return
    cells = [[str(row["key_id"]), row["state"], _when(row["since"]), row["kept"], row["public_key"]] for row in rows]
    print_table(f"Report keys of {folder}", ["id", "state", "since", "kept", "public key"], cells)


def _when(seconds: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.gmtime(seconds)) if seconds else "unknown"


@app.command()
def add(folder: FolderOption = Path("keys"), as_json: JsonOption = False) -> None:
    """A new report key, pending: publish a release that names it, let browsers poll, then `intently keys rotate`."""
    from aggregator.keys import create_hpke_key, read_states, write_states
    from privacy.key_states import add as added

    now = int(time.time())
    states, key_id = added(read_states(folder, now), now)
    create_hpke_key(folder, key_id)
    write_states(folder, states)
    list_states(folder, as_json)


@app.command()
def rotate(folder: FolderOption = Path("keys"), as_json: JsonOption = False) -> None:
    """The pending key becomes active, the active one expired: it still opens what was sealed to it. Then publish a release."""
    from aggregator.keys import read_states, write_states
    from privacy.key_states import rotate as rotated

    now = int(time.time())
    write_states(folder, rotated(read_states(folder, now), now))
    list_states(folder, as_json)


@app.command()
def retire(
    folder: FolderOption = Path("keys"),
    overlap_s: Annotated[int, typer.Option(min=0, help="Seconds after which an expired key opens nothing any more.")] = OVERLAP_S,
    as_json: JsonOption = False,
) -> None:
    """Destroy the private parts of keys that expired long enough ago: what was sealed to them can never be opened again."""
    from aggregator.keys import read_states, write_states
    from privacy.key_states import retire as retired

    now = int(time.time())
    states, gone = retired(read_states(folder, now), now, overlap_s)
    for key_id in gone:
        (folder / f"hpke-{key_id}.key").unlink(missing_ok=True)
    write_states(folder, states)
    list_states(folder, as_json)


@app.command()
def token(folder: FolderOption = Path("keys"), as_json: JsonOption = False) -> None:
    """Make the RSA key of the token issuer, `token.pem`, and its public part for relay and release, `token-public.pem`."""
    from contracts import IntentlyError
    from privacy.key_files import passphrase_of
    from privacy.token_issuer import generate_issuer_key
    from privacy.token_keys import write_token_key
    from privacy.tokens import IssuerKey

    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    private, public = folder / "token.pem", folder / "token-public.pem"
    try:
        write_token_key(private, public, generate_issuer_key(), passphrase_of())
    except FileExistsError:
        raise IntentlyError(f"{private} is there already and is never replaced; give another folder") from None
    found = {"private": str(private), "public": str(public), "key_id": IssuerKey.from_bytes(public.read_bytes()).key_id.hex()}
    print_json(found) if as_json else print_table("Token key", list(found), [list(found.values())])


@app.command()
def seal(folder: FolderOption = Path("keys"), as_json: JsonOption = False) -> None:
    """Seal every plain key file with the passphrase of INTENTLY_PASSPHRASE or INTENTLY_PASSPHRASE_FILE."""
    from aggregator.keys import seal_keys

    sealed = seal_keys(folder)
    print_json({"sealed": sealed}) if as_json else print(
        f"{len(sealed)} key files sealed: {', '.join(sealed) or 'none was plain'}"
    )
