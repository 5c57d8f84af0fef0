"""The server's ledger survives a crash anywhere, spends no bucket twice, and names the line of each fault."""

from __future__ import annotations

import hashlib
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shop_files import KEYS, collection

from contracts import Guarantees, LedgerEntry, Receipt, Refusals, sha256_hex
from privacy.accounting import ChainFault, check_chain, guarantees
from privacy.errors import LedgerRefused
from privacy.server_ledger import ServerLedger
from privacy.signing import public_key_of, verify_bytes

KEY = KEYS["ledger"]
PUBLIC = public_key_of(KEY)
COLLECTION = collection()


def receipt(epoch: int, reports: int = 1000, release: bytes = b"release") -> bytes:
    stated = guarantees(COLLECTION.mechanism.model_dump(), COLLECTION.domain_size, reports, 10, 1)
    return Receipt(
        shop="example", demo=False, release=sha256_hex(release), collection=COLLECTION, epoch=epoch, epoch_s=21_600, key_id=1,
        operators=1, minimum_batch=10, reports=reports, refusals=Refusals(), guarantees=Guarantees.model_validate(stated),
        counts=sha256_hex(b""),
    ).to_bytes()  # fmt: skip


def filled(path: Path, epochs: int) -> ServerLedger:
    ledger = ServerLedger(path, KEY)
    for epoch in range(epochs):
        ledger.append(receipt(epoch), time=epoch)
    return ledger


def test_a_spending_is_chained_numbered_and_found(tmp_path: Path) -> None:
    ledger = filled(tmp_path / "deep" / "ledger.jsonl", 3)
    entries = ledger.all()
    assert [entry.index for entry in entries] == [0, 1, 2]
    assert [entry.previous for entry in entries] == ["", *(sha256_hex(entry.to_bytes()) for entry in entries[:2])]
    assert ledger.head == sha256_hex(entries[2].to_bytes())
    assert ledger.find(Receipt.from_bytes(receipt(1)).bucket) == entries[1]
    assert ledger.find(Receipt.from_bytes(receipt(9)).bucket) is None
    assert (ledger.spent_micro(1), ledger.spent_micro(2)) == (3 * COLLECTION.epsilon_micro, 0)


