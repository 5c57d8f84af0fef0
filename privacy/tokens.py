"""Anonymous tokens: RFC 9578 token type 2, blind RSA, 2,048 bits (RFC 9474, RSABSSA-SHA384-PSS-Deterministic). Off by default.

A signed-in shopper's browser has tokens signed blind; the issuer counts how many each account gets in an epoch, and cannot link a
token that comes back with a report to the account that it signed for. The relay spends each token once.

Token      354 bytes  type u16 = 2 ‖ nonce[32] ‖ challenge digest[32] ‖ key id[32] ‖ authenticator[256]
Request    259 bytes  type u16 = 2 ‖ last byte of the key id ‖ blinded message[256]
Response   256 bytes  blind signature
Report     410 bytes  the 56 of a report ‖ token
Challenge             type u16 ‖ issuer name (u16 length) ‖ redemption context (u8 length, 32) ‖ origin info (u16 length)

The redemption context is SHA-256("intently/token/v1" ‖ release ‖ epoch u32): a token is good for one epoch of one configuration,
and every browser asks with the same challenge. Verification is `cryptography`'s RSA-PSS.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from contracts import BODY_BYTES
from privacy.errors import TokenRefused

TOKEN_TYPE = 2
KEY_BITS, EXPONENT, SALT_BYTES = 2048, 65537, 48
MODULUS_BYTES = KEY_BITS // 8
TOKEN = struct.Struct(f">H32s32s32s{MODULUS_BYTES}s")
TOKEN_BYTES = TOKEN.size
REQUEST = struct.Struct(f">HB{MODULUS_BYTES}s")
BODY_WITH_TOKEN_BYTES = BODY_BYTES + TOKEN_BYTES
CONTEXT_LABEL = b"intently/token/v1"
_SPKI_HEAD = bytes.fromhex(
    "30820152303d06092a864886f70d01010a3030a00d300b0609608648016503040202a11a301806092a864886f70d010108300b0609608648016503040202"
    "a2030201300382010f003082010a0282010100"
)
_SPKI_TAIL = bytes.fromhex("0203010001")
RandomBytes = Callable[[int], bytes]


@dataclass(frozen=True)
class IssuerKey:
    """Public key of an issuer."""

    n: int

    def __post_init__(self) -> None:
        if self.n.bit_length() != KEY_BITS or self.n % 2 == 0:
            raise TokenRefused(f"issuer key: got a modulus of {self.n.bit_length()} bits, want an odd one of {KEY_BITS}")

    @property
    def spki(self) -> bytes:
        """SubjectPublicKeyInfo with the RSASSA-PSS identifier, as RFC 9578 (section 6.5) hashes it."""
        return _SPKI_HEAD + self.n.to_bytes(MODULUS_BYTES, "big") + _SPKI_TAIL

    @property
    def key_id(self) -> bytes:
        """32 bytes."""
        return hashlib.sha256(self.spki).digest()

    def verifier(self) -> rsa.RSAPublicKey:
        """For `cryptography`."""
        return rsa.RSAPublicNumbers(EXPONENT, self.n).public_key()

    @classmethod
    def from_bytes(cls, data: bytes) -> IssuerKey:
        """From PEM or DER; raises `TokenRefused`."""
        if data.startswith(_SPKI_HEAD) and data.endswith(_SPKI_TAIL):
            return cls(int.from_bytes(data[len(_SPKI_HEAD) : -len(_SPKI_TAIL)], "big"))
        try:
            load = serialization.load_pem_public_key if data.lstrip().startswith(b"-----") else serialization.load_der_public_key
            key = load(data)
        except ValueError:
            raise TokenRefused("issuer key: is no public key in PEM or DER") from None
        if not isinstance(key, rsa.RSAPublicKey) or key.public_numbers().e != EXPONENT:
            raise TokenRefused(f"issuer key: want RSA with exponent {EXPONENT}")
        return cls(key.public_numbers().n)


def challenge(issuer: str, release: str, epoch: int, origin: str = "") -> bytes:
    """TokenChallenge of an epoch under a configuration (RFC 9577, section 2.1.1): the same for every browser."""
    context = hashlib.sha256(CONTEXT_LABEL + bytes.fromhex(release) + epoch.to_bytes(4, "big")).digest()
    name, where = issuer.encode(), origin.encode()
    return b"".join((
        TOKEN_TYPE.to_bytes(2, "big"), len(name).to_bytes(2, "big"), name, bytes([len(context)]), context,
        len(where).to_bytes(2, "big"), where,
    ))  # fmt: skip


@dataclass(frozen=True)
class Pending:
    """What a client keeps between request and response. Never leaves it."""

    key: IssuerKey
    signed: bytes = field(repr=False)
    """type ‖ nonce ‖ challenge digest ‖ key id."""
    blind: int = field(repr=False)


def request_token(key: IssuerKey, asked: bytes, random_bytes: RandomBytes = os.urandom) -> tuple[bytes, Pending]:
    """(TokenRequest, what to keep) for a challenge; draws nonce, salt and blind in this order."""
    nonce, salt = random_bytes(32), random_bytes(SALT_BYTES)
    blind = int.from_bytes(random_bytes(MODULUS_BYTES + 16), "big") % (key.n - 2) + 2
    return blinded(key, asked, nonce, salt, blind)


def blinded(key: IssuerKey, asked: bytes, nonce: bytes, salt: bytes, blind: int) -> tuple[bytes, Pending]:
    """As `request_token`, with everything given (RFC 9474, section 4.2)."""
    signed = TOKEN_TYPE.to_bytes(2, "big") + nonce + hashlib.sha256(asked).digest() + key.key_id
    message = int.from_bytes(emsa_pss(signed, salt), "big")
    element = message * pow(blind, EXPONENT, key.n) % key.n
    return REQUEST.pack(TOKEN_TYPE, key.key_id[-1], element.to_bytes(MODULUS_BYTES, "big")), Pending(key, signed, blind)


def finalize(response: bytes, pending: Pending) -> bytes:
    """The token; raises `TokenRefused` where the issuer signed something else (RFC 9474, section 4.4)."""
    if len(response) != MODULUS_BYTES:
        raise TokenRefused(f"token response: got {len(response)} bytes, want {MODULUS_BYTES}")
    n = pending.key.n
    signature = int.from_bytes(response, "big") * pow(pending.blind, -1, n) % n
    token = pending.signed + signature.to_bytes(MODULUS_BYTES, "big")
    _verify_signature(token, pending.key)
    return token


def verify_token(token: bytes, key: IssuerKey, asked: bytes) -> bytes:
    """The nonce of a token that this issuer signed for this challenge; raises `TokenRefused`. Spending it is the caller's."""
    if len(token) != TOKEN_BYTES:
        raise TokenRefused(f"token: got {len(token)} bytes, want {TOKEN_BYTES}")
    kind, nonce, digest, key_id, _ = TOKEN.unpack(token)
    if kind != TOKEN_TYPE:
        raise TokenRefused(f"token: got type {kind}, want {TOKEN_TYPE}")
    if key_id != key.key_id:
        raise TokenRefused("token: is of another issuer key")
    if digest != hashlib.sha256(asked).digest():
        raise TokenRefused("token: answers another challenge, such as another epoch's")
    _verify_signature(token, key)
    return bytes(nonce)


