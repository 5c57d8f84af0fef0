"""What `explain` and `plan` say, as rows of text for the page: the same sums as the command line's, in all their digits."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from privacy.accounting import explaining, planning

Document = Mapping[str, Any]
MICRO = 1_000_000
NOTHING: dict[str, Any] = {"learners": [], "spent": []}
SPANS = ("report", *planning.SPANS)


def explained(
    configuration: Mapping[str, Any], receipts: Sequence[Mapping[str, Any]], entries: Sequence[Mapping[str, Any]]
) -> Any:
    """{"learners": [{who, learns}], "spent": rows of text, their sum last}."""
    spent = explaining.spent_by_collection(entries, receipts)
    total = {name: sum(each[name] for each in spent) for name in ("closes", "reports", "epsilon_micro")}
    return {
        "learners": [{"who": who, "learns": list(learns)} for who, learns in explaining.learners(configuration, receipts)],
        "spent": [spent_row(each) for each in [*spent, {"collection": "all", **total}]],
    }


def spent_row(each: Mapping[str, Any]) -> dict[str, str]:
    """One collection's, as text."""
    return {
        "collection": each["collection"], "closes": str(each["closes"]), "reports": f"{each['reports']:,}",
        "epsilon": f"{each['epsilon_micro'] / MICRO:.6f}",
    }  # fmt: skip


def planned(text: str) -> dict[str, Any]:
    """{"fits", "summary", "rows", "notes"} of a plan in JSON; raises `ValueError` with what is wrong with it."""
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ValueError(f"the plan is not JSON: {error}") from None
    report = planning.plan_report(planning.filled(document))
    silent = [
        f"{name}: {'never silent' if days is None else f'silent after {days:g} days, until debits are 90 days old'}"
        for name, days in report["silent_after_days"].items()
    ]
    noise = [planning.noise_words(name, each) for name, each in report["noise"].items()]
    return {
        "fits": report["fits"], "summary": "The plan fits" if report["fits"] else "The plan does not fit",
        "rows": [plan_row(row) for row in report["rows"] if row["report"] is not None],
        "notes": [*report["faults"], *noise, *silent],
    }  # fmt: skip


def plan_row(row: Mapping[str, Any]) -> dict[str, str]:
    """One collection against one audience, as text."""
    return {
        "collection": row["collection"], "audience": row["audience"], "reports": str(row["reports"]["year"]),
        **{span: f"{row[span]:.6f}" for span in SPANS},
    }  # fmt: skip
