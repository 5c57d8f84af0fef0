"""`verify_public` names every fault by file, line and field; `budget` states what is spent and left."""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Callable
from pathlib import Path

import brotli
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shop_files import EPOCH_S, KEYS, NOW, RELEASE_KEY, Changes, Shop

from contracts import Collection, Configuration, Receipt
from privacy.audit import budget, verify_public
from privacy.errors import AuditRefused


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return Shop(tmp_path_factory.mktemp("honest") / "public")


@pytest.fixture
def shop(honest: Shop, tmp_path: Path) -> Path:
    return Path(shutil.copytree(honest.folder, tmp_path / "public"))


def faults(folder: Path) -> list[str]:
    return [str(fault) for fault in verify_public(folder, RELEASE_KEY).faults]


@pytest.mark.parametrize("operators", [1, 2])
def test_an_honest_folder_has_no_fault(tmp_path: Path, operators: int) -> None:
    Shop(tmp_path / "public", operators=operators)
    report = verify_public(tmp_path / "public", RELEASE_KEY)
    assert report.faults == ()
    assert (report.shop, report.manifest_version, report.ledger_entries, len(report.receipts)) == ("example", 4, 6, 6)
    assert all((row.guarantees.shuffled is None) == (operators == 1) for row in report.receipts)
    assert all(0 < row.guarantees.public <= row.guarantees.local for row in report.receipts)


def test_the_report_counts_what_held(honest: Shop) -> None:
    report = verify_public(honest.folder, RELEASE_KEY)
    assert report.signatures == 1 + 1 + 6 + 6, "release, manifest, receipts, ledger lines"
    assert report.files == sum(1 for path in (honest.folder / "files").iterdir())


def test_what_has_expired_is_named_where_a_clock_is_given(honest: Shop) -> None:
    last = NOW + 10**8
    assert verify_public(honest.folder, RELEASE_KEY, now=last).ok
    found = [str(fault) for fault in verify_public(honest.folder, RELEASE_KEY, now=last + 1).faults]
    assert [fault.split(":")[0] for fault in found] == ["manifest.json, field expires", f"{honest.release.path}, field expires"]


def test_receipts_that_the_manifest_no_longer_names_are_checked_too(tmp_path: Path) -> None:
    made = Shop(tmp_path / "public")
    made.publish(9, kept=1)
    assert len(verify_public(made.folder, RELEASE_KEY).receipts) == 6
    (made.folder / made.receipts[0].path).unlink()
    assert any("line 1, field receipt" in fault for fault in faults(made.folder))


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_flipped_bit_is_named_with_its_file(honest: Shop, data: st.DataObject) -> None:
    paths = sorted(p for p in honest.folder.rglob("*") if p.is_file() and p.suffix not in (".br", ".gz"))
    path = data.draw(st.sampled_from(paths))
    original = path.read_bytes()
    bit = data.draw(st.integers(0, len(original) * 8 - 1))
    flipped = bytearray(original)
    flipped[bit // 8] ^= 1 << bit % 8
    path.write_bytes(flipped)
    try:
        found = faults(honest.folder)
    finally:
        path.write_bytes(original)
    name = path.relative_to(honest.folder).as_posix()
    line = original[: bit // 8].count(b"\n") + 1
    assert any(fault.startswith(f"{name}, line {line}" if name == "ledger.jsonl" else name) for fault in found), found


@pytest.mark.parametrize(
    ("suffix", "content"),
    [(".br", brotli.compress(b"other")), (".gz", gzip.compress(b"other", mtime=0)), (".br", b"other"), (".gz", b"other")],
)
def test_a_copy_that_unpacks_to_something_else_is_named(shop: Path, suffix: str, content: bytes) -> None:
    """A single flipped bit would not do: both formats spell the same content in several ways."""
    copy = min(shop.rglob(f"*{suffix}"))
    copy.write_bytes(content)
    assert any(fault.startswith(f"files/{copy.name}") for fault in faults(shop))


def lines_of(shop: Path) -> list[bytes]:
    return (shop / "ledger.jsonl").read_bytes().splitlines(keepends=True)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda rows: rows[:2] + rows[3:], "ledger.jsonl, line 3, field index"),
        (lambda rows: [rows[1], rows[0], *rows[2:]], "ledger.jsonl, line 1, field index"),
        (lambda rows: rows[:-1], "ledger.jsonl: has 5 lines"),
        (lambda rows: [*rows[:3], rows[2], *rows[3:]], "ledger.jsonl, line 4, field index"),
        (lambda rows: [*rows[:-1], rows[-1][:-1]], "ledger.jsonl, line 6"),
        (lambda rows: [*rows[:1], b"{}\n", *rows[2:]], "ledger.jsonl, line 2"),
        (lambda rows: [*rows[:1], rows[1].replace(b":", b": ", 1), *rows[2:]], "ledger.jsonl, line 2"),
    ],
)
def test_a_removed_moved_or_added_row_is_named(shop: Path, change: Callable[[list[bytes]], list[bytes]], named: str) -> None:
    (shop / "ledger.jsonl").write_bytes(b"".join(change(lines_of(shop))))
    assert any(fault.startswith(named) for fault in faults(shop)), faults(shop)


def test_a_line_after_the_manifest_is_a_close_on_its_way(tmp_path: Path) -> None:
    made = Shop(tmp_path / "public")
    before = (made.folder / "manifest.json").read_bytes()
    made.close(made.collections[0], 80_003, 2000)
    (made.folder / "manifest.json").write_bytes(before)
    report = verify_public(made.folder, RELEASE_KEY)
    assert (report.faults, report.pending) == ((), 1)


