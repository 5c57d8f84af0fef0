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
from privacy.yields import Visitors, report_yield, stays_of

DATA = Path(os.environ.get("INTENTLY_DATA", "../shared/data"))
SETS = {
    "diginetica": "diginetica/sessions.npz", "retailrocket": "retailrocket/sessions.npz", "eshop": "eshop/events.parquet",
}  # fmt: skip
PAGE_S = (15.0, 30.0, 60.0)
VISITORS = 1_000


def main() -> None:
    figures: dict[str, dict[str, float]] = {}
    for name, file in SETS.items():
        if not (DATA / file).exists():
            print(f"{name}: not at {DATA}; skipped")
            continue
        pages = np.diff(load(DATA / file).offsets)
        for mean in PAGE_S:
            rng = np.random.default_rng(1)
            found = report_yield(VISITORS, stays_of(pages, lambda n, m=mean, r=rng: r.exponential(m, n)), Visitors())
            figures.setdefault(name, {})[f"{mean:g} s a page"] = round(found.reports, 1)
            print(
                f"  {name}, {np.mean(pages):.1f} pages of {mean:g} s: {found.stayed:.0%} of visits last until the draw, "
                f"{found.reports:.0f} reports of {VISITORS} visitors, {found.per_visitor:.2f} each"
            )
    publish("report_yield", {"report_yield": figures})


if __name__ == "__main__":
    main()