def test_the_same_receipt_again_writes_nothing_and_another_is_refused(tmp_path: Path) -> None:
    ledger = filled(tmp_path / "ledger.jsonl", 2)
    before = ledger.path.read_bytes()
    assert ledger.append(receipt(0), time=99) == ledger.all()[0]
    with pytest.raises(LedgerRefused, match="a bucket is spent once"):
        ledger.append(receipt(0, reports=1001), time=99)
    assert (ledger.path.read_bytes(), ledger.entries) == (before, 2)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A ledger of four lines."""
    return filled(tmp_path_factory.mktemp("written") / "ledger.jsonl", 4).path.read_bytes()


@settings(max_examples=60, deadline=None)
@given(cut=st.floats(0, 1))
def test_a_crash_inside_the_last_write_loses_that_line_alone(written: bytes, cut: float) -> None:
    """Whatever part of an unacknowledged line reached the disk: the lines before stand, and the close is done again."""
    begin = written.rstrip(b"\n").rfind(b"\n") + 1
    at = begin + round(cut * (len(written) - 1 - begin))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.jsonl"
        path.write_bytes(written[:at])
        ledger = ServerLedger(path, KEY)
        assert (ledger.entries, path.read_bytes()) == (3, written[:begin])
        ledger.append(receipt(3), time=3)
        assert path.read_bytes() == written


Step = tuple[str, int, float]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(0, 6), st.just(0.0)),
        st.tuples(st.just("reopen"), st.just(0), st.just(0.0)),
        st.tuples(st.just("crash"), st.integers(0, 6), st.floats(0, 1)),
    ),
    max_size=14,
)


@settings(max_examples=40, deadline=None)
@given(steps=STEPS)
def test_any_order_of_closes_crashes_and_restarts_keeps_every_acknowledged_spending_once(steps: list[Step]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.jsonl"
        ledger, acknowledged = ServerLedger(path, KEY), list[int]()
        for kind, epoch, share in steps:
            if kind == "append":
                ledger.append(receipt(epoch), time=7)
                acknowledged += [] if epoch in acknowledged else [epoch]
            if kind == "crash":  # the write begins, the process dies, nothing was acknowledged
                before = path.read_bytes() if path.exists() else b""
                ledger.append(receipt(epoch), time=7)
                line = path.read_bytes()[len(before) :]
                path.write_bytes(before + line[: round(share * max(0, len(line) - 1))])
            if kind != "append":
                ledger = ServerLedger(path, KEY)
        assert [entry.epoch for entry in ServerLedger(path, KEY).all()] == acknowledged
        lines = path.read_bytes().splitlines() if path.exists() else []
        assert len(check_chain(lines, PUBLIC, verify_bytes, ledger.entries, ledger.head)) == len(acknowledged)


def changed(lines: list[bytes], fault: str) -> list[bytes]:
    if fault == "removed":
        return [*lines[:1], *lines[2:]]
    if fault == "swapped":
        return [lines[0], lines[2], lines[1], *lines[3:]]
    if fault == "repeated":
        return [*lines[:2], lines[1], *lines[2:]]
    if fault == "flipped":
        return [lines[0], lines[1].replace(b'"payload":"ey', b'"payload":"ez', 1), *lines[2:]]
    return [lines[0], b"no json", *lines[2:]]


@pytest.mark.parametrize(("fault", "line"), [("removed", 2), ("swapped", 2), ("repeated", 3), ("flipped", 2), ("garbage", 2)])
def test_a_changed_file_is_refused_and_its_line_named(tmp_path: Path, written: bytes, fault: str, line: int) -> None:
    """By the writer when it opens the file, and by the auditor's pure function."""
    lines = changed(written.splitlines(), fault)
    path = tmp_path / "ledger.jsonl"
    path.write_bytes(b"".join(row + b"\n" for row in lines))
    with pytest.raises(LedgerRefused, match=f"ledger.jsonl line {line}:"):
        ServerLedger(path, KEY)
    with pytest.raises(ChainFault, match=f"ledger.jsonl line {line}[:,]"):
        check_chain(lines, PUBLIC, verify_bytes, 4, head_of(written))


def head_of(written: bytes) -> str:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.jsonl"
        path.write_bytes(written)
        return ServerLedger(path, KEY).head


@pytest.mark.parametrize(
    ("kept", "head", "what"), [(3, None, "the end is missing"), (4, "ab" * 32, "field ledger_head"), (4, None, "")]
)
def test_the_manifest_pins_the_end(written: bytes, kept: int, head: str | None, what: str) -> None:
    lines, stated = written.splitlines()[:kept], head or head_of(written)
    if not what:
        assert len(check_chain(lines, PUBLIC, verify_bytes, 4, stated)) == 4
        return
    with pytest.raises(ChainFault, match=what):
        check_chain(lines, PUBLIC, verify_bytes, 4, stated)


def test_a_ledger_of_another_key_is_refused(tmp_path: Path, written: bytes) -> None:
    (tmp_path / "ledger.jsonl").write_bytes(written)
    with pytest.raises(LedgerRefused, match="line 1"):
        ServerLedger(tmp_path / "ledger.jsonl", hashlib.sha256(b"other").digest())


def test_a_second_spending_of_a_bucket_is_refused_though_signed_and_chained(tmp_path: Path) -> None:
    """Who holds the ledger key writes the line by hand: the file no longer opens."""
    ledger = filled(tmp_path / "ledger.jsonl", 1)
    ledger._by_bucket.clear()
    assert isinstance(ledger.append(receipt(0), time=1), LedgerEntry)
    with pytest.raises(LedgerRefused, match=r"line 2: spends .* a second time"):
        ServerLedger(ledger.path, KEY)
