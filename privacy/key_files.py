"""Private keys at rest: 32 bytes as 64 hexadecimal digits, or sealed with a passphrase.

    {"version":1,"kdf":"scrypt","n":32768,"r":8,"p":1,"salt":hex 16,"nonce":hex 12,"sealed":hex 48}

The passphrase goes through scrypt (RFC 7914) to a key of ChaCha20-Poly1305 (RFC 8439); the key's name is authenticated with it,
so that a file cannot take another's place. Passphrases come from a function: environment or file, never a command line.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from privacy.errors import KeyFileRefused

KEY_BYTES = 32
COST, BLOCK, LANES = 1 << 15, 8, 1
"""scrypt's N, r, p: some 60 ms and 32 MiB a key."""
COST_MOST = 1 << 20
PASSPHRASE = "INTENTLY_PASSPHRASE"
PASSPHRASE_FILE = "INTENTLY_PASSPHRASE_FILE"
KEY_PREFIX = "INTENTLY_KEY_"
_PLAIN = re.compile(r"[0-9a-f]{64}")

RandomBytes = Callable[[int], bytes]


def key_text(private: bytes, name: str, passphrase: bytes | None, random_bytes: RandomBytes = os.urandom) -> bytes:
    """Content of a key file, sealed where there is a passphrase."""
    if passphrase is None:
        return private.hex().encode() + b"\n"
    salt, nonce = random_bytes(16), random_bytes(12)
    sealed = ChaCha20Poly1305(_derived(passphrase, salt, COST, BLOCK, LANES)).encrypt(nonce, private, name.encode())
    document = {
        "version": 1, "kdf": "scrypt", "n": COST, "r": BLOCK, "p": LANES, "salt": salt.hex(), "nonce": nonce.hex(),
        "sealed": sealed.hex(),
    }  # fmt: skip
    return json.dumps(document, separators=(",", ":")).encode() + b"\n"


def is_sealed(text: str) -> bool:
    """Whether a key file is sealed with a passphrase."""
    return text.lstrip().startswith("{")


def read_key_text(text: str, name: str, passphrase: bytes | None) -> bytes:
    """32 private bytes; raises `KeyFileRefused`, whose text holds nothing of the key."""
    text = text.strip()
    if not is_sealed(text):
        if _PLAIN.fullmatch(text) is None:
            raise KeyFileRefused(f"{name} does not hold 64 hexadecimal digits")
        return bytes.fromhex(text)
    if passphrase is None:
        raise KeyFileRefused(f"{name} is sealed with a passphrase; set {PASSPHRASE} or {PASSPHRASE_FILE}")
    try:
        document: dict[str, Any] = json.loads(text)
        salt, nonce, sealed = (bytes.fromhex(document[part]) for part in ("salt", "nonce", "sealed"))
        cost, block, lanes = (int(document[part]) for part in ("n", "r", "p"))
        if (
            document["version"] != 1
            or document["kdf"] != "scrypt"
            or not 2 <= cost <= COST_MOST
            or block != BLOCK
            or lanes != LANES
        ):
            raise ValueError
        private = ChaCha20Poly1305(_derived(passphrase, salt, cost, block, lanes)).decrypt(nonce, sealed, name.encode())
    except (ValueError, KeyError, TypeError, OverflowError):
        raise KeyFileRefused(f"{name} is not a sealed key of version 1") from None
    except InvalidTag:
        raise KeyFileRefused(f"{name} does not open: another passphrase, another key's file, or a changed byte") from None
    if len(private) != KEY_BYTES:
        raise KeyFileRefused(f"{name} holds {len(private)} bytes, want {KEY_BYTES}")
    return private


def _derived(passphrase: bytes, salt: bytes, cost: int, block: int, lanes: int) -> bytes:
    return Scrypt(salt=salt, length=32, n=cost, r=block, p=lanes).derive(passphrase)


def passphrase_of(environment: Mapping[str, str] = os.environ) -> bytes | None:
    """From the environment, or the file that it names without its last line feed; None where neither is set."""
    if environment.get(PASSPHRASE):
        return environment[PASSPHRASE].encode()
    path = environment.get(PASSPHRASE_FILE)
    if not path:
        return None
    try:
        found = Path(path).read_bytes().rstrip(b"\r\n")
    except OSError as error:
        raise KeyFileRefused(f"{PASSPHRASE_FILE} names {path}: {error.strerror}") from None
    if not found:
        raise KeyFileRefused(f"{PASSPHRASE_FILE} names {path}, which is empty")
    return found


def key_of_environment(name: str, environment: Mapping[str, str] = os.environ) -> bytes | None:
    """A key given as `INTENTLY_KEY_POOL`, `INTENTLY_KEY_HPKE_1`, ...; None where it is not set."""
    variable = KEY_PREFIX + name.upper().replace("-", "_")
    text = environment.get(variable)
    if text is None:
        return None
    if _PLAIN.fullmatch(text.strip()) is None:
        raise KeyFileRefused(f"{variable} does not hold 64 hexadecimal digits")
    return bytes.fromhex(text.strip())


def names_in_environment(prefix: str, environment: Mapping[str, str] = os.environ) -> list[int]:
    """Numbers n of the keys `prefix`-n that the environment gives."""
    pattern = re.compile(re.escape(KEY_PREFIX + prefix.upper()) + r"_(0|[1-9][0-9]{0,2})")
    return sorted(int(match[1]) for variable in environment if (match := pattern.fullmatch(variable)))
