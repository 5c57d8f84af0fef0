"""No order of visits, crashes or clock changes spends over the cap, or sends without a debit, or sends other bytes again."""

from __future__ import annotations

import secrets

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from privacy.budget import DAY_MS
from privacy.client_ledger import ClientLedger, Slots
from privacy.errors import LedgerRefused

EPOCH_MS = 21_600_000
CAP, MICROS = 16.0, (1_000_000, 3_988_985, 7_999_679)


class Crash(Exception):
    """The browser is killed."""


class ClientMachine(RuleBasedStateMachine):
    """A browser with a disk, a network that keeps all it is given, a clock that jumps, and no mercy."""

    ledger_of = ClientLedger

    def __init__(self) -> None:
        super().__init__()
        self.disk: Slots = {}
        self.now_ms = 2_000 * DAY_MS
        self.crash_at = ""
        self.sent: list[tuple[int, bytes]] = []
        self.paid: dict[bytes, tuple[int, int]] = {}
        self.restart()

    def commit(self, slots: Slots) -> None:
        if self.crash_at == "before":
            raise Crash
        for slot in slots.values():
            self.paid.setdefault(slot.body, (slot.time_ms, slot.micro))
        self.disk = dict(slots)
        if self.crash_at == "after":
            raise Crash

    @rule()
    def restart(self) -> None:
        self.ledger = self.ledger_of(CAP, self.commit, self.disk)

    @rule(step=st.one_of(st.integers(0, 3 * EPOCH_MS), st.integers(0, 100 * DAY_MS)))
    def time_passes(self, step: int) -> None:
        self.now_ms += step

    @rule(back=st.integers(0, 300 * DAY_MS))
    def the_clock_goes_back(self, back: int) -> None:
        self.now_ms = max(0, self.now_ms - back)

    @rule(
        micro=st.sampled_from(MICROS),
        crash=st.sampled_from(["", "", "before", "after"]),
        epoch_ms=st.sampled_from([EPOCH_MS, EPOCH_MS // 2]),
    )
    def visit(self, micro: int, crash: str, epoch_ms: int) -> None:
        starts = self.now_ms // epoch_ms * epoch_ms
        self.crash_at = crash
        try:
            body = self.ledger.report(starts, starts + epoch_ms, self.now_ms, micro, lambda: secrets.token_bytes(8))
        except Crash:
            self.crash_at = ""
            self.restart()
            return
        self.crash_at = ""
        if body is not None:
            self.sent.append((starts, body))

    @invariant()
    def what_left_was_paid_for(self) -> None:
        assert all(body in self.paid for _, body in self.sent)

    @invariant()
    def an_epoch_has_one_body_at_most(self) -> None:
        seen: dict[int, bytes] = {}
        for starts, body in self.sent:
            assert seen.setdefault(starts, body) == body, "a resend is the identical bytes"

    @invariant()
    def no_window_of_90_days_is_over_the_cap(self) -> None:
        for begin, _ in self.paid.values():
            inside = [micro for at, micro in self.paid.values() if begin <= at < begin + 90 * DAY_MS]
            assert sum(inside) <= CAP * 1_000_000


ClientMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestClient = ClientMachine.TestCase


class Unpaid(ClientLedger):
    """Planted: hands the bytes out though the commit failed."""

    def report(self, starts_ms, ends_ms, now_ms, micro, seal):  # type: ignore[no-untyped-def]
        body = seal()
        try:
            return super().report(starts_ms, ends_ms, now_ms, micro, lambda: body)
        except Crash:
            return body


class Fresh(ClientLedger):
    """Planted: seals anew on each visit."""

    def report(self, starts_ms, ends_ms, now_ms, micro, seal):  # type: ignore[no-untyped-def]
        self._slots.pop(starts_ms, None)
        return super().report(starts_ms, ends_ms, now_ms, micro, seal)


@pytest.mark.parametrize("planted", [Unpaid, Fresh])
def test_a_planted_fault_is_found(planted: type[ClientLedger]) -> None:
    class Broken(ClientMachine):
        ledger_of = planted  # type: ignore[assignment]

    Broken.TestCase.settings = settings(
        max_examples=60, stateful_step_count=15, deadline=None, database=None, phases=(Phase.generate,)
    )
    with pytest.raises((AssertionError, ExceptionGroup)):
        Broken.TestCase("runTest").runTest()


def test_nothing_after_the_epoch_and_the_cap_is_exact() -> None:
    ledger = ClientLedger(8.0, lambda slots: None)
    assert ledger.report(0, 10, 10, 1, lambda: b"x") is None
    assert ledger.report(10, 20, 10, 4_000_000, lambda: b"a") == b"a"
    assert ledger.report(10, 20, 19, 4_000_000, lambda: b"b") == b"a"
    assert ledger.report(20, 30, 20, 4_000_000, lambda: b"c") == b"c"
    assert ledger.left(20) == 0
    assert ledger.report(30, 40, 30, 1, lambda: b"d") is None
    assert ledger.report(90 * DAY_MS + 20, 90 * DAY_MS + 30, 90 * DAY_MS + 20, 1, lambda: b"e") == b"e"
    with pytest.raises(LedgerRefused, match="cap"):
        ClientLedger(0, lambda slots: None)
