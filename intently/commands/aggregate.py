"""`intently aggregate`: the analyzer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from intently.commands.serve import become


def aggregate(
    config: Annotated[Path, typer.Option(help="Settings of the analyzer, a JSON file; `transport` chooses Kafka.")],
) -> None:
    """The analyzer alone: opens, folds, closes, publishes. On Kafka it is a Faust app."""
    become("aggregator.analyzer", config)


COMMANDS = (aggregate,)
