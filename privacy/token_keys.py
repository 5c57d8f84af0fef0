"""The issuer's RSA key in files: PKCS #8, sealed with a passphrase where one is set, and the public part beside it."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from privacy.errors import KeyFileRefused
from privacy.tokens import KEY_BITS


def write_token_key(private: Path, public: Path, key: rsa.RSAPrivateKey, passphrase: bytes | None) -> None:
    """Write both files, the private one with mode 0600; never replaces one (`FileExistsError`)."""
    sealed: KeySerializationEncryption = NoEncryption() if passphrase is None else BestAvailableEncryption(passphrase)
    descriptor = os.open(private, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealed))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def read_token_key(path: Path, passphrase: bytes | None) -> rsa.RSAPrivateKey:
    """The private key; raises `KeyFileRefused`, whose text holds nothing of the key."""
    try:
        text = path.read_bytes()
        key = load_pem_private_key(text, passphrase if b"ENCRYPTED" in text else None)
    except OSError as error:
        raise KeyFileRefused(f"{path}: {error.strerror}; make a token key with `intently keys token`") from None
    except (ValueError, TypeError):
        raise KeyFileRefused(f"{path} does not open as a private key in PEM; is INTENTLY_PASSPHRASE its passphrase?") from None
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size != KEY_BITS:
        raise KeyFileRefused(f"{path}: want an RSA key of {KEY_BITS} bits; make one with `intently keys token`")
    return key
