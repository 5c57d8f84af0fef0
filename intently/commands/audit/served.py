"""`intently audit served`: whether everyone is served the published build."""

from __future__ import annotations

from typing import Annotated

import typer

from intently.commands.audit.words import BundleArgument, end, print_findings
from intently.output import JsonOption, print_json


def served(
    bundle: BundleArgument,
    url: Annotated[str, typer.Option(help="Origin of the live site.")],
    base: Annotated[str, typer.Option(help="Path below which bundle and signed files are served.")] = "/intently/",
    as_json: JsonOption = False,
) -> None:
    """Fetch script and configuration as several strangers and compare with the reproducible build. Exit code 1 if they differ."""
    from intently.auditing.served import audit_served

    findings = audit_served(url, bundle, base)
    ok = all(finding.ok for finding in findings)
    if as_json:
        print_json({"ok": ok, "findings": findings})
    else:
        print_findings(f"{url}{base} against {bundle}", findings)
    end(ok)
