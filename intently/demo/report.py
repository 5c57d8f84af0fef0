"""What the demo prints about the model that it just trained."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from edge_model import ModelCard


def figures_table(card: ModelCard) -> Table:
    """HR@20 and MRR@20 of the exported file and of each baseline, best first."""
    measured = card.evaluation
    table = Table(title=f"{card.trained_on}: {measured.instances:,} newest test prefixes of {measured.instances_of:,}")
    table.add_column("method")
    for name in ("HR@20 %", "MRR@20 %"):
        table.add_column(name, justify="right")
    for name, figures in sorted(measured.methods.items(), key=lambda pair: -pair[1].hr20):
        words = "session model (exported, onnxruntime)" if name == "model" else name.replace("_", " ")
        table.add_row(words, f"{100 * figures.hr20:.2f}", f"{100 * figures.mrr20:.2f}", style="bold" if name == "model" else "")
    return table


def print_model(card: ModelCard, console: Console) -> None:
    """The table and one line on the file."""
    console.print(figures_table(card))
    rivals = {name: figures.hr20 for name, figures in card.evaluation.methods.items() if name != "model"}
    best = max(rivals, key=lambda name: rivals[name])
    if rivals[best] > card.evaluation.methods["model"].hr20:
        words = f"{best.replace('_', ' ')} does better than this model: train longer before you ship it"
        console.print(f"  [yellow]{words}.[/yellow]")
    if card.evaluation.instances < 500:
        console.print(f"  [yellow]Only {card.evaluation.instances} test prefixes: these figures say little.[/yellow]")
    console.print(
        f"  {card.items:,} items, {card.model_bytes / 1e6:.2f} MB, trained in {card.train_s:.0f} s ({card.stopped}); "
        f"onnxruntime equals the trainer within {card.parity_max_relative_error:.1e} on {card.parity_prefixes} prefixes.",
        highlight=False,
    )
