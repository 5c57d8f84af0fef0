"""Both ledgers under generated sequences of operations, with crashes in the middle of a write and clocks that jump."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from shop_files import KEYS, NOW, audited_ledger, collection

from contracts import Guarantees, Receipt, Refusals
from privacy import server_ledger
from privacy.budget import DAY_MS, Debit, check_client_budget, spent_micro
from privacy.errors import LedgerRefused
from privacy.mechanisms import KAry
from privacy.server_filter import ServerFilter
from privacy.server_ledger import ServerLedger
from privacy.vectors import load_cases

COLLECTION = collection()


def receipt(epoch: int, reports: int = 1000) -> bytes:
    return Receipt(
        shop="example", demo=False, release="ab" * 32, collection=COLLECTION, epoch=epoch, epoch_s=21_600, key_id=1, operators=1,
        minimum_batch=1000, reports=reports, refusals=Refusals(), guarantees=Guarantees(local=3.988985, public=3.988985),
        pool=None, counts="cd" * 32,
    ).to_bytes()  # fmt: skip


class PowerCut(Exception):
    """The machine stops in the middle of a write."""


class ServerLedgerMachine(RuleBasedStateMachine):
    """Whatever was acknowledged is there after any crash, once, in order, in a chain that an auditor accepts."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.path = self.folder / "ledger.jsonl"
        self.ledger = ServerLedger(self.path, KEYS["ledger"])
        self.acknowledged: dict[int, bytes] = {}

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            shutil.rmtree(self.folder)

    @rule(epoch=st.integers(0, 9))
    def append(self, epoch: int) -> None:
        before = self.ledger.entries
        entry = self.ledger.append(receipt(epoch), time=NOW)
        assert self.ledger.entries == before + (epoch not in self.acknowledged)
        assert entry.epoch == epoch
        self.acknowledged[epoch] = receipt(epoch)

    @rule(epoch=st.integers(0, 9), written=st.floats(0, 1))
    def power_cut_while_appending(self, epoch: int, written: float) -> None:
        """Only a part of the line, or all of it, reached the disk; nobody was told that it did."""
        if epoch in self.acknowledged:
            return
        real = os.fsync

        def cut(descriptor: int) -> None:
            raise PowerCut

        size = self.path.stat().st_size if self.path.exists() else 0
        os.fsync = cut  # type: ignore[assignment]
        try:
            with pytest.raises(PowerCut):
                self.ledger.append(receipt(epoch), time=NOW)
        finally:
            os.fsync = real
        length = self.path.stat().st_size
        keep = size + int((length - size) * written)
        with self.path.open("r+b") as file:
            file.truncate(keep)
        self.reopen()
        if keep == length:  # the whole line survived: the spending stands, which is the safe side
            self.acknowledged[epoch] = receipt(epoch)

    @rule()
    def reopen(self) -> None:
        self.ledger = ServerLedger(self.path, KEYS["ledger"])

    @precondition(lambda self: self.acknowledged)
    @rule(data=st.data())
    def another_receipt_for_a_spent_bucket_is_refused(self, data: st.DataObject) -> None:
        epoch = data.draw(st.sampled_from(sorted(self.acknowledged)))
        before = self.path.read_bytes()
        with pytest.raises(LedgerRefused, match="spent once"):
            self.ledger.append(receipt(epoch, reports=2000), time=NOW)
        assert self.path.read_bytes() == before

    @invariant()
    def the_chain_holds_what_was_acknowledged(self) -> None:
        if not hasattr(self, "ledger"):
            return
        data = self.path.read_bytes() if self.path.exists() else b""
        found = audited_ledger(data, self.ledger.entries, self.ledger.head)
        assert found.faults == []
        assert sorted(entry.document["epoch"] for entry in found.entries) == sorted(self.acknowledged)
        assert self.ledger.spent_micro(COLLECTION.id) == len(self.acknowledged) * COLLECTION.epsilon_micro


ServerLedgerMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
TestServerLedger = ServerLedgerMachine.TestCase


def test_the_line_is_on_the_disk_before_append_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: an append without fsync would be seen here."""
    synced: list[int] = []
    monkeypatch.setattr(server_ledger.os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_size))
    ledger = ServerLedger(tmp_path / "ledger.jsonl", KEYS["ledger"])
    ledger.append(receipt(1), time=NOW)
    assert (tmp_path / "ledger.jsonl").stat().st_size in synced


def test_after_a_failed_write_nothing_is_appended_until_the_ledger_is_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk leaves part of a line; a retry behind it would make the file unreadable for ever."""
    path = tmp_path / "ledger.jsonl"
    ledger = ServerLedger(path, KEYS["ledger"])
    ledger.append(receipt(1), time=NOW)

    def full(descriptor: int) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(server_ledger.os, "fsync", full)
        with pytest.raises(OSError, match="no space"):
            ledger.append(receipt(2), time=NOW)
    with pytest.raises(LedgerRefused, match="open the ledger again"):
        ledger.append(receipt(2), time=NOW)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 9)
    again = ServerLedger(path, KEYS["ledger"])
    assert again.append(receipt(2), time=NOW).index == 1


