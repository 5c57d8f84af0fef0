"""Reports accepted for 1,000 visitors under the real sets' session lengths: `python3 noxfile.py -s bench -- report_yield`.

One-time share 60 %, consent 50 %, the others come three times in epochs of their own (the sets do not know returning visitors:
stated, not measured). The logs hold no times either: seconds a page are drawn from an exponential law, its mean given for three
values. They hold no sessions of a single page: the yield of a shop whose visitors mostly bounce is lower.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from benchmarks.result import publish
from edge_model import load
from privacy.yields import Visitors, Yield, report_yield, stays_of

DATA = Path(os.environ.get("INTENTLY_DATA", "../shared/data"))
SETS = {
    "diginetica": "diginetica/sessions.npz", "retailrocket": "retailrocket/sessions.npz", "eshop": "eshop/events.parquet",
}  # fmt: skip
PAGE_S = (15.0, 30.0, 60.0)
VISITORS = 1_000


def yield_of(log: Path, page_s: float) -> Yield:
    """Reports of `VISITORS` visitors whose sessions have the lengths of a log's; `page_s`: mean seconds a page."""
    rng = np.random.default_rng(1)
    pages = np.diff(load(log).offsets)
    return report_yield(VISITORS, stays_of(pages, lambda n: rng.exponential(page_s, n)), Visitors())


def main() -> None:
    figures: dict[str, dict[str, float]] = {}
    for name, file in SETS.items():
        if not (DATA / file).exists():
            print(f"{name}: not at {DATA}; skipped")
            continue
        for mean in PAGE_S:
            found = yield_of(DATA / file, mean)
            figures.setdefault(name, {})[f"{mean:g} s a page"] = round(found.reports, 1)
            print(
                f"  {name}, {mean:g} s a page: {found.stayed:.0%} of visits last until the draw, {found.reports:.0f} reports of "
                f"{VISITORS} visitors, {found.per_visitor:.2f} each; {found.per_visit:.2f} in an epoch that one comes in"
            )
    publish("report_yield", {"report_yield": figures})


if __name__ == "__main__":
    main()
