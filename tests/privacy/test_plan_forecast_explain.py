"""A plan is checked before anything runs; a forecast is the later decision; an explanation sums to the ledger exactly."""

from __future__ import annotations

import json
import math
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shop_files import EPOCH_S, Shop, collection

from contracts import Collection, Configuration, LedgerEntry
from privacy.accounting import Batches, composed_epsilon, limit_faults, planning, spending
from privacy.accounting.explaining import spent_by_collection
from privacy.audit import budget
from privacy.budget import DAY_MS, Debit, check_client_budget
from privacy.errors import AuditRefused, LedgerRefused
from privacy.explanation import explain, ledger_entries
from privacy.forecasts import busiest_debits, forecast_collection
from privacy.mechanisms import choose_mechanism, mechanism_of
from privacy.plan import Plan, check_plan, read_plan, reports_in
from privacy.server_filter import ServerFilter
from privacy.spending_report import all_receipts

YAML = b"operators: 2\ncollections:\n  - {name: item_dwelled, domain_size: 43000, epsilon: 4, batch: 100000}\n"


def plan(**changes: object) -> Plan:
    return read_plan(YAML, "plan.yaml").model_copy(update=changes)


def test_a_plan_at_the_defaults() -> None:
    report = check_plan(plan())
    rows = {row.audience: row for row in report.rows}
    assert report.fits
    assert (rows["local"].report, rows["local"].day, rows["local"].cap) == (3.988985, 15.95594, 31.91188)
    assert rows["local"].reports == {"day": 4, "month": 8, "cap": 8, "year": 40}
    mechanism = choose_mechanism(43_000, 4.0)
    eight = composed_epsilon([Batches(mechanism.w, mechanism.v, mechanism.modulus, mechanism.collision, 100_000, 8)], 1e-8)
    assert rows["shuffled"].cap == pytest.approx(eight, abs=1e-6)
    assert rows["shuffled"].report == pytest.approx(0.1055, abs=0.0005)
    assert report.silent_after_days == {"item_dwelled": 2.0}
    assert all(day <= later for curve in report.curve.values() for (_, day), (_, later) in pairwise(curve))


def test_a_plan_with_noise_states_what_it_holds_and_what_it_costs() -> None:
    """The public epsilon is the smaller of two; the noise's own is the same however few are honest, and no caps move."""
    quiet, noised = check_plan(plan()), check_plan(plan(noise_epsilon=0.1))
    rows = {row.audience: row for row in noised.rows}
    assert noised.fits
    assert noised.noise["item_dwelled"]["support_most"] == 848
    assert noised.noise["item_dwelled"]["sd"] > 40 * noised.noise["item_dwelled"]["sd_without"]
    assert rows["noised"].report == rows["public"].report == pytest.approx(0.1, abs=1e-6)
    assert rows["public"].cap == min(rows["noised"].cap or 0, {row.audience: row for row in quiet.rows}["public"].cap or 0)
    assert noised.rows[:2] == quiet.rows[:2], "nothing changes for who receives reports, nor for the analyzer"
    few = check_plan(plan(noise_epsilon=0.1, honest_share=1e-5))
    assert {row.audience: row for row in few.rows}["public"].report == rows["noised"].report
    assert quiet.noise == {}
    assert "noised" not in {row.audience for row in quiet.rows}


def test_a_plan_with_noise_below_the_minimum_batch_still_counts_the_noise() -> None:
    found = check_plan(plan(noise_epsilon=1.0, minimum_batch=200_000))
    assert {row.audience: row.report for row in found.rows}["public"] == pytest.approx(1.0)


@pytest.mark.parametrize("epsilon", [0, -1, 8.5, "much"])
def test_an_impossible_noise_is_refused_by_both_readers(epsilon: object) -> None:
    document = {**json.loads(plan().to_bytes()), "noise_epsilon": epsilon}
    with pytest.raises(AuditRefused, match="noise_epsilon"):
        read_plan(json.dumps(document).encode(), "plan.json")
    with pytest.raises(ValueError, match="noise_epsilon"):
        planning.filled(document)