def test_a_half_written_last_line_is_cut_off_but_a_broken_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    ServerLedger(path, KEYS["ledger"]).append(receipt(1), time=NOW)
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:40])
    assert ServerLedger(path, KEYS["ledger"]).entries == 1
    assert path.read_bytes() == whole
    path.write_bytes(whole + whole[:40] + b"\n")
    with pytest.raises(LedgerRefused, match="line 2"):
        ServerLedger(path, KEYS["ledger"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bit=st.integers(0, 10**6))
def test_a_ledger_with_any_flipped_bit_does_not_open(tmp_path: Path, bit: int) -> None:
    path = tmp_path / "ledger.jsonl"
    if not path.exists():
        ledger = ServerLedger(path, KEYS["ledger"])
        for epoch in range(3):
            ledger.append(receipt(epoch), time=NOW)
    original = path.read_bytes()
    flipped = bytearray(original)
    flipped[bit // 8 % len(flipped)] ^= 1 << bit % 8
    path.write_bytes(flipped)
    opened = None
    try:
        opened = ServerLedger(path, KEYS["ledger"])
    except LedgerRefused:
        pass
    finally:
        path.write_bytes(original)
    # What does open holds the same signed entries (a respelled envelope), or lost only an unterminated last line.
    assert opened is None or opened.entries in (2, 3)


def test_a_key_of_another_shop_does_not_open_it(tmp_path: Path) -> None:
    path = tmp_path / "ledger.jsonl"
    ServerLedger(path, KEYS["ledger"]).append(receipt(1), time=NOW)
    with pytest.raises(LedgerRefused, match=r"ledger\.jsonl line 1"):
        ServerLedger(path, KEYS["stranger"])


class ClientBudgetMachine(RuleBasedStateMachine):
    """No order of debits, refusals and clock changes spends more than the cap in any window of 90 days."""

    cap = 16.0
    decide = staticmethod(check_client_budget)

    def __init__(self) -> None:
        super().__init__()
        self.debits: list[Debit] = []
        self.now_ms = 1_000 * DAY_MS

    @rule(step=st.integers(0, 30 * DAY_MS))
    def time_passes(self, step: int) -> None:
        self.now_ms += step

    @rule(back=st.integers(0, 400 * DAY_MS))
    def clock_goes_back(self, back: int) -> None:
        before = spent_micro(self.debits, self.now_ms)
        self.now_ms = max(0, self.now_ms - back)
        assert spent_micro(self.debits, self.now_ms) >= before, "going back frees nothing"

    @rule(micro=st.sampled_from([1, 3_988_985, 7_999_679]))
    def report(self, micro: int) -> None:
        decision = self.decide(self.debits, self.now_ms, micro, self.cap)
        before = spent_micro(self.debits, self.now_ms)
        if decision.allowed:
            self.debits.append(Debit(self.now_ms, micro))
        assert spent_micro(self.debits, self.now_ms) == decision.spent_micro == before + (micro if decision.allowed else 0)
        assert decision.allowed == (before + micro <= 16_000_000), "refuses exactly at the cap"

    @invariant()
    def no_window_is_over_the_cap(self) -> None:
        for start in {debit.time_ms for debit in self.debits}:
            inside = [debit.micro for debit in self.debits if start <= debit.time_ms < start + 90 * DAY_MS]
            assert sum(inside) <= 16_000_000


ClientBudgetMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestClientBudget = ClientBudgetMachine.TestCase


def test_client_ledger_vectors() -> None:
    replayed = 0
    for case in load_cases("client_ledger"):
        debits: list[Debit] = []
        for time_ms, micro, allowed, spent in case["operations"]:
            decision = check_client_budget(debits, time_ms, micro, case["cap_epsilon"], case["cap_days"])
            assert (decision.allowed, decision.spent_micro) == (allowed, spent), case["why"]
            if allowed:
                debits.append(Debit(time_ms, micro))
            replayed += 1
    assert replayed >= 26


def test_a_skipped_debit_is_caught_by_the_vectors() -> None:
    """Planted: every second debit is not recorded."""
    debits: list[Debit] = []
    case = load_cases("client_ledger")[0]
    found = []
    for number, (time_ms, micro, _, _) in enumerate(case["operations"]):
        found.append(check_client_budget(debits, time_ms, micro, case["cap_epsilon"]).spent_micro)
        if number % 2:
            debits.append(Debit(time_ms, micro))
    assert found != [spent for *_, spent in case["operations"]]


@pytest.mark.parametrize(("micro", "cap"), [(0, 32.0), (-5, 32.0), (1, 0.0), (1, 65.0), (1, float("nan"))])
def test_bad_numbers_are_refused(micro: int, cap: float) -> None:
    with pytest.raises(LedgerRefused, match="client budget"):
        check_client_budget([], 0, micro, cap)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from([(54, 1), (19, 7), (403, 1)]), max_size=12), st.integers(0, 12))
def test_the_server_filter_refuses_exactly_beyond_its_budget(closes: list[tuple[int, int]], restart: int) -> None:
    guard, spent = ServerFilter(20.0), list[int]()
    for number, (w, v) in enumerate(closes):
        if number == restart:
            guard = ServerFilter(20.0, spent)
        mechanism = KAry(50, w, v)
        if sum(spent) + mechanism.epsilon_micro <= 20_000_000:
            guard.spend(mechanism)
            spent.append(mechanism.epsilon_micro)
        else:
            with pytest.raises(LedgerRefused, match="server budget"):
                guard.spend(mechanism)
        assert (guard.spent_micro, guard.left_micro) == (sum(spent), 20_000_000 - sum(spent))


def test_opendps_filter_refuses_where_the_integers_were_tampered_with() -> None:
    """Two accountants: one alone would let this through."""
    guard = ServerFilter(8.0, [3_988_985] * 2)
    guard.spent_micro = 0
    with pytest.raises(LedgerRefused, match="OpenDP"):
        guard.spend(KAry(50, 54, 1))
    guard.spent_micro = 2 * 3_988_985
    assert guard.left_micro == 22_030


@pytest.mark.parametrize("budget", [0.0, -1.0, float("inf"), float("nan")])
def test_a_budget_that_is_none_is_refused(budget: float) -> None:
    with pytest.raises(LedgerRefused, match="server budget"):
        ServerFilter(budget)
