"""What `intently model evaluate` and `compare` read, print and draw."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table

from contracts import ContractError, IntentlyError
from edge_model import Evaluation, OnnxScorer, SessionLog, load_run
from edge_model.baselines import Maker
from edge_model.evaluation import EXPORTED, FLOAT, SHOWN

CHECKPOINT = "trained.npz"
"""File of a run that holds the float weights, where they were kept."""
COLUMNS = {
    "HR@5": "hr5", "HR@8": "hr8", "HR@10": "hr10", "HR@20": "hr20", "MRR@20": "mrr20", "NDCG@20": "ndcg20",
    "coverage": "coverage20", f"HR@{SHOWN} shown": "hr8_shown",
}  # fmt: skip
"""Heading -> field, all in percent."""
NAMES = {EXPORTED: "session model (exported, onnxruntime)", FLOAT: "session model (float)"}


def forms(run: Path | None, log: SessionLog) -> tuple[OnnxScorer | None, Maker | None]:
    """The exported file of a run and, where its checkpoint was kept, the float model; refuses a model of other items."""
    if run is None:
        return None, None
    exported = OnnxScorer(load_run(run).model_path)
    if exported.spec.items != log.item_count:
        raise IntentlyError(
            f"{run}: its model knows {exported.spec.items} items, the log has {log.item_count}; give the log of its training "
            "(and the same --sessions and --items)."
        )
    checkpoint = run / CHECKPOINT
    if not checkpoint.is_file():
        return exported, None
    from edge_model.checkpoint import load_trained
    from edge_model.float_model import FloatModel

    trained = load_trained(checkpoint).trained
    return exported, lambda log: FloatModel(trained.weights, trained.spec, trained.settings.temperature, log)


def print_evaluation(found: Evaluation, console: Console, title: str = "") -> None:
    """A table, best first, the rules, and the ratios with what they are not."""
    table = Table(
        title=f"{title or found.log}: {found.instances:,} of {found.instances_of:,} test prefixes", title_justify="left"
    )
    table.add_column("method")
    for heading in (*COLUMNS, "popularity bias", "s"):
        table.add_column(heading, justify="right")
    for name, figures in sorted(found.methods.items(), key=lambda pair: -pair[1].hr20):
        shares = [f"{100 * getattr(figures, field):.2f}" for field in COLUMNS.values()]
        table.add_row(label(name), *shares, f"{figures.popularity_bias:+.2f}", f"{figures.seconds:.0f}",
                      style="bold" if name in NAMES else "")  # fmt: skip
    console.print(table)
    console.print(
        f"Split: {found.split}. Candidates: {found.candidates}. Targets: {found.targets} ({found.min_prefix}); "
        f"{found.repeat_share:.1%} of them occur in their prefix. Ties: {found.tie_rule}. All but bias in percent.",
        highlight=False,
    )
    for form, ratios in found.ratios.items():
        against = ", ".join(f"{ratio:.2f} x {label(name)}" for name, ratio in ratios.items())
        console.print(f"HR@20 of the {label(form)}: {against}.", highlight=False)
    if found.ratios:
        console.print(found.ratio_note, highlight=False)


def label(name: str) -> str:
    """Name of a method for people."""
    return NAMES.get(name, name.replace("_", " "))


def read_evaluations(paths: list[Path]) -> dict[str, Evaluation]:
    """Evaluation by the name of the run's folder or of the file; raises `IntentlyError` on what is neither."""
    found: dict[str, Evaluation] = {}
    for path in paths:
        name = path.resolve().name.removesuffix(".json")
        if name in found:
            name = str(path)
        found[name] = load_run(path).card.evaluation if path.is_dir() else _printed(path)
    return found


def _printed(path: Path) -> Evaluation:
    try:
        return Evaluation.from_bytes(path.read_bytes())
    except OSError as error:
        raise IntentlyError(f"{path}: {error.strerror}; give a folder of a training or what evaluate --json printed.") from None
    except ContractError as error:
        raise IntentlyError(f"{path}: not what evaluate --json prints ({error}).") from None


def draw(found: dict[str, Evaluation], out: Path) -> None:
    """A picture of HR@20, MRR@20 and HR@8 shown: one panel row a log, one line a method, runs in colour, baselines in grey."""
    if out.suffix not in {".png", ".svg"}:
        raise IntentlyError(f"--out is {out}; its name must end with .png or .svg.")
    from intently.evaluation_picture import picture

    out.parent.mkdir(parents=True, exist_ok=True)
    picture(found).savefig(out, dpi=160)