def test_fakes_in_a_batch_cost_amplification() -> None:
    honest, flooded = (check_plan(plan(honest_share=share)).rows[1].report or 0 for share in (1.0, 0.5))
    assert honest * 1.3 < flooded


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"epoch_s": 60}, "epoch_s"),
        ({"cap_epsilon": 65.0}, "cap_epsilon"),
        ({"cap_epsilon": 2.0}, "does not fit under a cap"),
        ({"minimum_batch": 200_000}, "is never opened"),
        ({"noise_epsilon": 4.0}, "holds no more than a report's own 3.988985"),
    ],
)
def test_a_plan_that_a_bundle_would_refuse_does_not_fit(changes: dict[str, object], said: str) -> None:
    report = check_plan(plan(**changes))
    assert not report.fits
    assert any(said in fault for fault in report.faults), report.faults


def test_strong_reports_want_another_operator() -> None:
    strong = plan(operators=1, collections=(plan().collections[0].model_copy(update={"epsilon": 8.0}),))
    assert any("another operator" in fault for fault in check_plan(strong).faults)
    wild = plan(collections=(plan().collections[0].model_copy(update={"epsilon": 9.0}),))
    assert any("9.0" in fault for fault in check_plan(wild).faults)


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (b"{", "p.json", "neither"), (b"collections: []", "p.yaml", "collections"), (b"x: [1", "p.yaml", "neither"),
        (b"{}", "p.json", "collections"),
    ],
)  # fmt: skip
def test_a_bad_plan_is_refused_by_place(data: bytes, name: str, said: str) -> None:
    with pytest.raises(AuditRefused, match=said):
        read_plan(data, name)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 400),
    st.sampled_from([3_988_985, 998_529, 7_999_679]),
    st.sampled_from([3600, 21_600, 86_400]),
    st.floats(8, 64),
)
def test_reports_in_a_span_are_what_a_ledger_allows(days: int, micro: int, epoch_s: int, cap: float) -> None:
    """The formula against the ledger's own decisions, epoch by epoch."""
    debits: list[Debit] = []
    span = min(days, 200)
    for epoch in range(-(-span * 86_400 // epoch_s)):
        now = epoch * epoch_s * 1000
        recent = [debit for debit in debits if now - debit.time_ms < 90 * DAY_MS]
        if check_client_budget(recent, now, micro, cap).allowed:
            debits.append(Debit(now, micro))
    assert len(debits) == reports_in(span, micro, plan(epoch_s=epoch_s, cap_epsilon=cap))


def test_a_plan_and_the_accountant_agree_on_a_day() -> None:
    found = spending([(54, 1)], EPOCH_S, 32, 90)
    assert check_plan(plan()).rows[0].day == found.day


def configuration(cap: float = 32.0, first: Collection | None = None) -> Configuration:
    return Configuration(
        shop="s", demo=False, epoch_s=EPOCH_S, draw_min_ms=0, draw_max_ms=1000, minimum_batch=1000, cap_epsilon=cap, cap_days=90,
        poll_s=60, reports_url="", collections=(first or collection(),),
    )  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 200), st.sampled_from([3_988_985, 5_998_937])), max_size=14), st.integers(0, 250),
    st.sampled_from([1.0, 2.0, 4.0, 6.0, 8.0]), st.sampled_from([8.0, 16.0, 32.0]),
    st.sampled_from([None, 5.0, 9.0, 20.0]), st.integers(0, 4),
)  # fmt: skip
def test_a_forecast_is_the_later_decision(
    past: list[tuple[int, int]], day: int, epsilon: float, cap: float, server: float | None, closes: int
) -> None:
    """Of the client's ledger, of the server's filter (OpenDP's beside ours) and of the bundle's limits: the very deciders."""
    debits = [Debit(at * DAY_MS, micro) for at, micro in past]
    added = collection(2, 600, epsilon, name="item_skipped")
    mechanism = mechanism_of(added)
    spent = [mechanism.epsilon_micro] * closes
    found = forecast_collection(
        configuration(cap), added, debits, day * DAY_MS, server_budget_epsilon=server, server_spent_micro=sum(spent)
    )
    micro = mechanism.epsilon_micro
    assert found.client_allows == check_client_budget(debits, day * DAY_MS, micro, cap).allowed
    paid = list(debits)
    for _ in range(found.client_reports_left):
        assert check_client_budget(paid, day * DAY_MS, micro, cap).allowed
        paid.append(Debit(day * DAY_MS, micro))
    assert not check_client_budget(paid, day * DAY_MS, micro, cap).allowed
    if found.client_allows_again is not None:
        then = found.client_allows_again * 1000
        assert check_client_budget(debits, then, micro, cap).allowed
        assert not check_client_budget(debits, then - 1001, micro, cap).allowed or then - 1001 < day * DAY_MS
    document = configuration(cap).model_dump(mode="json")
    document["collections"].append(added.model_dump(mode="json"))
    assert found.bundle_accepts == (limit_faults(document, False) == [])
    if server is not None:
        assert found.server_allows == _closes(ServerFilter(server, spent), added)


