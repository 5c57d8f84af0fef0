"""`intently audit explain`: who learns what, in plain words."""

from __future__ import annotations

from intently.commands.audit.words import PublicArgument
from intently.output import JsonOption, print_json, print_table


def explain(public: PublicArgument, as_json: JsonOption = False) -> None:
    """Who learns what, with numbers; what the ledger has recorded; which mode the cards are in. Reads, does not verify."""
    from privacy.explanation import explain as explanation_of

    found = explanation_of(public)
    if as_json:
        print_json(found)
        return
    print(f"{found.shop}{' (demo scale: its numbers protect nobody)' if found.demo else ''}; cards={found.cards}")
    for learner in found.learners:
        print(f"\n{learner.who}")
        for line in learner.learns:
            print(f"  - {line}")
    rows = [[each.collection, str(each.closes), f"{each.reports:,}", f"{each.epsilon_micro / 1e6:.6f}"] for each in found.spent]
    total = [
        "all", str(sum(each.closes for each in found.spent)), f"{sum(each.reports for each in found.spent):,}",
        f"{found.total_micro / 1e6:.6f}",
    ]  # fmt: skip
    print()
    title = "What the ledger holds: local epsilon of a client in every one of these batches"
    print_table(title, ["collection", "closes", "reports", "epsilon"], [*rows, total])
