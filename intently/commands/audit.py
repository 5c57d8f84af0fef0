"""`intently audit`: what is spent and left, whether what was published holds, and the same in a browser."""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from intently.output import JsonOption, print_json, print_table

if TYPE_CHECKING:
    from privacy.audit import BudgetRow

app = typer.Typer(name="audit", help="For a privacy officer: everything from public files alone, offline.", no_args_is_help=True)
PublicArgument = Annotated[Path, typer.Argument(help="Public folder: manifest.json, files/, ledger.jsonl.")]
KeyOption = Annotated[str, typer.Option(help="Public release key that the bundle pins, 64 hexadecimal digits.")]
AUDIENCE_WORDS = {"local": "all who get reports", "shuffled": "the analyzer", "public": "who sees the pools"}


def epsilon_words(value: float | None) -> str:
    """Three decimals, rounded up: a privacy loss is never printed smaller than it is."""
    return "" if value is None else f"{math.ceil(value * 1000 - 1e-9) / 1000:.3f}"


def date_words(seconds: int | None) -> str:
    """UTC, to the minute."""
    return "never" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")


@app.command()
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
        [AUDIENCE_WORDS[row.audience], *map(epsilon_words, (row.per_report, row.per_day, row.per_cap, row.spent, row.left))]
        for row in claimed
    ]
    runs_out = date_words(claimed[0].runs_out) if claimed else "never"
    title = f"{name}: after {runs_out} this client is silent" if claimed else f"{name}: no bucket closed yet"
    print_table(title, ["epsilon against", "report", "day", "cap", "spent", "left"], cells)
    deltas = {row.delta for row in claimed if row.delta}
    if deltas:
        print(f"  'who sees the pools' holds with delta {max(deltas):.0e} over what was spent.")
    if len(claimed) < len(rows):
        print("  No shuffled epsilon is claimed: relay and analyzer are of one operator.")


@app.command()
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


@app.command()
def console(
    out: Annotated[Path, typer.Argument(help="Folder for the page.")],
    public: Annotated[Path | None, typer.Option(help="Public folder to audit; copied beside the page.")] = None,
    release_key: Annotated[str, typer.Option(help="Release key to check against; the page can be told another.")] = "",
    serve: Annotated[bool, typer.Option("--serve", help="Serve it on loopback until Ctrl-C.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="With --serve: port, 0 for any free one.")] = 0,
) -> None:
    """Make the audit console: a static page that runs the same accountant in the auditor's own browser, under Pyodide."""
    from intently.console import build_console, console_server

    built = build_console(out, public, release_key=release_key)
    print(f"{built.folder}: {built.files} files, {built.bytes / 1e6:.1f} MB")
    if serve:
        with console_server(out, port=port) as server:
            print(f"audit console: http://127.0.0.1:{server.server_address[1]}/ ; Ctrl-C ends it", flush=True)
            server.serve_forever()
