"""The randomizer: shared vectors, the exact output distribution by enumeration, and planted faults that it must catch."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import AffinePointMechanism, KAryMechanism
from privacy.affine_arrays import directions, points
from privacy.errors import MechanismRefused
from privacy.mechanisms import AffinePoint, KAry, Mechanism, choose_mechanism
from privacy.randomizer import randomize, uniform_below
from privacy.randomizer_many import randomize_many
from privacy.vectors import ABOUT, FOLDER, load_cases, text_of

SMALL: tuple[Mechanism, ...] = (
    KAry(4, 5, 2),
    AffinePoint(8, 3, 2, 3, 1),
    AffinePoint(20, 5, 2, 7, 2),
    AffinePoint(12, 3, 3, 5, 2),
    AffinePoint(14, 2, 4, 3, 2),
)


def mechanism_from(case: dict[str, Any]) -> Mechanism:
    record, d = dict(case["mechanism"]), case["domain_size"]
    kind = record.pop("kind")
    if kind not in ("affine_point", "k_ary"):
        raise MechanismRefused(f"mechanism: got kind {kind!r}")
    return AffinePoint(d, **record) if kind == "affine_point" else KAry(d, **record)


def tape(data: bytes) -> Callable[[int], bytes]:
    left = iter(data)
    return lambda count: bytes(itertools.islice(left, count))


def test_vector_files_are_those_that_the_generator_writes() -> None:
    for name in ABOUT:
        assert (FOLDER / f"{name}.json").read_text() == text_of(name), f"{name}: run python -m privacy.vectors"


def test_randomizer_vectors() -> None:
    cases, seen = load_cases("randomizer"), set()
    for case in cases:
        data = bytearray(bytes.fromhex(case["random_hex"]))
        mechanism = mechanism_from(case)

        def source(count: int, data: bytearray = data) -> bytes:
            taken = bytes(data[:count])
            del data[:count]
            return taken

        assert randomize(mechanism, case["value"], source) == case["message"]
        assert data == b"", "all bytes are used"
        seen.add((type(mechanism).__name__, getattr(mechanism, "dimension", 1)))
    assert len(cases) >= 220
    assert seen >= {("AffinePoint", dimension) for dimension in (2, 3, 4, 6, 10)} | {("KAry", 1)}
    assert any(case["value"] == 0 for case in cases)


def test_bad_randomizer_vectors() -> None:
    cases = load_cases("bad_randomizer")
    for case in cases:
        if case["fails_at"] == "mechanism":
            with pytest.raises(MechanismRefused):
                mechanism_from(case)
        else:
            mechanism = mechanism_from(case)
            with pytest.raises(MechanismRefused, match="value"):
                randomize(mechanism, case["value"], bytes)
    assert len(cases) >= 15


def test_point_vectors_in_both_speeds() -> None:
    replayed = 0
    for case in load_cases("points"):
        mechanism = mechanism_from(case)
        assert isinstance(mechanism, AffinePoint)
        assert mechanism.directions == case["directions"]
        for row in case["points"]:
            assert list(mechanism.point(row["value"])) == row["point"]
            assert points(mechanism, np.array([row["value"]])).tolist() == [row["point"]]
        for row in case["by_index"]:
            assert list(mechanism.direction(row["index"])) == row["direction"]
            assert directions(mechanism, np.array([row["index"]])).tolist() == [row["direction"]]
        replayed += len(case["points"]) + len(case["by_index"])
    assert replayed >= 140


def test_mechanism_vectors() -> None:
    for case in load_cases("mechanisms"):
        mechanism = choose_mechanism(case["domain_size"], case["epsilon"])
        assert mechanism == mechanism_from(case)
        assert mechanism.epsilon_micro == case["epsilon_micro"]


@pytest.mark.parametrize(
    ("epsilon", "row"),
    [(1.0, (3, 10, 19, 7)), (2.0, (7, 6, 22, 3)), (4.0, (53, 3, 54, 1)), (6.0, (401, 2, 403, 1)), (8.0, (2971, 2, 2980, 1))],
)
def test_the_rows_of_the_design(epsilon: float, row: tuple[int, ...]) -> None:
    assert choose_mechanism(43_000, epsilon) == AffinePoint(43_000, *row)


@given(st.floats(0.02, 8.0), st.integers(1, 100_000))
def test_the_true_epsilon_never_exceeds_the_nominal_one(epsilon: float, domain_size: int) -> None:
    try:
        mechanism = choose_mechanism(domain_size, epsilon)
    except MechanismRefused:
        return
    assert epsilon - 0.0152 <= mechanism.epsilon <= epsilon
    assert mechanism.epsilon <= mechanism.epsilon_micro / 1e6 <= epsilon + 1e-6
    assert isinstance(mechanism.record(), AffinePointMechanism | KAryMechanism)


def draws_of(mechanism: Mechanism) -> Iterator[bytes]:
    """Every pair of direction and offset draw, each as likely as any other."""
    u_all = [u.to_bytes(4, "big") for u in range(mechanism.draws)]
    if isinstance(mechanism, KAry):
        yield from u_all
        return
    for index, u in itertools.product(range(mechanism.directions), u_all):
        yield index.to_bytes(4, "big") + u


Draw = Callable[[Mechanism, int, Callable[[int], bytes]], int]


def channel(mechanism: Mechanism, draw: Draw = randomize) -> list[Counter[int]]:
    """Exact counts of each message for each value."""
    return [
        Counter(draw(mechanism, value, tape(data)) for data in draws_of(mechanism)) for value in range(mechanism.domain_size + 1)
    ]


def ratios(rows: list[Counter[int]]) -> set[Fraction]:
    """Worst likelihood ratio of each pair of values; infinity as -1."""
    worst = set()
    for one, other in itertools.permutations(rows, 2):
        worst.add(max(Fraction(one[m], other[m]) if other[m] else Fraction(-1) for m in one))
    return worst


@pytest.mark.parametrize("mechanism", SMALL, ids=str)
def test_the_worst_likelihood_ratio_of_every_pair_of_values_is_exactly_w_to_v(mechanism: Mechanism) -> None:
    rows = channel(mechanism)
    assert ratios(rows) == {Fraction(mechanism.w, mechanism.v)}
    assert math.log(max(ratios(rows))) == pytest.approx(mechanism.epsilon, abs=1e-15)
    total = mechanism.draws * mechanism.directions
    assert all(sum(row.values()) == total for row in rows)
    assert all(set(row) == set(range(mechanism.messages)) for row in rows), "every value can give every message"


def heavier(mechanism: Mechanism, value: int, source: Callable[[int], bytes]) -> int:
    """Planted: the true residue a little more often than w."""
    index = uniform_below(mechanism.directions, source) if isinstance(mechanism, AffinePoint) else 0
    u = uniform_below(mechanism.draws, source)
    offset = 0 if u <= mechanism.w else mechanism.offset(u)
    return index * mechanism.modulus + (mechanism.residue(index, value) + offset) % mechanism.modulus


def never_itself_plus_one(mechanism: Mechanism, value: int, source: Callable[[int], bytes]) -> int:
    """Planted: one offset is never used."""
    message = randomize(mechanism, value, source)
    index, answer = divmod(message, mechanism.modulus)
    truth = mechanism.residue(index, value)
    return index * mechanism.modulus + truth if answer == (truth + 1) % mechanism.modulus else message


@pytest.mark.parametrize("fault", [heavier, never_itself_plus_one])
@pytest.mark.parametrize("mechanism", SMALL, ids=str)
def test_enumeration_catches_a_planted_fault(mechanism: Mechanism, fault: Draw) -> None:
    assert ratios(channel(mechanism, fault)) != {Fraction(mechanism.w, mechanism.v)}


@pytest.mark.parametrize("mechanism", [m for m in SMALL if isinstance(m, AffinePoint)], ids=str)
def test_any_two_points_collide_equally_often(mechanism: AffinePoint) -> None:
    table = directions(mechanism) @ points(mechanism).T % mechanism.q
    pairs = itertools.combinations(range(mechanism.domain_size + 1), 2)
    assert {int((table[:, a] == table[:, b]).sum()) for a, b in pairs} == {round(mechanism.collision * mechanism.directions)}


@pytest.mark.parametrize(("epsilon", "most"), [(8.0, 28), (6.0, 150), (4.0, 848)])
def test_one_message_supports_few_values(epsilon: float, most: int) -> None:
    """What a fake can push at once; plain digits instead of the paraboloid would allow 2,971 at epsilon 8."""
    mechanism = choose_mechanism(43_000, epsilon)
    assert isinstance(mechanism, AffinePoint)
    rng = np.random.default_rng(1)
    chosen = np.unique(np.r_[[0, mechanism.directions - 1], rng.integers(mechanism.directions, size=200)])
    residues = directions(mechanism, chosen) @ points(mechanism).T % mechanism.q
    assert max(int(np.bincount(row, minlength=mechanism.q).max()) for row in residues) <= most


@given(st.integers(1, 1 << 32), st.binary(min_size=400, max_size=400))
def test_uniform_below_is_in_range(n: int, data: bytes) -> None:
    source = itertools.chain(data, itertools.repeat(0))
    assert 0 <= uniform_below(n, lambda count: bytes(itertools.islice(source, count))) < n


def test_rejection_boundary() -> None:
    """The largest multiple of 106 below 2^32 is 4294967254: that draw is rejected, the one before is not."""
    assert uniform_below(106, tape((4294967254).to_bytes(4, "big") + b"\0\0\0\5")) == 5
    assert uniform_below(106, tape((4294967253).to_bytes(4, "big"))) == 105


@pytest.mark.parametrize("mechanism", SMALL, ids=str)
def test_the_vectorised_randomizer_has_the_same_distribution(mechanism: Mechanism) -> None:
    value, n = mechanism.domain_size // 2, 60_000
    exact = channel(mechanism)[value]
    found = np.bincount(randomize_many(mechanism, np.full(n, value), np.random.default_rng(7)), minlength=mechanism.messages)
    want = np.array([exact[m] for m in range(mechanism.messages)]) / sum(exact.values()) * n
    chi_squared = float(((found - want) ** 2 / want).sum())
    assert chi_squared < len(want) + 6 * math.sqrt(2 * len(want))
