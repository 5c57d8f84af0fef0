"""The server's ledger by writer and auditor: both name the line of each fault. Crashes are in test_ledgers.py."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from shop_files import KEYS, audited_ledger, collection

from contracts import Guarantees, LedgerEntry, Receipt, Refusals, sha256_hex
from privacy.accounting import guarantees
from privacy.errors import LedgerRefused
from privacy.server_ledger import ServerLedger

KEY = KEYS["ledger"]
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


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A ledger of four lines."""
    return filled(tmp_path_factory.mktemp("written") / "ledger.jsonl", 4).path.read_bytes()


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
    """By the writer when it opens the file, and by the auditor's."""
    lines = changed(written.splitlines(), fault)
    path = tmp_path / "ledger.jsonl"
    data = b"".join(row + b"\n" for row in lines)
    path.write_bytes(data)
    with pytest.raises(LedgerRefused, match=f"ledger.jsonl line {line}:"):
        ServerLedger(path, KEY)
    first = audited_ledger(data, 4, head_of(written)).faults[0]
    assert first.place.split(", field")[0] == f"ledger.jsonl, line {line}"


def head_of(written: bytes) -> str:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.jsonl"
        path.write_bytes(written)
        return ServerLedger(path, KEY).head


@pytest.mark.parametrize(
    ("kept", "head", "what"), [(3, None, "the end is missing"), (4, "ab" * 32, "field ledger_head"), (4, None, "")]
)
def test_the_manifest_pins_the_end(written: bytes, kept: int, head: str | None, what: str) -> None:
    found = audited_ledger(b"".join(written.splitlines(keepends=True)[:kept]), 4, head or head_of(written))
    assert [what in fault.what for fault in found.faults] == ([True] if what else [])
    assert len(found.entries) == kept


def test_a_second_spending_of_a_bucket_is_refused_though_signed_and_chained(tmp_path: Path) -> None:
    """Who holds the ledger key writes the line by hand: the file no longer opens."""
    ledger = filled(tmp_path / "ledger.jsonl", 1)
    ledger._by_bucket.clear()
    assert isinstance(ledger.append(receipt(0), time=1), LedgerEntry)
    with pytest.raises(LedgerRefused, match=r"line 2: spends .* a second time"):
        ServerLedger(ledger.path, KEY)
