"""`intently serve`, `intently relay`: the processes of a shop."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer
from rich.console import Console

from contracts import Configuration, IntentlyError

ConfigOption = Annotated[Path, typer.Option(help="Settings file, YAML or JSON (`intently config check`).")]
SetOption = Annotated[list[str] | None, typer.Option("--set", help="KEY=VALUE, overrides file and environment.")]


def become(module: str, config: Path, flags: list[str] | None = None) -> None:
    """Replace this process by `python -m module --config FILE`, so that signals reach it directly."""
    words = [sys.executable, "-m", module, "--config", str(config), *(word for flag in flags or () for word in ("--set", flag))]
    if os.name == "nt":
        raise SystemExit(subprocess.run(words).returncode)
    os.execv(words[0], words)


def serve(
    workspace: Annotated[Path, typer.Argument(help="Folder with public/, keys/ and bundle/ (`intently release create`).")],
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of delivery on loopback.")] = 8080,
) -> None:
    """The embedded default: relay, analyzer and delivery as three processes under one supervisor, until Ctrl-C."""
    from aggregator.pools import PoolRules
    from intently.commands.pool import read_public
    from intently.demo.run import stop_on_signals
    from intently.embedded import Addresses, settings_of, start_embedded
    from intently.ports import free_port
    from intently.supervisor import Supervisor
    from intently.workspace import Workspace

    space = Workspace(workspace)
    _, release, _, _ = read_public(space.public)
    told = Configuration.from_bytes((space.public / release.configuration.path).read_bytes())
    relay_port = urlsplit(told.reports_url).port
    if relay_port is None:
        raise IntentlyError(
            f"the configuration's reports_url is {told.reports_url!r}; want one with a port on this host: "
            f"intently release create {workspace} ... --relay-url http://127.0.0.1:8091"
        )
    stop_on_signals()
    addresses = Addresses(free_port(relay_port), free_port(port))
    with Supervisor(space.logs) as supervisor:
        start_embedded(supervisor, space, *settings_of(space, addresses, release, PoolRules(), 60.0))
        Console().print(f"relay {addresses.relay}, delivery {addresses.delivery}; Ctrl-C ends them", highlight=False)
        while True:
            supervisor.check()
            time.sleep(0.5)


def relay(config: ConfigOption, set_: SetOption = None) -> None:
    """The relay alone: keeps nothing of the sender, holds no key, batches and shuffles."""
    become("aggregator.relay", config, set_)


def deliver(config: ConfigOption, set_: SetOption = None) -> None:
    """Delivery alone: the signed public files and the bundle, each with its cache headers."""
    become("aggregator.delivery", config, set_)


COMMANDS = (serve, relay, deliver)