def _verify_signature(token: bytes, key: IssuerKey) -> None:
    scheme = padding.PSS(mgf=padding.MGF1(hashes.SHA384()), salt_length=SALT_BYTES)
    try:
        key.verifier().verify(token[-MODULUS_BYTES:], token[:-MODULUS_BYTES], scheme, hashes.SHA384())
    except InvalidSignature:
        raise TokenRefused("token: its signature does not hold") from None


def emsa_pss(message: bytes, salt: bytes, bits: int = KEY_BITS - 1) -> bytes:
    """EMSA-PSS-ENCODE with SHA-384 (RFC 8017, section 9.1.1): `bits` bits, as many bytes as the modulus has."""
    length = -(-bits // 8)
    digest = hashlib.sha384(bytes(8) + hashlib.sha384(message).digest() + salt).digest()
    block = bytes(length - len(salt) - len(digest) - 2) + b"\1" + salt
    mask = _mgf1(digest, len(block))
    masked = bytearray(a ^ b for a, b in zip(block, mask, strict=True))
    masked[0] &= 0xFF >> (8 * length - bits)
    return bytes(masked) + digest + b"\xbc"


def _mgf1(seed: bytes, length: int) -> bytes:
    rounds = -(-length // 48)
    return b"".join(hashlib.sha384(seed + count.to_bytes(4, "big")).digest() for count in range(rounds))[:length]
