"""The randomizer: one value in, one message out. Twin of browser_runtime/src/reports; both replay contracts/vectors/v1."""

from __future__ import annotations

from collections.abc import Callable

from privacy.errors import MechanismRefused
from privacy.mechanisms import AffinePoint, Mechanism

RandomBytes = Callable[[int], bytes]
"""A byte source: `os.urandom`, or a seeded one in tests."""
_RANGE = 1 << 32


def uniform_below(n: int, random_bytes: RandomBytes) -> int:
    """Uniform integer in [0, n), 1 <= n <= 2^32, by rejection: big-endian u32 below the largest multiple of n."""
    if not 1 <= n <= _RANGE:
        raise MechanismRefused(f"uniform integer: got a bound of {n}, want 1 to 2^32")
    limit = _RANGE // n * n
    while True:
        drawn = int.from_bytes(random_bytes(4), "big")
        if drawn < limit:
            return drawn % n


def randomize(mechanism: Mechanism, value: int, random_bytes: RandomBytes) -> int:
    """One message, 0 to mechanism.messages - 1, for `value` in 0..d (0 is NONE).

    Draws the direction first (affine points only), then the offset. epsilon = ln(w / v); see privacy/mechanisms.py.
    Raises `MechanismRefused` for a value out of range.
    """
    mechanism.check_value(value)
    index = uniform_below(mechanism.directions, random_bytes) if isinstance(mechanism, AffinePoint) else 0
    offset = mechanism.offset(uniform_below(mechanism.draws, random_bytes))
    return index * mechanism.modulus + (mechanism.residue(index, value) + offset) % mechanism.modulus
