"""`intently audit console`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from intently.output import JsonOption, print_json


def console(
    out: Annotated[Path, typer.Argument(help="Folder for the page.")],
    public: Annotated[Path | None, typer.Option(help="Public folder to audit; copied beside the page.")] = None,
    release_key: Annotated[str, typer.Option(help="Release key to check against; the page can be told another.")] = "",
    serve: Annotated[bool, typer.Option("--serve", help="Serve it on loopback until Ctrl-C.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="With --serve: port, 0 for any free one.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Make the audit console: a static page that runs the same accountant in the auditor's own browser, under Pyodide."""
    from intently.console import build_console, console_server

    built = build_console(out, public, release_key=release_key)
    if as_json:
        print_json(built)
    else:
        print(f"{built.folder}: {built.files} files, {built.bytes / 1e6:.1f} MB")
    if serve:
        with console_server(out, port=port) as server:
            print(f"audit console: http://127.0.0.1:{server.server_address[1]}/ ; Ctrl-C ends it", flush=True)
            server.serve_forever()
