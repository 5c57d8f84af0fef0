"""Hit rate and reciprocal rank of the exported file and of the baselines, on the same instances, by the same ranks."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np
from pydantic import Field

from contracts.record import Record
from edge_model.baselines import Maker, baselines_for, chunks
from edge_model.features import encode_many
from edge_model.instances import Instances, columns_of, instances_for_test
from edge_model.ranks import metrics, ranks
from edge_model.run_onnx import OnnxScorer
from edge_model.session_log import SessionLog
from edge_model.weights import Float32

CUT_OFF = 20
TIE_RULE = "against the model: an item with the target's score stands before it"


class MethodFigures(Record):
    """One method's figures, shares from 0 to 1."""

    hr20: float
    mrr20: float
    seconds: float = Field(description="fitting and scoring")


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
    methods: dict[str, MethodFigures] = Field(description="`model` is the exported file under onnxruntime")


class ExportedModel:
    """The exported file as a ranker: onnxruntime embeds each prefix, its own scores are taken."""

    def __init__(self, scorer: OnnxScorer, log: SessionLog) -> None:
        self.scorer, self.log = scorer, log
        self._columns = columns_of(scorer.spec, log)
        self._everything = np.arange(1, scorer.spec.items + 1, dtype=np.int32)

    def score(self, wanted: Instances) -> Float32:
        """Scores of all items, one run of the file for each instance, as in the browser."""
        padded, lengths = encode_many(self.scorer.spec, self._columns, wanted.session, wanted.prefix)
        scores = np.empty((len(wanted), self.log.item_count), np.float32)
        for n, length in enumerate(lengths):
            inputs = {name: values[n, :length] for name, values in padded.items()}
            scores[n] = self.scorer.run(inputs, self._everything)[1]
        return scores


def evaluate(
    scorer: OnnxScorer | None,
    log: SessionLog,
    most: int = 2_000,
    baselines: Mapping[str, Maker] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> Evaluation:
    """Rank the targets of the newest `most` test instances among all items, by the exported model and each baseline."""
    every = instances_for_test(log)
    wanted = every.newest(most)
    makers = dict(baselines_for(log) if baselines is None else baselines)
    if scorer is not None:
        makers = {"model": lambda log: ExportedModel(scorer, log), **makers}
    return Evaluation(
        log=log.name,
        split=log.report.split,
        candidates=f"all {log.item_count} items of the log",
        min_prefix=log.min_prefix,
        instances=len(wanted),
        instances_of=len(every),
        methods={name: figures(make, log, wanted, clock) for name, make in makers.items()},
    )


def figures(make: Maker, log: SessionLog, wanted: Instances, clock: Callable[[], float]) -> MethodFigures:
    """Fit one method and measure it."""
    began = clock()
    ranker = make(log)
    found = np.concatenate([ranks(ranker.score(part), part.target) for part in chunks(wanted)])
    return MethodFigures(**metrics(found, CUT_OFF), seconds=round(clock() - began, 3))