def _closes(guard: ServerFilter, added: Collection) -> bool:
    try:
        guard.spend(mechanism_of(added))
    except LedgerRefused:
        return False
    return True


def test_a_collection_beyond_the_limits_does_not_fit() -> None:
    twin = forecast_collection(configuration(), collection(1, name="item_skipped"), [], 0)
    assert not twin.fits
    assert twin.faults == ("collections: share an id: [1, 1]",)


def test_an_explanation_sums_to_the_ledger_and_says_the_cards(tmp_path: Path) -> None:
    made = Shop(tmp_path / "public", epochs=3, operators=2)
    found = explain(made.folder)
    entries = ledger_entries(made.folder)
    assert found.total_micro == sum(entry.epsilon_micro for entry in entries) == sum(each.epsilon_micro for each in found.spent)
    assert sum(each.closes for each in found.spent) == len(entries)
    assert (found.cards, found.shop) == ("page", "example")
    text = "\n".join(line for learner in found.learners for line in learner.learns)
    assert "cards=page" in text
    assert "3.988985" in text
    assert "1,000 reports" in text
    servers = {row.collection: round(row.spent * 1e6) for row in budget(made.folder, 0).servers}
    assert servers == {each.collection: each.epsilon_micro for each in found.spent}


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 8_000_000), st.integers(0, 10**6)), max_size=40))
def test_whatever_the_ledger_holds_the_parts_sum_to_it(lines: list[tuple[int, int, int]]) -> None:
    entries = [
        LedgerEntry(
            index=index, previous="", time=0, receipt="ab" * 32, release="cd" * 32, collection=number, epoch=index, key_id=1,
            epsilon_micro=micro, reports=reports,
        )
        for index, (number, micro, reports) in enumerate(lines)
    ]  # fmt: skip
    receipts = [{"release": "cd" * 32, "collection": {"id": number, "name": name}} for number, name in ((1, "a"), (2, "b"))]
    found = spent_by_collection([entry.model_dump() for entry in entries], receipts)
    assert sum(each["epsilon_micro"] for each in found) == sum(micro for _, micro, _ in lines)
    assert sum(each["reports"] for each in found) == sum(reports for *_, reports in lines)


def test_the_busiest_client_pays_the_dearest_and_stops_at_the_cap(tmp_path: Path) -> None:
    made = Shop(tmp_path / "public", epochs=12)
    debits = busiest_debits(all_receipts(made.folder), 32.0)
    assert len(debits) == 8
    assert math.floor(32e6) - sum(debit.micro for debit in debits) < debits[0].micro


def test_composition_of_what_was_spent_is_below_the_sum(tmp_path: Path) -> None:
    made = Shop(tmp_path / "public", epochs=6, operators=2)
    now = 80_006 * EPOCH_S
    rows = {row.audience: row for row in budget(made.folder, now).clients if row.collection == "item_dwelled"}
    assert rows["local"].composed is None
    assert rows["shuffled"].spent is not None
    assert 0 < (rows["shuffled"].composed or 0) < rows["shuffled"].spent
