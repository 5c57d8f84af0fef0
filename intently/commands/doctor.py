"""`intently doctor`: look at a shop as a browser does."""

from __future__ import annotations

from typing import Annotated

import typer

from intently.doctor.finding import Finding
from intently.output import JsonOption, print_json


def doctor(
    url: Annotated[str, typer.Argument(help="A page of the shop that uses Intently.")],
    base: Annotated[str, typer.Option(help="Where bundle and signed files are served.")] = "/intently/",
    verbose: Annotated[bool, typer.Option("--verbose", help="Show what is well, too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Say what a shop's policy, caches, compression or types break; exit code 1 where something is, 2 for a bad address."""
    from intently.doctor import examine
    from intently.doctor.examine import worst

    findings = examine(url, base)
    if as_json:
        print_json({"url": url, "findings": findings})
        raise typer.Exit(worst(findings))
    for finding in findings:
        if verbose or finding.level != "ok":
            print("\n".join(lines_of(finding)))
    well = sum(finding.level == "ok" for finding in findings)
    print(f"{len(findings) - well} of {len(findings)} checks found something; see docs/csp-and-caching.md")
    raise typer.Exit(worst(findings))


def lines_of(finding: Finding) -> list[str]:
    """A finding for people: no table, since its sentences are long."""
    head = f"{finding.level:7}{finding.name}: {finding.where}"
    if finding.level == "ok":
        return [f"{head}: {finding.got}"]
    return [head, f"       got   {finding.got}", f"       want  {finding.want}", f"       do    {finding.do}"]


COMMANDS = (doctor,)
