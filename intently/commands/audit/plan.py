"""`intently audit plan`: what a configuration would spend, before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from intently.commands.audit.words import AUDIENCE_WORDS, end, epsilon_words
from intently.output import JsonOption, print_json, print_table

SPANS = ("report", "day", "month", "cap", "year")
DAYS = (1, 7, 30, 90, 180, 365)
"""What the terminal's plot shows of the curve."""
BAR = 40
"""Width of the terminal's plot."""


def plan(
    file: Annotated[Path, typer.Argument(help="Plan of collections, .json or .yaml: docs/audit.md shows one.")],
    plot: Annotated[Path | None, typer.Option(help="Also draw the spending of a year, as SVG.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Spending of a plan by day, month, cap and year, locally and shuffled, and whether it fits. Exit code 1 if not."""
    from contracts import IntentlyError
    from intently.commands.audit.plot import spending_svg
    from privacy.accounting.planning import noise_words
    from privacy.plan import check_plan, read_plan

    try:
        data = file.read_bytes()
    except OSError as error:
        raise IntentlyError(f"{file}: {error.strerror}; give a plan of collections") from None
    report = check_plan(read_plan(data, file.name))
    if plot is not None:
        plot.write_text(spending_svg(report.curve, report.delta))
    if as_json:
        print_json(report)
        return end(report.fits)
    rows = [
        [row.collection, AUDIENCE_WORDS[row.audience], *(epsilon_words(getattr(row, span)) for span in SPANS)]
        for row in report.rows
        if row.report is not None
    ]
    print_table(f"Epsilon of one client, asked in every epoch; delta {report.delta:g}", ["collection", "against", *SPANS], rows)
    for name, curve in report.curve.items():
        if name.endswith("/public") and curve == report.curve.get(name.replace("/public", "/shuffled")):
            continue
        most = max(spent for _, spent in curve)
        print(f"{name}, a year:")
        for day, spent in curve:
            if day in DAYS:
                print(f"  day {day:>3}  {epsilon_words(spent):>9}  {'█' * round(BAR * spent / most)}")
    for name, noise in report.noise.items():
        print(noise_words(name, noise))
    for name, days in report.silent_after_days.items():
        print(f"{name}: {'never silent' if days is None else f'silent after {days:g} days, until debits are 90 days old'}")
    for fault in report.faults:
        print(f"does not fit: {fault}")
    end(report.fits)