def test_a_manifest_by_a_stranger_is_refused(tmp_path: Path) -> None:
    made = Shop(tmp_path / "public")
    made.publish(5, key=KEYS["stranger"])
    assert any(fault.startswith("manifest.json: signature") for fault in faults(made.folder))


def test_another_release_key_finds_nothing_that_it_signed(honest: Shop) -> None:
    report = verify_public(honest.folder, "00" * 32)
    assert any("hold no release" in fault.what for fault in report.faults)


Dishonest = Callable[[Receipt], Receipt]


def stating(**changed: float | None) -> Dishonest:
    return lambda receipt: receipt.model_copy(update={"guarantees": receipt.guarantees.model_copy(update=changed)})


@pytest.mark.parametrize(
    ("lie", "field"),
    [
        (stating(local=1.0), "guarantees.local"),
        (stating(public=0.001), "guarantees.public"),
        (stating(shuffled=0.1), "guarantees.shuffled"),
        (lambda receipt: receipt.model_copy(update={"reports": 999}), "reports"),
        (lambda receipt: receipt.model_copy(update={"minimum_batch": 10}), "minimum_batch"),
        (lambda receipt: receipt.model_copy(update={"demo": True}), "demo"),
        (lambda receipt: receipt.model_copy(update={"release": "ab" * 32}), "release"),
        (lambda receipt: receipt.model_copy(update={"pool": "ab" * 32}), "pool"),
    ],
)
def test_a_signed_receipt_that_lies_is_named(tmp_path: Path, lie: Dishonest, field: str) -> None:
    """Every signature holds: only the sums and links can see it."""
    Shop(tmp_path / "public", epochs=1, changes=Changes(receipt=lie))
    assert any(f"field {field}" in fault for fault in faults(tmp_path / "public")), faults(tmp_path / "public")


def test_one_millionth_too_little_is_named_by_the_accountant_and_by_opendp(tmp_path: Path) -> None:
    Shop(tmp_path / "public", epochs=1, changes=Changes(receipt=stating(local=3.988984)))
    found = faults(tmp_path / "public")
    assert sum("field guarantees.local: states 3.988984, recomputed 3.988985" in fault for fault in found) == 2
    assert sum("field collection.mechanism: states epsilon 3.988984 of one report, OpenDP" in fault for fault in found) == 2
    assert len(found) == 4


def changed_collection(**changed: object) -> Callable[[Configuration], Configuration]:
    def change(configuration: Configuration) -> Configuration:
        first: Collection = configuration.collections[0].model_copy(update=changed)
        return configuration.model_copy(update={"collections": (first, *configuration.collections[1:])})

    return change


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (changed_collection(epsilon_micro=1_000_000), "epsilon_micro"),
        (changed_collection(epsilon=9.0), "epsilon"),
        (lambda configuration: configuration.model_copy(update={"cap_epsilon": 65.0}), "cap_epsilon"),
        (lambda configuration: configuration.model_copy(update={"epoch_s": 60}), "epoch_s"),
    ],
)
def test_a_signed_configuration_beyond_the_limits_is_named(
    tmp_path: Path, change: Callable[[Configuration], Configuration], field: str
) -> None:
    Shop(tmp_path / "public", epochs=0, changes=Changes(configuration=change))
    assert any(field in fault for fault in faults(tmp_path / "public")), faults(tmp_path / "public")


def test_bad_input_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(AuditRefused, match="64 lower-case"):
        verify_public(tmp_path, "xyz")
    with pytest.raises(AuditRefused, match="holds neither"):
        verify_public(tmp_path, RELEASE_KEY)
    with pytest.raises(AuditRefused, match="cannot be read"):
        budget(tmp_path, NOW)


def test_budget_by_collection_and_audience(tmp_path: Path) -> None:
    made = Shop(tmp_path / "public", epochs=3, operators=2)
    now = 80_003 * EPOCH_S
    report = budget(made.folder, now, server_budget_epsilon=20)
    assert [(row.collection, row.audience) for row in report.clients] == [
        (name, audience) for name in ("item_dwelled", "category_intent") for audience in ("local", "shuffled", "public")
    ]  # fmt: skip
    local, shuffled, public = report.clients[:3]
    assert (local.per_report, local.per_day, local.per_cap) == (3.988985, 4 * 3.988985, 8 * 3.988985)
    assert (local.spent, local.left, local.runs_out) == (3 * 3.988985, 5 * 3.988985, now + 5 * EPOCH_S)
    assert local.spent is not None
    assert local.left is not None
    assert public.spent is not None
    assert local.spent + local.left <= report.cap_epsilon
    assert shuffled.spent == public.spent
    assert 0 < public.spent < local.spent
    assert all((row.spent or 0) <= (row.per_cap or 0) for row in report.clients)
    assert public.delta == pytest.approx(3e-8)
    server = report.servers[0]
    assert (server.epochs, server.epochs_without, server.reports, server.refused) == (3, 0, 4500, 6)
    assert server.left == pytest.approx(20 - 3 * 3.988985)


def test_after_ninety_days_everything_is_left_again(honest: Shop) -> None:
    later = budget(honest.folder, 80_003 * EPOCH_S + 90 * 86_400)
    assert later.clients[0].spent == 0
    assert later.clients[0].left == later.clients[0].per_cap


def test_more_epochs_than_the_cap_allows_spend_the_cap_and_no_more(tmp_path: Path) -> None:
    made = Shop(tmp_path / "public", epochs=11)
    row = budget(made.folder, 80_011 * EPOCH_S).clients[0]
    assert (row.spent, row.left, row.runs_out) == (8 * 3.988985, 0.0, 80_011 * EPOCH_S)
