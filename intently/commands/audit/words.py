"""Options and words that the audit's commands share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from intently.output import print_table

if TYPE_CHECKING:
    from privacy.report_audit import Finding

PublicArgument = Annotated[Path, typer.Argument(help="Public folder: manifest.json, files/, ledger.jsonl.")]
KeyOption = Annotated[str, typer.Option(help="Public release key that the bundle pins, 64 hexadecimal digits.")]
BundleArgument = Annotated[Path, typer.Argument(help="Folder that `intently bundle` wrote.")]
AUDIENCE_WORDS = {
    "local": "all who get reports",
    "shuffled": "the analyzer",
    "public": "who sees the pools",
    "noised": "all but the analyzer",
}


def epsilon_words(value: float | None) -> str:
    """Three decimals, rounded up: a privacy loss is never printed smaller than it is."""
    return "" if value is None else f"{math.ceil(value * 1000 - 1e-9) / 1000:.3f}"


def date_words(seconds: int | None) -> str:
    """UTC, to the minute."""
    return "never" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")


def print_findings(title: str, findings: Sequence[Finding]) -> None:
    """A table, what is wrong marked."""
    rows = [["✓" if finding.ok else "✗ wrong", finding.name, finding.what] for finding in findings]
    print_table(title, ["", "checked", "seen"], rows)


def end(ok: bool) -> None:
    """Exit code 1 where something is wrong."""
    if not ok:
        raise typer.Exit(1)
