"""Simple methods that a model has to beat, in the same harness: fit on the train sessions, score all items for a prefix."""

from __future__ import annotations

from edge_model.baselines.item_knn import ItemKnn, decayed_item_knn
from edge_model.baselines.popularity import CategoryPopularity, Popularity, SessionPopularity, recent_popularity
from edge_model.baselines.ranker import CHUNK, Maker, Ranker, chunks
from edge_model.baselines.session_index import SessionIndex
from edge_model.baselines.session_knn import KnnSettings, SessionKnn
from edge_model.baselines.tuning import tune, tuned
from edge_model.session_log import SessionLog

BASELINES: dict[str, Maker] = {
    "popularity": Popularity,
    "recent_popularity": recent_popularity,
    "category_popularity": CategoryPopularity,
    "session_popularity": SessionPopularity,
    "item_knn": ItemKnn,
    "item_knn_session": decayed_item_knn,
    "session_knn": tuned,
}
"""Name in records -> how it is fitted on a log."""


def baselines_for(log: SessionLog) -> dict[str, Maker]:
    """Those that the log has the columns for."""
    return {name: make for name, make in BASELINES.items() if name != "category_popularity" or log.item_category is not None}


__all__ = [
    "BASELINES", "CHUNK", "CategoryPopularity", "ItemKnn", "KnnSettings", "Maker", "Popularity", "Ranker", "SessionIndex",
    "SessionKnn", "SessionPopularity", "baselines_for", "chunks", "decayed_item_knn", "recent_popularity", "tune", "tuned",
]  # fmt: skip
