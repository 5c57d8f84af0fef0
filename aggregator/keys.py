"""Key files: 32 raw bytes as 64 hexadecimal digits, mode 0600. A `Secret` never shows its bytes."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from aggregator.errors import KeyRefused
from aggregator.files import write_atomic
from privacy.sealing import generate_keypair
from privacy.signing import generate_signing_key, public_key_of

SIGNING_ROLES = ("release", "pool", "ledger")
_HPKE_NAME = re.compile(r"hpke-(0|[1-9][0-9]{0,2})\.key")


@dataclass(frozen=True)
class Secret:
    """A private key. `repr` shows the public part alone."""

    private: bytes = field(repr=False)
    public: bytes

    def __repr__(self) -> str:
        return f"Secret(public={self.public.hex()})"


def create_keys(folder: Path, key_ids: tuple[int, ...] = (1,)) -> None:
    """Make what is missing of release.key, pool.key, ledger.key and hpke-ID.key; never replaces a key."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for role in SIGNING_ROLES:
        _create(folder / f"{role}.key", generate_signing_key)
    for key_id in key_ids:
        _create(folder / f"hpke-{key_id}.key", lambda: generate_keypair()[0])


def _create(path: Path, generate: Callable[[], bytes]) -> None:
    if not path.exists():
        write_atomic(path, generate().hex().encode() + b"\n", 0o600)


def read_signing_key(path: Path) -> Secret:
    """Ed25519 key of a role."""
    private = _read(path)
    return Secret(private, public_key_of(private))


def read_hpke_keys(folder: Path) -> dict[int, Secret]:
    """X25519 keys by key id, of every hpke-ID.key in the folder."""
    keys = {}
    for path in sorted(folder.glob("hpke-*.key")):
        match = _HPKE_NAME.fullmatch(path.name)
        if match is None or int(match[1]) > 255:
            raise KeyRefused(f"{path.name}: want hpke-ID.key with an ID of 0 to 255")
        private = _read(path)
        keys[int(match[1])] = Secret(private, x25519_public(private))
    if not keys:
        raise KeyRefused(f"no hpke-ID.key in {folder}; create the keys first")
    return keys


def x25519_public(private: bytes) -> bytes:
    """Public part of a raw X25519 private key."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def _read(path: Path) -> bytes:
    try:
        mode, text = path.stat().st_mode, path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        raise KeyRefused(f"{path} is missing; create the keys first") from None
    except (OSError, UnicodeDecodeError):
        raise KeyRefused(f"{path} cannot be read as a key") from None
    if os.name != "nt" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyRefused(f"{path} is open to others (mode {stat.S_IMODE(mode):o}); run: chmod 600 {path}")
    if re.fullmatch(r"[0-9a-f]{64}", text) is None:
        raise KeyRefused(f"{path} does not hold 64 hexadecimal digits")
    return bytes.fromhex(text)
