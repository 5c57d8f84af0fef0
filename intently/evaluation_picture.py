"""Evaluations as a picture, by matplotlib of the `train` extra."""

from __future__ import annotations

from typing import Any

from contracts import IntentlyError
from edge_model import Evaluation
from edge_model.evaluation import EXPORTED, FLOAT

PANELS = {"HR@20, %": "hr20", "MRR@20, %": "mrr20", "HR@8 shown, %": "hr8_shown"}
MODEL, BASELINE, TEXT, LINE = "#0b6e4f", "#9aa5a0", "#1d2b26", "#dfe5e2"


def rows_of(found: dict[str, Evaluation], log: str) -> list[tuple[str, Any, bool]]:
    """(name, figures, whether it is a model) of one log, best first; a baseline once, however many runs measured it."""
    rows: dict[str, tuple[Any, bool]] = {}
    for run, evaluation in found.items():
        if evaluation.log != log:
            continue
        for name, figures in evaluation.methods.items():
            is_model = name in (EXPORTED, FLOAT)
            words = f"{run} ({'exported' if name == EXPORTED else 'float'})" if is_model else name.replace("_", " ")
            rows.setdefault(words, (figures, is_model))
    return sorted(((words, *row) for words, row in rows.items()), key=lambda row: row[1].hr20)


def picture(found: dict[str, Evaluation]) -> Any:
    """A matplotlib figure: a row of panels for each log."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise IntentlyError("Drawing needs matplotlib, which is not installed here: pip install 'intently[train]'.") from None
    logs = list(dict.fromkeys(evaluation.log for evaluation in found.values()))
    rows = {log: rows_of(found, log) for log in logs}
    heights = [0.34 * len(rows[log]) + 1.2 for log in logs]
    figure = Figure(figsize=(11, sum(heights)), layout="constrained")
    parts = figure.subfigures(len(logs), 1, squeeze=False, height_ratios=heights)[:, 0]
    for part, log in zip(parts, logs, strict=True):
        measured = next(evaluation for evaluation in found.values() if evaluation.log == log)
        part.suptitle(f"{log}: {measured.instances:,} test prefixes", x=0.01, ha="left", fontsize=11, weight="bold", color=TEXT)
        axes = part.subplots(1, len(PANELS), sharey=True)
        for axis, (title, field) in zip(axes, PANELS.items(), strict=True):
            _panel(axis, rows[log], field)
            axis.set_title(title, loc="left", fontsize=9, color=TEXT)
    return figure


def _panel(axis: Any, rows: list[tuple[str, Any, bool]], field: str) -> None:
    values = [100 * getattr(figures, field) for _, figures, _ in rows]
    axis.barh(range(len(rows)), values, height=0.62, color=[MODEL if is_model else BASELINE for _, _, is_model in rows])
    for at, value in enumerate(values):
        axis.annotate(f"{value:.2f}", (value, at), (3, 0), textcoords="offset points", va="center", fontsize=8, color=TEXT)
    axis.set_yticks(range(len(rows)), [words for words, _, _ in rows], fontsize=8, color=TEXT)
    axis.set_xlim(0, 1.18 * max(*values, 1e-9))
    axis.tick_params(length=0, labelsize=8, labelcolor=TEXT)
    axis.grid(axis="x", color=LINE, linewidth=0.7)
    axis.set_axisbelow(True)
    for side in ("top", "right", "left", "bottom"):
        axis.spines[side].set_visible(False)
