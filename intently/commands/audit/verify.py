"""`intently audit verify`."""

from __future__ import annotations

import time

import typer
from rich.console import Console

from intently.commands.audit.words import KeyOption, PublicArgument
from intently.output import JsonOption, print_json


def verify(public: PublicArgument, release_key: KeyOption, as_json: JsonOption = False) -> None:
    """Recompute every receipt, hash, signature and link offline; a flipped byte, row or order is named. Exit code 1 then."""
    from privacy.audit import verify_public

    report = verify_public(public, release_key)
    expired = report.manifest_expires < time.time()
    if as_json:
        print_json({"ok": report.ok, "expired": expired, **vars(report)})
    else:
        for fault in report.faults:
            Console().print(f"[red]fault[/red]  {fault}", highlight=False)
        verdict = "everything holds" if report.ok else f"{len(report.faults)} faults"
        print(
            f"{report.shop or public}: {verdict}. Release {report.release_version}, manifest {report.manifest_version}"
            f"{' (expired)' if expired else ''}; {report.files} files, {report.ledger_entries} ledger entries, "
            f"{len(report.receipts)} receipts, {sum(row.reports for row in report.receipts):,} reports."
        )
    if not report.ok:
        raise typer.Exit(1)
