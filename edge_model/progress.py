"""Progress of a training on a terminal, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from edge_model.training import Progress


@contextmanager
def on_terminal(console: Console, title: str = "Training") -> Iterator[Progress]:
    """A bar while `console` is a terminal; otherwise a progress that says nothing."""
    if not console.is_terminal:
        yield lambda share, text: None
        return
    columns = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[text]}"), TimeElapsedColumn()
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task(title, total=1.0, text="compiling")
        yield lambda share, text: bar.update(task, completed=share, text=text)
