"""Mechanisms as frozen records of their parameters; pure integers, no floating point in what is drawn.

Letters: d domain size (values 1..d, and 0 for NONE), q field order, D dimension, w : v integer weights.
Both mechanisms answer with a residue: the true one with probability w / (w + v (m - 1)), each other with v / (w + v (m - 1)),
where m is the modulus. Neighbouring inputs are any two values of one client; epsilon = ln(w / v), exactly and for every pair.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from contracts import MICRO, AffinePointMechanism, Collection, KAryMechanism
from privacy.accounting.choosing import choose, is_prime
from privacy.errors import MechanismRefused


def _check_weights(domain_size: int, w: int, v: int) -> None:
    if domain_size < 1:
        raise MechanismRefused(f"domain_size: got {domain_size}, want at least 1")
    if not 1 <= v < w <= 65535:
        raise MechanismRefused(f"weights: got {w} : {v}, want 65535 >= w > v >= 1")


class _Weighted:
    """What both mechanisms share."""

    domain_size: int
    w: int
    v: int

    @property
    def modulus(self) -> int:
        """Number of residues that one answer chooses from."""
        raise NotImplementedError

    @property
    def draws(self) -> int:
        """w + v (m - 1): the offset is chosen by one uniform integer below it."""
        return self.w + self.v * (self.modulus - 1)

    @property
    def epsilon(self) -> float:
        """ln(w / v)."""
        return math.log(self.w / self.v)

    @property
    def epsilon_micro(self) -> int:
        """ln(w / v) in millionths, rounded up: what a ledger debits."""
        return math.ceil(MICRO * math.log(self.w / self.v))

    def offset(self, u: int) -> int:
        """Residue that a uniform u in [0, draws) adds: 0 for u < w, else 1 + (u - w) div v."""
        return 0 if u < self.w else 1 + (u - self.w) // self.v

    def check_value(self, value: int) -> None:
        """Raise `MechanismRefused` for a value outside 0..d."""
        if value != int(value) or not 0 <= value <= self.domain_size:
            raise MechanismRefused(f"value: got {value}, want 0 (NONE) to {self.domain_size}")


@dataclass(frozen=True)
class AffinePoint(_Weighted):
    """Projective-geometry response on affine points of F_q^D (Feldman, Nelson, Nguyen, Talwar, ICML 2022, section 3, without the
    points at infinity).

    A value x is a point of a paraboloid in F_q^D; a public uniform direction a is drawn; c = <a, x> mod q is answered by
    randomized response over q residues. Utility: mean squared error 1.00 to 1.09 times the optimum; report log2(K q) bits,
    K = (q^D - 1) / (q - 1) directions. Two distinct points agree on (q^(D-1) - 1) / (q^D - 1) of the directions.
    """

    domain_size: int
    q: int
    dimension: int
    w: int
    v: int

    def __post_init__(self) -> None:
        _check_weights(self.domain_size, self.w, self.v)
        if not (is_prime(self.q) and self.q <= 65521):
            raise MechanismRefused(f"q: got {self.q}, want a prime up to 65521")
        if not 2 <= self.dimension <= 16:
            raise MechanismRefused(f"dimension: got {self.dimension}, want 2 to 16")
        if self.q**self.dimension <= self.domain_size:
            raise MechanismRefused(f"q ** dimension: got {self.q**self.dimension}, want more than domain_size {self.domain_size}")
        if self.messages > 1 << 32:
            raise MechanismRefused(f"messages: got {self.messages}, want at most 2^32 (a message is a u32)")

    @property
    def modulus(self) -> int:
        """q."""
        return self.q

    @cached_property
    def directions(self) -> int:
        """K = (q^D - 1) / (q - 1)."""
        return int((self.q**self.dimension - 1) // (self.q - 1))

    @property
    def messages(self) -> int:
        """K q: messages are 0..K q - 1."""
        return self.directions * self.q

    @property
    def collision(self) -> float:
        """Probability over directions that two distinct points have the same residue."""
        return float((self.q ** (self.dimension - 1) - 1) / (self.q**self.dimension - 1))

    def point(self, value: int) -> tuple[int, ...]:
        """(t_1, ..., t_{D-1}, sum c_i t_i^2 + s): digits of the value in base q, the last one lifted to a paraboloid.

        A plane then meets few points, so one message supports few values: what a fake can push at once.
        """
        self.check_value(value)
        *t, s = digits(value, self.q, self.dimension)
        lift = sum(coefficient(i, self.q) * t_i * t_i for i, t_i in enumerate(t, start=1))
        return (*t, (lift + s) % self.q)

    def direction(self, index: int) -> tuple[int, ...]:
        """Direction of an index: those whose leading 1 stands first come first; then by the free coordinates, the first of
        which is the most significant digit.
        """
        if not 0 <= index < self.directions:
            raise MechanismRefused(f"direction index: got {index}, want 0 to {self.directions - 1}")
        for leading in range(self.dimension):
            free = self.dimension - 1 - leading
            if index < self.q**free:
                return (*([0] * leading), 1, *reversed(digits(index, self.q, free)))
            index -= self.q**free
        raise AssertionError("unreachable")

    def residue(self, direction_index: int, value: int) -> int:
        """<a, x> mod q."""
        pairs = zip(self.direction(direction_index), self.point(value), strict=True)
        return sum(a * x for a, x in pairs) % self.q

    def supports(self, message: int, value: int) -> bool:
        """Whether this message is the likelier answer for `value` (probability w against v)."""
        index, c = divmod(message, self.q)
        return self.residue(index, value) == c

    def record(self) -> AffinePointMechanism:
        """As it stands in a configuration."""
        return AffinePointMechanism(q=self.q, dimension=self.dimension, w=self.w, v=self.v)


@dataclass(frozen=True)
class KAry(_Weighted):
    """k-ary randomized response over the k = d + 1 values 0..d (Warner 1965; Kairouz, Oh, Viswanath, NeurIPS 2014, section 4).

    Optimal where k <= e^epsilon + 2 or so; used for d <= 3 e^epsilon + 2.
    """

    domain_size: int
    w: int
    v: int

    def __post_init__(self) -> None:
        _check_weights(self.domain_size, self.w, self.v)
        if self.messages > 1 << 32:
            raise MechanismRefused(f"domain_size: got {self.domain_size}, want at most 2^32 - 1")

    @property
    def modulus(self) -> int:
        """k = d + 1."""
        return self.domain_size + 1

    @property
    def directions(self) -> int:
        """1: there is nothing to draw but the offset."""
        return 1

    @property
    def messages(self) -> int:
        """Messages are 0..d."""
        return self.domain_size + 1

    @property
    def collision(self) -> float:
        """Distinct values never share a residue."""
        return 0.0

    def residue(self, direction_index: int, value: int) -> int:
        """The value itself."""
        self.check_value(value)
        return value

    def supports(self, message: int, value: int) -> bool:
        """Whether this message is the likelier answer for `value`."""
        return message == value

    def record(self) -> KAryMechanism:
        """As it stands in a configuration."""
        return KAryMechanism(w=self.w, v=self.v)


Mechanism = AffinePoint | KAry


def digits(number: int, base: int, count: int) -> list[int]:
    """`count` digits, least significant first."""
    found = []
    for _ in range(count):
        number, digit = divmod(number, base)
        found.append(digit)
    return found


def coefficient(i: int, q: int) -> int:
    """c_i of the paraboloid, i from 1: 1, 2, ..., q - 1, 1, 2, ...; never 0."""
    return 1 + (i - 1) % (q - 1)


def choose_mechanism(domain_size: int, epsilon: float) -> Mechanism:
    """The mechanism of this project for a domain and a nominal local epsilon in (0, 8]; raises `MechanismRefused`."""
    try:
        record = choose(domain_size, epsilon)
    except ValueError as error:
        raise MechanismRefused(str(error)) from None
    kind = AffinePoint if record.pop("kind") == "affine_point" else KAry
    return kind(domain_size, **record)


def mechanism_of(collection: Collection) -> Mechanism:
    """The mechanism that a signed collection names; raises `MechanismRefused`."""
    record = collection.mechanism
    if isinstance(record, AffinePointMechanism):
        return AffinePoint(collection.domain_size, record.q, record.dimension, record.w, record.v)
    return KAry(collection.domain_size, record.w, record.v)
