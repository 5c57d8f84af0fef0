"""The issuer of anonymous tokens: signs blind, so many for each account and epoch, and remembers only how many."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric import rsa

from privacy.errors import TokenRefused
from privacy.tokens import EXPONENT, KEY_BITS, MODULUS_BYTES, REQUEST, TOKEN_TYPE, IssuerKey

RandomBytes = Callable[[int], bytes]


def generate_issuer_key() -> rsa.RSAPrivateKey:
    """RSA, 2,048 bits."""
    return rsa.generate_private_key(EXPONENT, KEY_BITS)


class Issuer:
    """One issuer key.

    In memory, of the current epoch alone: for each account the SHA-256 of the blinded messages that it had signed, which are
    independent of its tokens. The same message again is a resend after a lost answer: signed again, counted once.
    """

    def __init__(self, private: rsa.RSAPrivateKey, per_epoch: int = 1, random_bytes: RandomBytes = os.urandom) -> None:
        """`per_epoch`: tokens that one account gets in one epoch; a browser reports once an epoch, so one for each browser."""
        if per_epoch < 1:
            raise TokenRefused(f"issuer: got {per_epoch} tokens an epoch, want at least 1")
        numbers = private.private_numbers()
        self.key = IssuerKey(numbers.public_numbers.n)
        self._d, self._p, self._q = numbers.d, numbers.p, numbers.q
        self._per_epoch, self._random = per_epoch, random_bytes
        self._epoch = -1
        self._given: dict[str, set[bytes]] = {}

    def issue(self, account: str, epoch: int, request: bytes) -> bytes:
        """Blind signature for a signed-in account; raises `TokenRefused` at its limit, for an older epoch, or a bad request.

        The issuer is told the epoch and never sees the challenge: a token for another epoch is refused by the relay.
        """
        element = self._element(request)
        if epoch < self._epoch:
            raise TokenRefused(f"issuer: epoch {epoch} is over, {self._epoch} has begun")
        if epoch > self._epoch:
            self._epoch, self._given = epoch, {}
        given, asked = self._given.setdefault(account, set()), hashlib.sha256(request).digest()
        if asked not in given and len(given) >= self._per_epoch:
            raise TokenRefused(f"issuer: this account has had its {self._per_epoch} for this epoch")
        given.add(asked)
        return self._sign(element)

    def _element(self, request: bytes) -> int:
        if len(request) != REQUEST.size:
            raise TokenRefused(f"token request: got {len(request)} bytes, want {REQUEST.size}")
        kind, key_byte, blinded = REQUEST.unpack(request)
        element = int.from_bytes(blinded, "big")
        if kind != TOKEN_TYPE or key_byte != self.key.key_id[-1] or not 1 < element < self.key.n:
            raise TokenRefused(f"token request: want type {TOKEN_TYPE}, this issuer's key and a message below its modulus")
        return element

    def _sign(self, element: int) -> bytes:
        """element^d mod n by the two primes, blinded by a number of our own against timing, and checked against faults."""
        n = self.key.n
        mask = int.from_bytes(self._random(MODULUS_BYTES + 16), "big") % (n - 2) + 2
        hidden = element * pow(mask, EXPONENT, n) % n
        of_p, of_q = pow(hidden, self._d % (self._p - 1), self._p), pow(hidden, self._d % (self._q - 1), self._q)
        joined = of_q + self._q * ((of_p - of_q) * pow(self._q, -1, self._p) % self._p)
        signature = joined * pow(mask, -1, n) % n
        if pow(signature, EXPONENT, n) != element:
            raise TokenRefused("issuer: the signature does not verify; a fault of this machine, nothing was given out")
        return signature.to_bytes(MODULUS_BYTES, "big")
