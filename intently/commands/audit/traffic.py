"""`intently audit traffic`: whether what a network sees depends on behaviour."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from intently.commands.audit.words import end, print_findings
from intently.output import JsonOption, print_json

if TYPE_CHECKING:
    from privacy.traffic import Request


def traffic(
    har: Annotated[list[Path] | None, typer.Option(help="HAR file; given twice, the two worlds are compared.")] = None,
    url: Annotated[str, typer.Option(help="Origin of a live site, visited by two browsers at once.")] = "",
    page: Annotated[list[str] | None, typer.Option(help="With --url: path of a page to open, repeatable.")] = None,
    seconds: Annotated[float, typer.Option(min=2, max=600, help="With --url: how long the visit lasts.")] = 75.0,
    with_tokens: Annotated[bool, typer.Option("--with-tokens", help="Reports carry tokens: 410 bytes.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Method, URL, query, headers, referrer, validators, sizes, counts, times must not depend on behaviour. Exit code 1 if so."""
    from contracts import IntentlyError
    from privacy.traffic import check_capture, compare, read_har

    files = har or []
    if bool(files) == bool(url) or len(files) > 2:
        raise IntentlyError("give --har FILE once or twice, or --url ORIGIN; one of the two")
    captures = [read_har(_bytes(path), path.name) for path in files] if files else list(_live(url, page or ["/"], seconds))
    findings = [finding for capture in captures for finding in check_capture(capture, with_tokens)]
    if len(captures) == 2:
        findings += compare(captures[0], captures[1])
    ok = all(finding.ok for finding in findings)
    if as_json:
        print_json({"ok": ok, "requests": [len(capture) for capture in captures], "findings": findings})
    else:
        print_findings(f"{' and '.join(str(len(capture)) for capture in captures)} requests", findings)
    end(ok)


def _bytes(path: Path) -> bytes:
    from contracts import IntentlyError

    try:
        return path.read_bytes()
    except OSError as error:
        raise IntentlyError(f"{path}: {error.strerror}; give a HAR file") from None


def _live(url: str, pages: list[str], seconds: float) -> tuple[tuple[Request, ...], ...]:
    from intently.auditing.capture import capture_worlds
    from intently.auditing.page import opened

    with opened(None) as browser:
        return capture_worlds(browser, url, pages, seconds)
