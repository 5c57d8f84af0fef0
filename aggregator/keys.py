"""Key files of a folder, mode 0600, plain or sealed (privacy/key_files.py), and their states. A `Secret` never shows its bytes.

A key that the environment gives (`INTENTLY_KEY_POOL`, `INTENTLY_KEY_HPKE_1`) is taken before its file.
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from aggregator.errors import KeyRefused
from aggregator.files import write_atomic
from privacy.key_files import is_sealed, key_of_environment, key_text, names_in_environment, passphrase_of, read_key_text
from privacy.key_states import KeyState, States, begin, check_states
from privacy.sealing import generate_keypair
from privacy.signing import generate_signing_key, public_key_of

SIGNING_ROLES = ("release", "pool", "ledger")
STATES = "hpke-states.json"
_HPKE_NAME = re.compile(r"hpke-(0|[1-9][0-9]{0,2})\.key")


@dataclass(frozen=True)
class Secret:
    """A private key. `repr` shows the public part alone."""

    private: bytes = field(repr=False)
    public: bytes

    def __repr__(self) -> str:
        return f"Secret(public={self.public.hex()})"


def create_keys(folder: Path, key_ids: tuple[int, ...] = (1,)) -> None:
    """Make what is missing of release.key, pool.key, ledger.key and hpke-ID.key; never replaces a key.

    Where a passphrase is set (`privacy.key_files.passphrase_of`), new keys are sealed with it. Key ids are of a folder that holds
    no such key yet: further ones come by rotation.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for role in SIGNING_ROLES:
        _create(folder / f"{role}.key", generate_signing_key)
    if key_ids == (1,) and _hpke_ids(folder):
        return
    for key_id in key_ids:
        create_hpke_key(folder, key_id)


def create_hpke_key(folder: Path, key_id: int) -> None:
    """Make hpke-ID.key if it is not there."""
    _create(folder / f"hpke-{key_id}.key", lambda: generate_keypair()[0])


def _create(path: Path, generate: Callable[[], bytes]) -> None:
    if not path.exists() and key_of_environment(path.stem) is None:
        write_atomic(path, key_text(generate(), path.stem, passphrase_of()), 0o600)


def seal_keys(folder: Path) -> list[str]:
    """Seal every plain key file of the folder with the passphrase; returns their names. Raises `KeyRefused` without one."""
    passphrase = passphrase_of()
    if passphrase is None:
        raise KeyRefused("no passphrase; set INTENTLY_PASSPHRASE or INTENTLY_PASSPHRASE_FILE")
    sealed = []
    for path in sorted(folder.glob("*.key")):
        if not is_sealed(_text(path)):
            write_atomic(path, key_text(_read(path), path.stem, passphrase), 0o600)
            sealed.append(path.name)
    return sealed


def read_states(folder: Path, now: int = 0) -> States:
    """States of the keys that reports are sealed to; of a folder that states none, the newest is active."""
    ids, path = sorted(read_hpke_keys(folder)), folder / STATES
    if not path.exists():
        return begin(ids, now)
    try:
        found = tuple(KeyState(**each) for each in json.loads(path.read_bytes()))
        if any(each.state not in ("pending", "active", "expired") for each in found):
            raise ValueError
    except (ValueError, TypeError):
        raise KeyRefused(f"{path} does not hold key states; restore it from a copy") from None
    check_states(found, ids)
    return found


def write_states(folder: Path, states: States) -> None:
    """Record the states, whole or not at all."""
    write_atomic(folder / STATES, json.dumps([vars(state) for state in states]).encode() + b"\n", 0o600)


def read_signing_key(path: Path) -> Secret:
    """Ed25519 key of a role."""
    private = _read(path)
    return Secret(private, public_key_of(private))


def read_hpke_keys(folder: Path) -> dict[int, Secret]:
    """X25519 keys by key id, of every hpke-ID.key in the folder and of the environment."""
    keys = {}
    for key_id in _hpke_ids(folder):
        private = _read(folder / f"hpke-{key_id}.key")
        keys[key_id] = Secret(private, x25519_public(private))
    if not keys:
        raise KeyRefused(f"no hpke-ID.key in {folder}; create the keys first")
    return keys


def _hpke_ids(folder: Path) -> list[int]:
    found = set(names_in_environment("hpke"))
    for path in folder.glob("hpke-*.key"):
        match = _HPKE_NAME.fullmatch(path.name)
        if match is None or int(match[1]) > 255:
            raise KeyRefused(f"{path.name}: want hpke-ID.key with an ID of 0 to 255")
        found.add(int(match[1]))
    return sorted(found)


def read_private_key(path: Path) -> Secret:
    """One X25519 key, wherever it lies."""
    private = _read(path)
    return Secret(private, x25519_public(private))


def x25519_public(private: bytes) -> bytes:
    """Public part of a raw X25519 private key."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def _read(path: Path) -> bytes:
    given = key_of_environment(path.stem)
    return given if given is not None else read_key_text(_text(path), path.stem, passphrase_of())


def _text(path: Path) -> str:
    try:
        mode, text = path.stat().st_mode, path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        raise KeyRefused(f"{path} is missing; create the keys first") from None
    except (OSError, UnicodeDecodeError):
        raise KeyRefused(f"{path} cannot be read as a key") from None
    if os.name != "nt" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyRefused(f"{path} is open to others (mode {stat.S_IMODE(mode):o}); run: chmod 600 {path}")
    return text
