"""`intently audit randomizer`: what the shipped bundle really spends."""

from __future__ import annotations

from typing import Annotated

import typer

from intently.commands.audit.words import BundleArgument, end, print_findings
from intently.output import JsonOption, print_json


def randomizer(
    bundle: BundleArgument,
    domain_size: Annotated[int, typer.Option(min=3, max=1_000_000, help="Values of the collection that is tried.")] = 43_000,
    epsilon: Annotated[float, typer.Option(min=0.1, max=8.0, help="Its nominal local epsilon.")] = 8.0,
    draws: Annotated[
        int, typer.Option(min=1_000, help="Test messages of each of two values; as many more are learned from.")
    ] = 4_000_000,
    python_draws: Annotated[int, typer.Option(min=0, help="As many of the Python twin; 0: leave it out.")] = 200_000,
    as_json: JsonOption = False,
) -> None:
    """Run the built JavaScript in Chromium: a lower bound on epsilon by experiment, exact channels, debits, resends, two worlds.

    Exit code 1 where a bound at confidence 1 - 10^-6 is above the claim, or a check fails.
    """
    from intently.auditing.randomizer import audit_bundle

    report = audit_bundle(bundle, domain_size=domain_size, epsilon=epsilon, draws=draws, python_draws=python_draws)
    if as_json:
        print_json({"ok": report.ok, **vars(report)})
        return end(report.ok)
    print_findings(f"{report.bundle}: {report.mechanism}", report.findings)
    for name, bound in (("shipped JavaScript", report.shipped), ("Python", report.python)):
        if bound is not None:
            verdict = "SPENDS MORE THAN IT CLAIMS" if bound.violated else "no violation"
            print(
                f"{name}: claims {bound.claimed:.6f}; at least {bound.lower:.6f} (95 %), "
                f"{bound.lower_violation:.6f} (1 - 10^-6), from {bound.samples:,} test messages of each value: {verdict}"
            )
    end(report.ok)
