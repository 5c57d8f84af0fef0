"""Settings of session-kNN fitted to a log: one coordinate after the other on the newest train sessions, always in one order."""

from __future__ import annotations

import numpy as np

from edge_model.baselines.ranker import Ranker, chunks, seen_items
from edge_model.baselines.session_index import SessionIndex
from edge_model.baselines.session_knn import KnnSettings, SessionKnn
from edge_model.instances import Instances, instances_for_test, validation_cut
from edge_model.ranks import metrics, ranks
from edge_model.session_log import SessionLog

GRID: dict[str, tuple[float, ...]] = {
    "decay": (0.45, 0.75, 0.9),
    "sample": (50, 200, 500),
    "neighbours": (250, 2000),
    "norm": (0.0, 0.5),
    "age": (0.0, 1.0, 2.0),
    "near": (0.7, 1.0),
    "behind": (0.25, 0.75, 1.0),
    "late": (0.6, 0.8, 1.0),
    "idf_vote": (0.0, 0.5),
    "seen": (0.0, 1.0, 16.0),
    "last": (0.0, 0.05, 0.1, 0.25, 4.0),
}
"""Values tried beside the default, in this order; the best so far stays, by HR@20 + MRR@20."""
TUNED_ON = 3_000
"""Validation instances at most, evenly spaced over the cut."""
VOTES_MOST = 5_000_000
"""Votes that one try may count, about a second: where sessions share much, fewer instances are taken, but at least `LEAST`."""
LEAST = 1_500
MARGIN = 0.1
"""A setting's best value replaces the present one where HR@20 + MRR@20 gains more than `MARGIN` / sqrt(instances)."""


def tuned(log: SessionLog, most: int = TUNED_ON) -> SessionKnn:
    """Session-kNN on the whole train set, its settings chosen on the newest 5 % of it with the rest as neighbours."""
    return SessionKnn(log, tune(log, most))


def tune(log: SessionLog, most: int = TUNED_ON) -> KnnSettings:
    """Best settings of the grid; the defaults where the log is too small to hold anything out. Never looks at test sessions."""
    held_out = validation_cut(log)
    if held_out is None:
        return KnnSettings()
    index, best = SessionIndex(held_out), KnnSettings()
    wanted = evenly(instances_for_test(held_out), most)
    affordable = round(VOTES_MOST / max(1.0, votes_each(held_out, index, best, wanted)))
    wanted = evenly(wanted, max(LEAST, affordable))

    def worth(settings: KnnSettings) -> float:
        return hit_and_reciprocal_rank(SessionKnn(held_out, settings, index), wanted)

    record = worth(best)
    for name, values in GRID.items():
        tried = {value: worth(best.model_copy(update={name: value})) for value in values}
        value = max(tried, key=lambda each: tried[each])
        if tried[value] > record + MARGIN / len(wanted) ** 0.5:
            record, best = tried[value], best.model_copy(update={name: value})
    return best


def votes_each(log: SessionLog, index: SessionIndex, settings: KnnSettings, wanted: Instances) -> float:
    """Mean number of votes that an instance counts, from above."""
    seen = seen_items(log, wanted, settings.length)
    sessions = np.bincount(seen.row, np.minimum(index.frequency[seen.item], settings.sample), minlength=len(wanted))
    return float(np.minimum(sessions, settings.neighbours).mean() * index.size.mean())


def hit_and_reciprocal_rank(ranker: Ranker, wanted: Instances) -> float:
    """HR@20 + MRR@20."""
    found = np.concatenate([ranks(ranker.score(part), part.target) for part in chunks(wanted)])
    return sum(metrics(found, 20).values())


def evenly(wanted: Instances, most: int) -> Instances:
    """`most` of the instances, evenly spaced, or all."""
    chosen = np.unique(np.linspace(0, len(wanted) - 1, min(most, len(wanted))).round().astype(np.int64))
    return Instances(wanted.session[chosen], wanted.prefix[chosen], wanted.target[chosen])
