"""Every method on the same instances by the same rules: the float model, the exported file and the baselines, side by side."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from contracts.record import Record
from edge_model.baselines import Maker, Ranker, baselines_for, chunks
from edge_model.baselines.popularity import train_counts
from edge_model.baselines.ranker import seen_items
from edge_model.exported_model import ExportedModel
from edge_model.instances import Instances, instances_for_test
from edge_model.ranks import best, hit_rate, metrics, ndcg, ranks
from edge_model.run_onnx import OnnxScorer
from edge_model.session_log import SessionLog
from edge_model.weights import Float32

CUT_OFF = 20
SHOWN = 8
"""Cards of a strip, the default of <intently-recs>."""
TIE_RULE = "against the model: an item with the target's score stands before it"
FLOAT, EXPORTED = "float_model", "model"
"""Names of the two forms of a model in records."""
RATIO_NOTE = (
    "The talk behind this project reports 4.8 times the relevance of personal history alone. These sets hold no user histories, "
    "so each ratio here is against what a shop has without them: popularity, popularity in the category, item to item and other "
    "sessions. It neither confirms nor refutes the 4.8."
)

Report = Callable[[float, str], None]
"""Called with the share done, 0 to 1, and a line of text."""


class MethodFigures(Record):
    """One method's figures, shares from 0 to 1."""

    hr5: float
    hr8: float
    hr10: float
    hr20: float
    mrr20: float
    ndcg20: float
    coverage20: float = Field(description="items that stand in the first 20 of any instance, of all items")
    popularity_bias: float = Field(
        description="mean popularity percentile of the first 20 minus that of the targets: above 0 it prefers the popular"
    )
    hr8_shown: float = Field(
        description="hit rate of 8 cards after filters: items already seen in the session are out, such targets are misses"
    )
    seconds: float = Field(description="fitting and scoring")
    settings: str = Field(default="", description="chosen on a validation cut of the train set, where the method has any")


class Evaluation(Record):
    """What was measured, on what, and by which rules."""

    log: str
    split: str
    cut_off: int = CUT_OFF
    tie_rule: str = TIE_RULE
    candidates: str
    targets: str = "the next viewed item, after every prefix of at least min_prefix events"
    min_prefix: int
    instances: int
    instances_of: int = Field(description="instances that the test sessions have in all; the newest are taken")
    repeat_share: float = Field(description="targets that already occur in their prefix")
    methods: dict[str, MethodFigures] = Field(
        description="`model` is the exported file under onnxruntime, `float_model` the trainer's weights"
    )
    ratios: dict[str, dict[str, float]] = Field(
        default={}, description="HR@20 of a form of the model over that of each baseline, by form and baseline"
    )
    ratio_note: str = RATIO_NOTE


def evaluate(
    scorer: OnnxScorer | None,
    log: SessionLog,
    most: int | None = None,
    baselines: Mapping[str, Maker] | None = None,
    clock: Callable[[], float] = time.monotonic,
    float_model: Maker | None = None,
    report: Report = lambda share, text: None,
) -> Evaluation:
    """Rank the targets of the newest `most` test instances (default: all) among all items, by each form of the model and each
    baseline (default: all that the log has the columns for)."""
    every = instances_for_test(log)
    wanted = every if most is None else every.newest(most)
    forms: dict[str, Maker] = {} if float_model is None else {FLOAT: float_model}
    if scorer is not None:
        forms[EXPORTED] = lambda log: ExportedModel(scorer, log)
    simple = dict(baselines_for(log) if baselines is None else baselines)
    makers = {**forms, **simple}
    methods = {}
    for at, (name, make) in enumerate(makers.items()):

        def part(share: float, at: int = at, name: str = name) -> None:
            report((at + share) / len(makers), name.replace("_", " "))

        methods[name] = measure(make, log, wanted, clock, part)
    return Evaluation(
        log=log.name,
        split=log.report.split,
        candidates=f"all {log.item_count} items of the log",
        min_prefix=log.min_prefix,
        instances=len(wanted),
        instances_of=len(every),
        repeat_share=float(is_seen(log, wanted).mean()),
        methods=methods,
        ratios={
            form: {name: round(methods[form].hr20 / methods[name].hr20, 3) for name in simple if methods[name].hr20 > 0}
            for form in forms
        },
    )


def is_seen(log: SessionLog, wanted: Instances) -> NDArray[np.bool_]:
    """Whether each target occurs in its prefix."""
    seen = seen_items(log, wanted)
    found = np.zeros(len(wanted), dtype=np.bool_)
    found[seen.row[seen.item == wanted.target[seen.row]]] = True
    return found


def measure(
    make: Maker, log: SessionLog, wanted: Instances, clock: Callable[[], float], report: Callable[[float], None]
) -> MethodFigures:
    """Fit one method and measure it."""
    began, ranker = clock(), make(log)
    found, shown, lists = [], [], []
    done = 0
    for part in chunks(wanted):
        scores = ranker.score(part)
        found.append(ranks(scores, part.target))
        shown.append(shown_ranks(log, part, scores, found[-1]))
        lists.append(best(scores, CUT_OFF))
        done += len(part)
        report(done / len(wanted))
    rank, listed, popular = np.concatenate(found), np.concatenate(lists), percentiles(log)
    return MethodFigures(
        **metrics(rank, CUT_OFF),
        **{f"hr{cut}": hit_rate(rank, cut) for cut in (5, 8, 10)},
        ndcg20=ndcg(rank, CUT_OFF),
        coverage20=len(np.unique(listed)) / log.item_count,
        popularity_bias=float(popular[listed].mean() - popular[wanted.target].mean()),
        hr8_shown=hit_rate(np.concatenate(shown), SHOWN),
        seconds=round(clock() - began, 3),
        settings=words(ranker),
    )


def shown_ranks(log: SessionLog, part: Instances, scores: Float32, found: NDArray[np.int64]) -> NDArray[np.int64]:
    """Ranks when the prefix's own items are taken out of the list; beyond the last where the target is one of them."""
    seen = seen_items(log, part)
    own = scores[seen.row, part.target[seen.row] - 1]
    ahead = ~(scores[seen.row, seen.item - 1] < own)
    shown: NDArray[np.int64] = found - np.bincount(seen.row, ahead, minlength=len(part)).astype(np.int64)
    shown[is_seen(log, part)] = scores.shape[1] + 1
    return shown


def percentiles(log: SessionLog) -> NDArray[np.float64]:
    """float64[items + 1]: share of items that occur in the train sessions no more often than each, 0 < p <= 1; [0] is unused."""
    counts = train_counts(log)
    share = np.searchsorted(np.sort(counts), counts, side="right") / len(counts)
    return np.concatenate([[0.0], share])


def words(ranker: Ranker) -> str:
    """Settings of a method, for the record."""
    return str(getattr(ranker, "settings", ""))
