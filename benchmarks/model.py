"""Relevance and size of the session model on real sets: `python3 noxfile.py -s bench -- model`.

    -- --only SET      one set: diginetica, retailrocket, eshop (may be given again)
    -- --data PATH     any other log, same code and settings
    -- --quick         a small cut of each set and two minutes of training, to see that it works
    -- --budget-s S    most seconds of a training (2400)
    -- --no-teacher    trained without session-kNN as a teacher; the result file is named so
    -- --most N        newest test instances that are scored (all)
    -- --checkpoint P  a trained.npz (edge_model.checkpoint) instead of a training; `train_s` is what it says
    -- --no-sources    without the two further trainings of `sources`
    -- --planted       that training had the canaries (`edge_model.audit.plant`); else `canary_exposure` is null

Per set: `hr20`, `mrr20` of the float model in percent; `full` and `small` under onnxruntime with `download_bytes` (brotli of all
that scoring the whole catalogue needs: head, rest, feature spec, categories, manifest); `head_*` of the first download alone;
`hr8_shown` with the session's own items left out, as they are in the shop; `baselines` with the ratio of `full` to each; `heads`,
AUC and calibration error of the probabilities that the log has labels for; `sources`, the float model trained with `--private`
and with `--no-logs`, on the same test sessions. Finished stages are kept under .intently/bench-model, so that it can be run in
pieces. With `--only` or `--data` the result file is named by the sets too.

These sets hold no user histories: a ratio to popularity or to item-to-item is not one to personal history.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from benchmarks.kept import Kept
from benchmarks.model_sets import SETS, SessionSet
from benchmarks.model_sources import Sources
from benchmarks.model_stages import Bench, measure, work_folder
from benchmarks.result import publish
from contracts import sha256_hex
from edge_model import EdgeModelError, Settings, load, newest
from edge_model.checkpoint import load_trained

WORK = Path(".intently/bench-model")
NO_HISTORIES = (
    "These sets hold no user histories: ratios are to methods without them, beside the 4.8 that a talk reports against "
    "personal history."
)
QUICK_SESSIONS, QUICK_ITEMS, QUICK_S, QUICK_MOST = 6_000, 2_000, 60.0, 500
AUDITED = 1_000


def arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.model", description="Relevance and size of the session model.")
    parser.add_argument("--only", action="append", choices=sorted(SETS))
    parser.add_argument("--data", type=Path)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--budget-s", type=float, default=2_400.0)
    parser.add_argument("--no-teacher", action="store_true")
    parser.add_argument("--most", type=int, default=10**9)
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--planted", action="store_true")
    parser.add_argument("--no-sources", action="store_true")
    return parser.parse_args(words)


def chosen_sets(options: argparse.Namespace) -> list[SessionSet]:
    if options.data is not None:
        return [SessionSet(options.data.stem if options.data.stem != "sessions" else options.data.parent.name, options.data)]
    return [SETS[name] for name in options.only or SETS]


def run(one: SessionSet, options: argparse.Namespace) -> dict[str, object]:
    """Figures of one set."""
    log = load(one.path)
    budgets = one.budgets(log.item_count)
    settings = Settings(time_budget_s=QUICK_S if options.quick else options.budget_s)
    if options.no_teacher:
        settings = settings.model_copy(update={"teacher_share": 0.0})
    if options.quick:
        log = newest(log, QUICK_SESSIONS, QUICK_ITEMS)
        budgets = SessionSet(one.name, one.path).budgets(log.item_count)
    if options.checkpoint is None:
        kept = Kept(work_folder(WORK, log, settings, one.name))
    else:
        kept = Kept(WORK / f"{one.name}-{sha256_hex(options.checkpoint.read_bytes())[:12]}")
        take_checkpoint(kept, options.checkpoint)
    bench = Bench(log, settings, kept, QUICK_MOST if options.quick else options.most, 100 if options.quick else AUDITED)
    figures = measure(bench, budgets, options.checkpoint is None or options.planted)
    sources = Sources(bench)
    figures["heads"] = kept.stage("heads", sources.heads)
    if not options.no_sources:
        figures["sources"] = {name: kept.stage(f"source_{name}", make) for name, make in sources.stages().items()}
    return figures


def take_checkpoint(kept: Kept, path: Path) -> None:
    """A training made elsewhere stands for the training stage."""
    trained = load_trained(path).trained
    shutil.copyfile(path, kept.folder / "trained.npz")
    kept.stage("training", lambda: {"train_s": round(trained.seconds, 1), "steps": trained.steps, "stopped": trained.stopped})


def main() -> int:
    options = arguments(sys.argv[1:])
    try:
        figures = {one.name: run(one, options) for one in chosen_sets(options)}
    except EdgeModelError as error:
        print(f"benchmarks.model: {error}", file=sys.stderr)
        return 2
    print(NO_HISTORIES)
    kinds = [kind for kind, given in (("no_teacher", options.no_teacher), ("quick", options.quick)) if given]
    name = "_".join(["model", *(figures if options.only or options.data else []), *kinds])
    publish(name, figures | {"ratio_of_the_talk": 4.8, "note": NO_HISTORIES})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
