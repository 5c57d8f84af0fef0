"""`intently audit forecast`: would this new collection fit?"""

from __future__ import annotations

import time
from typing import Annotated

import typer

from contracts import CollectionKind
from intently.commands.audit.words import PublicArgument, date_words, end
from intently.output import JsonOption, print_json


def forecast(
    public: PublicArgument,
    domain_size: Annotated[int, typer.Option(min=1, max=50_000_000, help="Values that it may report.")],
    epsilon: Annotated[float, typer.Option(help="Nominal local epsilon of one report.")] = 4.0,
    kind: Annotated[str, typer.Option(help="item_dwelled, item_skipped or category_intent.")] = "item_skipped",
    name: Annotated[str, typer.Option(help="Its name.")] = "new_collection",
    server_budget: Annotated[float | None, typer.Option(help="The server's own budget of a collection, epsilon.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Whether bundles, the busiest client's ledger and the server's budget take it, by their own rules. Exit code 1 if not."""
    from typing import get_args

    from contracts import MANIFEST_PATH, Collection, IntentlyError, Manifest, Release
    from privacy.forecasts import busiest_debits, forecast_collection
    from privacy.mechanisms import choose_mechanism
    from privacy.spending_report import all_receipts, configuration_of, document_of

    if kind not in get_args(CollectionKind):
        raise IntentlyError(f"--kind is {kind!r}; want one of {', '.join(get_args(CollectionKind))}")
    manifest = document_of(public / MANIFEST_PATH, Manifest)
    configuration = configuration_of(public, document_of(public / manifest.release.path, Release).configuration)
    mechanism = choose_mechanism(domain_size, epsilon)
    free = next(number for number in range(1, 256) if number not in {each.id for each in configuration.collections})
    added = Collection(
        id=free, name=name, kind=kind, domain_size=domain_size, epsilon=epsilon, epsilon_micro=mechanism.epsilon_micro,  # type: ignore[arg-type]
        mechanism=mechanism.record(), share=1,
    )  # fmt: skip
    now_ms = int(1000 * time.time())
    debits = busiest_debits(all_receipts(public), configuration.cap_epsilon)
    found = forecast_collection(
        configuration, added, debits, now_ms, demo_bundle=configuration.demo, server_budget_epsilon=server_budget
    )
    if as_json:
        print_json({"fits": found.fits, **vars(found)})
        return end(found.fits)
    print(f"{name}: {mechanism}, epsilon {mechanism.epsilon_micro / 1e6:.6f} a report")
    print(f"  bundles {'act on it' if found.bundle_accepts else 'refuse it: ' + '; '.join(found.faults)}")
    again = "" if found.client_allows else f"; again at {date_words(found.client_allows_again)} UTC"
    print(f"  a client that reported in every published epoch can pay {found.client_reports_left} reports of it now{again}")
    if found.server_allows is not None:
        print(f"  the server's budget {'takes' if found.server_allows else 'refuses'} its first close")
    print("it fits" if found.fits else "it does not fit")
    end(found.fits)
