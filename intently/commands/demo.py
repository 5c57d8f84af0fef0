"""`intently demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from intently.demo.prepare import TRAINING_S

DEFAULT_WORKSPACE = Path(".intently") / "demo"


def demo(
    data: Annotated[Path | None, typer.Option(help="Session log: .npz, .parquet or .csv. Default: a simulated shop.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Drive it headless, print each step seen or missed, and end.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the shop on loopback; 0: any free one.")] = 0,
    workspace: Annotated[Path, typer.Option(help="Folder for everything that the demo writes.")] = DEFAULT_WORKSPACE,
    seed: Annotated[int, typer.Option(help="Seed of the simulated shop.")] = 7,
    training_s: Annotated[float, typer.Option(min=1, help="Seconds that the training may take.")] = TRAINING_S,
) -> None:
    """Train a model, open a demo shop on loopback with everything that a real one has, and say where."""
    from intently.demo.run import running_demo, stay, stop_on_signals

    console = Console()
    stop_on_signals()
    demo_up = running_demo(data, workspace, console, port=port, seed=seed, budget_s=training_s)
    if not check:
        with demo_up as running:
            stay(running, console)
        return
    from intently.demo.check import check_demo, clean_up_seen, new_checklist
    from intently.supervisor import pids

    checklist = new_checklist(console)
    with demo_up as running:
        started = pids(running.supervisor.children)
        check_demo(running, checklist)
    clean_up_seen(started, checklist)
    checklist.finish()


COMMANDS = (demo,)
