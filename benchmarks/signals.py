"""What signals beyond the order of items add on real logs: `python3 noxfile.py -s bench -- signals` (`--only SET`, `--quick`).

Each signal multiplies session-kNN's votes for candidates that agree with the last item (same category, price within a tenth, same
page of the shop) by 1 + weight. Settings and weight are chosen on the newest 5 % of the train sessions; the test sessions are
looked at once. A model that learns from the signal may gain more; where even this gains nothing, there is little to find.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.result import publish
from edge_model import SessionLog, load
from edge_model.baselines import KnnSettings, SessionKnn, chunks, tune
from edge_model.baselines.popularity import below_one, train_counts
from edge_model.baselines.tuning import evenly
from edge_model.instances import Instances, instances_for_test, validation_cut
from edge_model.ranks import metrics, ranks

DATA = Path(os.environ.get("INTENTLY_DATA", "../shared/data"))
SETS = {"eshop": DATA / "eshop" / "events.parquet", "diginetica_categories": DATA / "diginetica_categories" / "sessions.npz"}
WEIGHTS = (0.0, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0)
PRICE_BAND = 0.1
MOST, QUICK_MOST = 4_000, 1_000
"""Instances, evenly spaced, of the validation cut and of the test set; with `--quick` the fewer, also for tuning."""

Agrees = Callable[[NDArray[np.int32]], NDArray[np.bool_]]
"""Last items [n] -> whether each candidate agrees with them, [n, items]."""


def same(value: NDArray[np.generic]) -> Agrees:
    """Candidates with the last item's value; `value[item]`, 0 is unknown and agrees with none."""
    return lambda last: (value[1:] == value[last][:, None]) & (value[last] != 0)[:, None]


def near(price: NDArray[np.int64]) -> Agrees:
    """Candidates whose price is within a tenth of the last item's."""
    return lambda last: (
        (np.abs(price[1:] - price[last][:, None]) <= PRICE_BAND * price[last][:, None]) & (price[last] > 0)[:, None]
    )


def pages(path: Path, log: SessionLog) -> NDArray[np.int64]:
    """Page of the shop on which each item stands, 0 unknown."""
    table = pl.read_parquet(path, columns=["item", "page"]).group_by("item").agg(pl.col("page").mode().first())
    page = dict(zip(table["item"].cast(pl.String), table["page"], strict=True))
    return np.array([0, *(page.get(sku, 0) for sku in log.skus)])


def signals(name: str, path: Path, log: SessionLog) -> dict[str, Agrees]:
    """Those that the log has columns for; `shuffled` is a category that says nothing, as a check of the method."""
    found: dict[str, Agrees] = {}
    if log.item_category is not None:
        found["category"] = same(log.item_category)
        drawn = np.random.default_rng(1).permutation(log.item_category[1:])
        found["shuffled_category"] = same(np.concatenate([[0], drawn]))
    if log.price_minor is not None:
        found["price"] = near(log.price_minor)
    if name == "eshop":
        found["page"] = same(pages(path, log))
    return found


def measured(
    log: SessionLog, settings: KnnSettings, agrees: dict[str, Agrees], most: int
) -> dict[str, dict[float, dict[str, float]]]:
    """HR@20 and MRR@20 of each signal and weight; popularity fills the lists below every vote."""
    knn, wanted = SessionKnn(log, settings), evenly(instances_for_test(log), most)
    filler = below_one(train_counts(log))
    found: dict[str, dict[float, list[NDArray[np.int64]]]] = {name: {weight: [] for weight in WEIGHTS} for name in agrees}
    for part in chunks(wanted):
        votes, last = knn.score(part), last_items(log, part)
        least = 1e-3 * votes.max(axis=1, keepdims=True) + 1e-12
        votes = votes + least * filler
        for name, agree in agrees.items():
            mask = agree(last)
            for weight in WEIGHTS:
                found[name][weight].append(ranks(np.where(mask, votes * np.float32(1 + weight), votes), part.target))
    return {
        name: {weight: metrics(np.concatenate(rank), 20) for weight, rank in by_weight.items()}
        for name, by_weight in found.items()
    }


def last_items(log: SessionLog, part: Instances) -> NDArray[np.int32]:
    """Last item of each prefix."""
    return log.items[log.offsets[part.session] + part.prefix - 1]


def of_set(name: str, path: Path, most: int) -> dict[str, object]:
    """Without and with each signal, in percent."""
    log = load(path)
    held_out, settings, agrees = validation_cut(log), tune(log, most), signals(name, path, log)
    assert held_out is not None
    chosen = measured(held_out, settings, agrees, most)
    final = measured(log, settings, agrees, most)
    told: dict[str, object] = {"settings": str(settings), "instances": min(most, len(instances_for_test(log)))}
    for signal, by_weight in chosen.items():
        weight = max(WEIGHTS, key=lambda each: sum(by_weight[each].values()))
        without, having = final[signal][0.0], final[signal][weight]
        told["without"] = {key: round(100 * value, 2) for key, value in without.items()}
        told[signal] = {"weight": weight} | {key: round(100 * value, 2) for key, value in having.items()}
    return told


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.signals")
    parser.add_argument("--only", choices=sorted(SETS), action="append")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    most = QUICK_MOST if options.quick else MOST
    publish("signals", {name: of_set(name, SETS[name], most) for name in options.only or SETS})


if __name__ == "__main__":
    main()
