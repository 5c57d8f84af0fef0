"""Golden vectors of mechanisms: randomizing, points, the choice for a domain. Written by `python -m privacy.vectors`."""

from __future__ import annotations

import random
from typing import Any

from privacy.mechanisms import AffinePoint, KAry, Mechanism, choose_mechanism
from privacy.randomizer import randomize

Case = dict[str, Any]


def mechanism_case(mechanism: Mechanism) -> Case:
    """Parameters as a collection states them."""
    return {"domain_size": mechanism.domain_size, "mechanism": mechanism.record().model_dump()}


class Tape:
    """A seeded byte source that remembers what it gave."""

    def __init__(self, seed: int | None = None, begin: bytes = b"") -> None:
        self._rng, self._begin, self.given = random.Random(seed), begin, b""

    def __call__(self, count: int) -> bytes:
        """The next bytes."""
        taken, self._begin = self._begin[:count], self._begin[count:]
        taken += self._rng.randbytes(count - len(taken))
        self.given += taken
        return taken


MECHANISMS: tuple[Mechanism, ...] = (
    AffinePoint(2000, 53, 2, 54, 1),
    AffinePoint(43000, 53, 3, 54, 1),
    AffinePoint(43000, 2971, 2, 2980, 1),
    AffinePoint(43000, 7, 6, 22, 3),
    AffinePoint(43000, 3, 10, 19, 7),
    AffinePoint(600, 5, 4, 11, 3),
    KAry(12, 54, 1),
    KAry(100, 19, 7),
)


def randomizer_cases() -> list[Case]:
    """Value and bytes in, message out."""
    cases = []
    for number, mechanism in enumerate(MECHANISMS):
        for step in range(24):
            value = (
                (0, 1, mechanism.domain_size)[step]
                if step < 3
                else random.Random(f"{number}/{step}").randint(0, mechanism.domain_size)
            )
            cases.append(_randomized(mechanism, value, Tape(1000 * number + step)))
    cases.append({**_randomized(MECHANISMS[0], 7, Tape(1, b"\xff\xff\xff\xff" * 2)), "note": "two draws are rejected"})
    cases += [_offset_case(u) for u in (0, 53, 54, 55, 105)]
    cases += [_draw_case(AffinePoint(20, 5, 2, 7, 2), 13, u) for u in range(15)]
    cases += [_draw_case(KAry(4, 5, 2), 0, u) for u in range(13)]
    return cases


def _randomized(mechanism: Mechanism, value: int, tape: Tape) -> Case:
    message = randomize(mechanism, value, tape)
    return {**mechanism_case(mechanism), "value": value, "random_hex": tape.given.hex(), "message": message}


def _offset_case(u: int) -> Case:
    mechanism = AffinePoint(2000, 53, 2, 54, 1)
    tape = Tape(0, (17).to_bytes(4, "big") + u.to_bytes(4, "big"))
    return {**_randomized(mechanism, 1234, tape), "note": f"u = {u}: offset {mechanism.offset(u)}"}


def _draw_case(mechanism: Mechanism, value: int, u: int) -> Case:
    """The draw u of a small mechanism: with all of them, every offset as often as its weight."""
    direction = (3).to_bytes(4, "big") if isinstance(mechanism, AffinePoint) else b""
    tape = Tape(0, direction + u.to_bytes(4, "big"))
    return {**_randomized(mechanism, value, tape), "note": f"u = {u}: offset {mechanism.offset(u)}"}


def bad_randomizer_cases() -> list[Case]:
    """Each fails at the step that it names: `mechanism` (parameters) or `value`."""

    def affine(q: int, dimension: int, w: int, v: int, domain_size: int = 2000) -> Case:
        return {"domain_size": domain_size, "mechanism": {"kind": "affine_point", "q": q, "dimension": dimension, "w": w, "v": v}}

    def k_ary(domain_size: int, w: int, v: int) -> Case:
        return {"domain_size": domain_size, "mechanism": {"kind": "k_ary", "w": w, "v": v}}

    good = affine(53, 2, 54, 1)
    return [
        {"fails_at": "mechanism", "why": "w equals v", **affine(53, 2, 1, 1), "value": 1},
        {"fails_at": "mechanism", "why": "w below v", **affine(53, 2, 3, 5), "value": 1},
        {"fails_at": "mechanism", "why": "v is 0", **affine(53, 2, 54, 0), "value": 1},
        {"fails_at": "mechanism", "why": "q is not prime", **affine(55, 2, 54, 1), "value": 1},
        {"fails_at": "mechanism", "why": "q is 1", **affine(1, 2, 54, 1), "value": 1},
        {"fails_at": "mechanism", "why": "q ** D does not exceed d", **affine(43, 2, 54, 1), "value": 1},
        {"fails_at": "mechanism", "why": "D is 1", **affine(53, 1, 54, 1, 50), "value": 1},
        {"fails_at": "mechanism", "why": "a message would not fit 32 bits", **affine(65521, 3, 54, 1), "value": 1},
        {"fails_at": "mechanism", "why": "k-ary with w below v", **k_ary(12, 1, 2), "value": 1},
        {"fails_at": "mechanism", "why": "empty domain", **k_ary(0, 54, 1), "value": 0},
        {"fails_at": "mechanism", "why": "unknown kind", "domain_size": 12, "mechanism": {"kind": "identity", "w": 54, "v": 1}, "value": 1},
        {"fails_at": "value", "why": "negative", **good, "value": -1},
        {"fails_at": "value", "why": "not an integer", **good, "value": 1.5},
        {"fails_at": "value", "why": "above d", **good, "value": 2001},
        {"fails_at": "value", "why": "above d, k-ary", **k_ary(12, 54, 1), "value": 13},
    ]  # fmt: skip


def point_cases() -> list[Case]:
    """Points of values and directions of indices."""
    cases = []
    for number, mechanism in enumerate(MECHANISMS):
        if not isinstance(mechanism, AffinePoint):
            continue
        rng, last = random.Random(number), mechanism.directions - 1
        values = [0, 1, mechanism.domain_size, *(rng.randint(0, mechanism.domain_size) for _ in range(9))]
        indices = [0, 1, last, last - 1, *(rng.randint(0, last) for _ in range(8))]
        cases.append({
            **mechanism_case(mechanism),
            "directions": mechanism.directions,
            "points": [{"value": value, "point": list(mechanism.point(value))} for value in values],
            "by_index": [{"index": index, "direction": list(mechanism.direction(index))} for index in indices],
        })  # fmt: skip
    return cases


def choice_cases() -> list[Case]:
    """Mechanism chosen for a domain and a nominal epsilon, with what a ledger debits."""
    chosen = [(d, e, choose_mechanism(d, e)) for d in (5, 12, 165, 166, 600, 5000, 43000) for e in (1.0, 2.0, 4.0, 6.0, 8.0)]
    return [{"epsilon": e, "epsilon_micro": m.epsilon_micro, **mechanism_case(m)} for _, e, m in chosen]
