"""Does feedback pay? The shipped TypeScript ranker over real sessions: `python3 noxfile.py -s bench -- feedback`.

For each log, weights are searched one after the other on validation sessions (the newest `VALIDATION` of the train sessions); one
is kept only where it gains more than twice its standard error there, else it is 0. What is kept is then measured once on the test
sessions. A log without categories fits `click_item` alone; one whose sessions hold each item once (made so by its authors) fits
`click_category` alone, and no item of the session is shown there.

hr8_without, hr8_with   share of test instances whose next item stands among the 8 shown; the item in view is never shown
feedback_gain           hr8_with / hr8_without, of the first log
weights                 what paid; `tried` gives the gain of each value on the validation sessions, in points of HR@8

Compared in the same run: the same scores without feedback. Scores are those of a trained model (`--model diginetica=FOLDER`), or
log votes of session-kNN where none is given. No log here holds skips, dwell or cart: their weights cannot be fitted and stay 0.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from benchmarks.result import publish
from edge_model import OnnxScorer, load
from edge_model.baselines import Ranker, SessionKnn, chunks
from edge_model.exported_model import ExportedModel
from edge_model.instances import Instances, instances, instances_for_test
from edge_model.session_log import SessionLog

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("INTENTLY_DATA", ROOT.parent / "shared" / "data"))
LOGS = {
    "diginetica": "diginetica/sessions.npz", "diginetica_categories": "diginetica_categories/sessions.npz",
    "eshop": "eshop/events.parquet",
}  # fmt: skip
VALIDATION = 0.05
CANDIDATES = 100
"""Best scored of all items, besides those of the session: what lies beyond does not come among the first 8."""
LENGTH = 20
"""Newest events of a session that feedback sees here, as the model does."""
GRID = {
    "click_item": (-4.0, -2.0, -1.0, -0.5, 0.25, 0.5, 1.0, 2.0),
    "click_category": (-1.0, -0.5, 0.25, 0.5, 1.0, 2.0, 4.0),
}
SURE = 2.0
"""Standard errors that a gain must exceed."""
Weights = dict[str, float]


@dataclass(frozen=True)
class Cut:
    """Instances of one part of a log with the scores of their candidates, as the ranker's program reads them."""

    items: NDArray[np.int32]
    offsets: NDArray[np.int32]
    candidates: NDArray[np.int32]
    scores: NDArray[np.float32]
    targets: NDArray[np.int32]
    categories: NDArray[np.int32]
    repeats: bool
    """Whether sessions of this log come back to an item."""

    @property
    def fitted(self) -> list[str]:
        """Weights that this log can say something about."""
        found = {"click_item": self.repeats, "click_category": bool(self.categories.any())}
        return [name for name, here in found.items() if here]

    def write(self, folder: Path, settings: list[Weights]) -> None:
        """Everything that feedback_rank.ts reads."""
        for name in ("items", "offsets", "candidates", "targets", "categories"):
            (folder / f"{name}.i32").write_bytes(np.ascontiguousarray(getattr(self, name), dtype="<i4").tobytes())
        (folder / "scores.f32").write_bytes(np.ascontiguousarray(self.scores, dtype="<f4").tobytes())
        shape = {"instances": len(self.targets), "candidates": self.candidates.shape[1]}
        about = {**shape, "hide_seen": not self.repeats, "settings": settings}
        (folder / "about.json").write_text(json.dumps(about))


def cut_of(log: SessionLog, wanted: Instances, ranker: Ranker, log_scores: bool) -> Cut:
    """Score all items for each instance and keep the best, with the session's own items among them."""
    begins = log.offsets[wanted.session]
    spans = zip(begins, begins + wanted.prefix, strict=True)
    sessions = [log.items[max(begin, end - LENGTH) : end] for begin, end in spans]
    candidates = np.zeros((len(wanted), CANDIDATES + LENGTH), np.int32)
    scores = np.zeros_like(candidates, dtype=np.float32)
    row = 0
    for part in chunks(wanted):
        for all_scores in ranker.score(part):
            best = np.argpartition(-all_scores, min(CANDIDATES, all_scores.size - 1))[:CANDIDATES] + 1
            chosen = np.union1d(best, sessions[row])
            raw = all_scores[chosen - 1]
            candidates[row, : len(chosen)] = chosen
            scores[row, : len(chosen)] = np.log(np.maximum(raw, raw[raw > 0].min(initial=1.0) / 10)) if log_scores else raw
            row += 1
    offsets = np.cumsum([0, *map(len, sessions)])
    categories = np.zeros(log.item_count + 1, np.int32) if log.item_category is None else log.item_category
    repeats = any(target in items for target, items in zip(wanted.target, sessions, strict=True))
    return Cut(np.concatenate(sessions), offsets, candidates, scores, wanted.target, categories, repeats)


