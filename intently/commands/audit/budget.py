"""`intently audit budget`, and what plain `intently audit` prints."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from intently.commands.audit.words import AUDIENCE_WORDS, PublicArgument, date_words, epsilon_words
from intently.output import JsonOption, print_json, print_table
from privacy.accounting.guarantees import DELTA

if TYPE_CHECKING:
    from privacy.audit import BudgetRow


def budget(public: PublicArgument, as_json: JsonOption = False) -> None:
    """Spent, left and run-out date, for each collection and audience. Run `verify` as well: this reads, it does not verify."""
    from privacy.audit import budget as report

    found = report(public, time.time())
    if as_json:
        print_json(found)
        return
    print(
        f"{found.shop}{' (demo scale)' if found.demo else ''}: local epsilon of a client that reports in every epoch "
        f"of {found.epoch_s} s,\nat most {found.cap_epsilon:g} in {found.cap_days} days. Times are UTC."
    )
    for name in dict.fromkeys(row.collection for row in found.clients):
        _print_collection(name, [row for row in found.clients if row.collection == name])
    servers = [
        [
            row.collection,
            str(row.epochs),
            str(row.epochs_without),
            f"{row.reports:,}",
            f"{row.refused:,}",
            epsilon_words(row.spent),
        ]
        for row in found.servers
    ]
    columns = ["collection", "epochs", "without", "reports", "refused", "epsilon"]
    print_table(f"Published so far; minimum batch {found.minimum_batch:,}", columns, servers)


def _print_collection(name: str, rows: list[BudgetRow]) -> None:
    """One table: who learns what, at which epsilon."""
    claimed = [row for row in rows if row.per_report is not None]
    cells = [
        [
            AUDIENCE_WORDS[row.audience],
            *map(epsilon_words, (row.per_report, row.per_day, row.per_cap, row.spent, row.left, row.composed)),
        ]
        for row in claimed
    ]
    runs_out = date_words(claimed[0].runs_out) if claimed else "never"
    title = f"{name}: after {runs_out} this client is silent" if claimed else f"{name}: no bucket closed yet"
    print_table(title, ["epsilon against", "report", "day", "cap", "spent", "left", "composed"], cells)
    deltas = {row.delta for row in claimed if row.delta}
    if deltas:
        print(
            f"  'who sees the pools': the sum of what was spent holds with delta {max(deltas):.0e}, what is composed {DELTA:.0e}."
        )
    if len(claimed) < len(rows):
        print("  No shuffled epsilon is claimed: relay and analyzer are of one operator.")
