"""`intently demo`: prepare, start the embedded default with simulated clients, and say where the shop is."""

from __future__ import annotations

import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from rich.console import Console

from intently.configuration import DEMO
from intently.demo.prepare import TRAINING_S, Prepared, pool_rules, prepare
from intently.demo.report import print_model
from intently.embedded import Addresses, settings_of, start_embedded
from intently.ports import free_port
from intently.supervisor import Supervisor
from intently.workspace import Workspace

CLIENTS = 2_000
"""Simulated clients that report in each epoch."""
CLOSE_GRACE_S = 1.0
ABOUT = f"""\
  {CLIENTS:,} simulated clients report beside you in each epoch of {DEMO.epoch_s} s (6 h in production). A fifth of them
  want one item that stood in no pool: watch it rise in "Wanted now". Your own tab reports once an epoch until
  its cap is spent: eight times, two days in production, under three minutes here. Then it is silent."""


@dataclass(frozen=True)
class Running:
    """A demo that is up."""

    space: Workspace
    addresses: Addresses
    prepared: Prepared
    supervisor: Supervisor

    @property
    def clients_state(self) -> Path:
        """Where the simulated clients say what they did."""
        return self.space.root / "clients.json"


class Stopped(KeyboardInterrupt):
    """The demo was asked to end by a signal."""


def stop_on_signals() -> None:
    """SIGTERM and SIGHUP end the demo as Ctrl-C does, so that no process is left behind."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise Stopped

    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), stop)


@contextmanager
def running_demo(
    data: Path | None, root: Path, console: Console, *,
    port: int = 0, seed: int = 7, budget_s: float = TRAINING_S, clients: int = CLIENTS,
) -> Iterator[Running]:  # fmt: skip
    """Prepare and start everything; stopped again at the end, whatever happens. No simulated clients for `clients` 0."""
    addresses = Addresses(free_port(), free_port(port))
    space = Workspace(root)
    forget_last_run(space)
    prepared = prepare(data, space, addresses, console, seed, budget_s)
    print_model(prepared.run.card, console)
    with Supervisor(space.logs) as supervisor:
        rules = pool_rules(prepared.run.card.items)
        start_embedded(supervisor, space, *settings_of(space, addresses, prepared.release, rules, CLOSE_GRACE_S))
        running = Running(space, addresses, prepared, supervisor)
        if clients:
            start_clients(running, clients)
        yield running


def forget_last_run(space: Workspace) -> None:
    """Remove what an earlier demo published and counted, which belongs to another model; keys and bundle stay."""
    for folder in (space.public, space.relay, space.analyzer):
        shutil.rmtree(folder, ignore_errors=True)
    for file in space.root.glob(f"{space.outbox.name}*"):
        file.unlink()


def start_clients(running: Running, clients: int) -> None:
    """Simulated clients beside whoever visits the shop."""
    running.clients_state.unlink(missing_ok=True)
    running.supervisor.start(
        "clients", "intently.simulator.clients", "--url", running.addresses.delivery,
        "--release-key", running.prepared.release_key, "--state", str(running.clients_state), "--clients", str(clients),
        "--stop-on-stdin-eof", ready="ready: ",
    )  # fmt: skip


def stay(running: Running, console: Console) -> None:
    """Say where the shop is and wait for Ctrl-C."""
    console.print()
    console.print(f"  [bold]The shop is open: {running.addresses.delivery}/[/bold]", highlight=False)
    audit = f"{sys.executable} -m intently audit verify {running.space.public} --release-key {running.prepared.release_key}"
    console.print(ABOUT, highlight=False)
    console.print(f"  Audit what is published:\n    {audit}\n  Ctrl-C ends it.", highlight=False, soft_wrap=True)
    while True:
        running.supervisor.check()
        time.sleep(0.5)
