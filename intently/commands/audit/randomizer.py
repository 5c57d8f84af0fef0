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
    noise_epsilon: Annotated[
        float | None, typer.Option(min=0.01, max=8.0, help="Also the analyzer's noise of that epsilon, as it is drawn here.")
    ] = None,
    closes: Annotated[int, typer.Option(min=100, help="Closes of each of two neighbouring batches, for the noise.")] = 10_000,
    as_json: JsonOption = False,
) -> None:
    """Run the built JavaScript in Chromium: a lower bound on epsilon by experiment, exact channels, debits, resends, two worlds.

    Exit code 1 where a bound at confidence 1 - 10^-6 is above the claim, or a check fails.
    """
    from intently.auditing.randomizer import audit_bundle

    report = audit_bundle(bundle, domain_size=domain_size, epsilon=epsilon, draws=draws, python_draws=python_draws)
    noise = None
    if noise_epsilon is not None:
        from intently.auditing.noise import audit_analyzer_noise  # OpenDP: loaded only where noise is asked for

        noise = audit_analyzer_noise(noise_epsilon, closes)
    ok = report.ok and not (noise and noise[1].violated)
    if as_json:
        print_json({"ok": ok, **vars(report), "noise": noise})
        return end(ok)
    print_findings(f"{report.bundle}: {report.mechanism}", report.findings)
    for name, bound in (("shipped JavaScript", report.shipped), ("Python", report.python)):
        if bound is not None:
            verdict = "SPENDS MORE THAN IT CLAIMS" if bound.violated else "no violation"
            print(
                f"{name}: claims {bound.claimed:.6f}; at least {bound.lower:.6f} (95 %), "
                f"{bound.lower_violation:.6f} (1 - 10^-6), from {bound.samples:,} test messages of each value: {verdict}"
            )
    if noise is not None:
        stated, found = noise
        verdict = "LESS NOISE THAN IT CLAIMS" if found.violated else "no violation"
        print(
            f"noise of sigma {stated.sigma:g}: claims neighbours {found.claimed:.4f} standard deviations apart; at least "
            f"{found.lower:.4f} (95 %), {found.lower_violation:.4f} (1 - 10^-6), from {found.draws:,} closes of each: {verdict}"
        )
    end(ok)