def program(folder: Path) -> Path:
    """The ranker of the browser with its loop over sessions, for Node."""
    out = folder / "feedback_rank.mjs"
    command = [
        ROOT / "node_modules" / ".bin" / "esbuild", ROOT / "benchmarks" / "feedback_rank.ts", "--bundle", "--platform=node",
        "--format=esm", f"--outfile={out}", "--log-level=error",
    ]  # fmt: skip
    subprocess.run(list(map(str, command)), check=True, timeout=60)
    return out


def hits(cut: Cut, settings: list[Weights], folder: Path) -> NDArray[np.uint8]:
    """uint8[settings, instances]: whether the target is among the first 8."""
    cut.write(folder, settings)
    subprocess.run(["node", str(program(folder)), str(folder)], check=True, timeout=1800)
    return np.frombuffer((folder / "hits.u8").read_bytes(), np.uint8).reshape(len(settings), -1)


def gain(after: NDArray[np.uint8], before: NDArray[np.uint8]) -> tuple[float, float]:
    """(mean, standard error) of the paired difference of hits."""
    difference = after.astype(np.float64) - before
    return float(difference.mean()), float(difference.std() / np.sqrt(len(difference)))


def search(cut: Cut, folder: Path) -> tuple[Weights, dict[str, dict[str, float]]]:
    """One weight after the other, each kept where it pays beyond doubt."""
    kept: Weights = {}
    tried: dict[str, dict[str, float]] = {}
    for name in cut.fitted:
        values = GRID[name]
        settings = [kept, *({**kept, name: value} for value in values)]
        before, *after = hits(cut, settings, folder)
        gains = [gain(one, before) for one in after]
        tried[name] = {f"{value:g}": round(100 * mean, 3) for value, (mean, _) in zip(values, gains, strict=True)}
        best = max(range(len(values)), key=lambda at: gains[at][0])
        mean, error = gains[best]
        kept = {**kept, name: values[best] if mean > SURE * error else 0.0}
    return kept, tried


def measured(path: Path, run: Path | None, most: int, console: Console) -> dict[str, Any]:
    """Fit on a log's validation sessions, measure on its test sessions."""
    log = load(path)
    first = int(log.train_count * (1 - VALIDATION))
    middle = (log.train_count + log.session_count) // 2
    parts = {"validation": instances(log, first, log.train_count), "test": instances_for_test(log)}
    if run is not None:  # it may have seen every train session: fit on the older half of the test sessions
        parts = {"validation": instances(log, log.train_count, middle), "test": instances(log, middle, log.session_count)}
    cuts = {}
    for name, wanted in parts.items():
        ranker: Ranker
        if run is not None:
            ranker = ExportedModel(OnnxScorer(run / "model.onnx"), log)
        else:  # the neighbours must not hold what is asked
            ranker = SessionKnn(replace(log, train_count=first) if name == "validation" else log)
        console.print(f"{log.name}, {name}: {min(most, len(wanted))} of {len(wanted)} instances ...")
        cuts[name] = cut_of(log, wanted.newest(most), ranker, log_scores=run is None)
    with tempfile.TemporaryDirectory() as place:
        weights, tried = search(cuts["validation"], Path(place))
        before, after = hits(cuts["test"], [{}, weights], Path(place))
    mean, error = gain(after, before)
    return {
        "scorer": "model" if run else "session_knn", "instances": len(before),
        "hr8_without": round(float(before.mean()), 4), "hr8_with": round(float(after.mean()), 4),
        "feedback_gain": round(float(after.mean() / before.mean()), 4),
        "difference_points": round(100 * mean, 3), "standard_error_points": round(100 * error, 3),
        "weights": weights, "tried": tried,
    }  # fmt: skip


def main() -> None:
    """Measure every log, publish."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--log", choices=LOGS, action="append", help="default: all")
    parser.add_argument("--model", action="append", default=[], metavar="LOG=RUN", help="folder of a training on that log")
    parser.add_argument("--most", type=int, default=8000, help="newest instances of each part")
    parser.add_argument("--quick", action="store_true", help="300 instances: does it run at all?")
    words = parser.parse_args()
    runs = {name: Path(folder) for name, folder in (pair.split("=", 1) for pair in words.model)}
    console, most = Console(stderr=True), 300 if words.quick else words.most
    found = {name: measured(DATA / LOGS[name], runs.get(name), most, console) for name in words.log or LOGS}
    first = next(iter(found.values()))
    publish("feedback", {"feedback_gain": first["feedback_gain"], "logs": found,
        "not_fitted": ["skip_item", "skip_category", "dwell_category", "cart_category"]})  # fmt: skip


if __name__ == "__main__":
    main()
