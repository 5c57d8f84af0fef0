"""Pool quality on real sessions in time order: `python3 noxfile.py -s bench -- pools [--quick]`.

For each log: recall and probability mass of the true 500 most viewed items, and hit@100 of the next click, of the pool without
counts, of the true shares, of the shop's own access log with a share of views hidden from it, of private reports by epsilon and
reports an epoch, one epoch alone and seven smoothed; how often the 95 % intervals cover, and the false entries (stated: 0.5).
`reports_per_visitor` links an epoch's reports to the visitors of that epoch, as `-s bench -- report_yield` measures it
on the same log (consent 50 %, 30 s a page), times the share of reports that count items. `visitors` stands beside every figure.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from aggregator.pools import PoolRules
from benchmarks.report_yield import yield_of
from benchmarks.result import publish
from edge_model import load
from intently.simulator.pool_quality import Judge, Market, log_quality, private_quality, without_counts, without_privacy

DATA = Path(os.environ.get("INTENTLY_DATA", "../shared/data"))
LOGS = ("diginetica", "diginetica_categories")
EPSILONS, REPORTS, HIDDEN, EPOCHS = (4, 6, 8), (10**4, 10**5, 10**6), (0.0, 0.5, 0.9), {"one": 1, "seven": 7}
PAGE_S = 30.0
ITEM_SHARE = 3 / 4
"""Of an epoch's reports by default (intently/configuration.py)."""
SEED = 20261125


def measure(path: Path, reports: tuple[int, ...]) -> dict[str, Any]:
    rules, rng = PoolRules(new_room=0), np.random.default_rng(SEED)
    judge = Judge.of(Market.of(load(path), rules))
    figures: dict[str, Any] = {
        "without_counts": without_counts(judge).model_dump(), "without_privacy": without_privacy(judge).model_dump(),
        "access_log": {}, "private": {}, "log_alone_is_better": [],
    }  # fmt: skip
    each = yield_of(path, PAGE_S).per_visit * ITEM_SHARE
    figures["reports_per_visitor"] = round(each, 4)
    for count in reports:
        visitors = round(count / each)
        logs = {hidden: log_quality(judge, visitors, hidden, 1, rng) for hidden in HIDDEN}
        for hidden, found in logs.items():
            figures["access_log"][f"{hidden:g}@{count}"] = {"visitors": visitors, **found.model_dump()}
        for epsilon in EPSILONS:
            for name, epochs in EPOCHS.items():
                began = time.perf_counter()
                pool = private_quality(judge, epsilon, count, epochs, rules, rng)
                figures["private"].setdefault(f"{epsilon}@{count}", {"visitors": visitors})[name] = pool.model_dump()
                print(f"{path.parent.name} {epsilon}@{count} {name}: {pool} {time.perf_counter() - began:.1f} s", file=sys.stderr)
            better = [hidden for hidden in HIDDEN if logs[hidden].recall >= pool.recall]
            figures["log_alone_is_better"] += [f"{epsilon}@{count}, {hidden:.0%} hidden" for hidden in better]
    return figures


def main() -> int:
    logs = [DATA / name / "sessions.npz" for name in LOGS]
    missing = [str(path) for path in logs if not path.is_file()]
    if missing:
        print(f"benchmarks.pools: no {', '.join(missing)}; set INTENTLY_DATA to the folder of the logs", file=sys.stderr)
        return 2
    reports = REPORTS[:2] if "--quick" in sys.argv else REPORTS
    publish("pools", {path.parent.name: measure(path, reports) for path in logs})
    return 0


if __name__ == "__main__":
    sys.exit(main())
