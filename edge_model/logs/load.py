"""Open a session log by the kind of file that it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from edge_model.errors import LogRefused, LogUnreadable
from edge_model.logs.formats import LAYOUTS, NAMES, NPZ, detect
from edge_model.logs.npz import load_npz
from edge_model.logs.table import load_table
from edge_model.session_log import SessionLog


def load(path: Path | str, layout: str | None = None, idle_gap_s: float | None = None) -> SessionLog:
    """Read a log; the ending of the name and the first line say which kind, or `layout`, one of `formats.NAMES`.

    - `npz`: train_items, train_offsets, test_items, test_offsets; order only, split as given.
    - tables: one row an event, see `formats`; split by time. `idle_gap_s` cuts sessions after so long without an event.

    Raises `LogUnreadable` or `LogRefused`, each with one sentence.
    """
    path = Path(path)
    if not path.is_file():
        raise LogUnreadable(f"{path}: there is no such file; check the path.")
    if path.stat().st_size == 0:
        raise LogUnreadable(f"{path}: the file has 0 bytes; fetch it again.")
    if layout is not None and layout not in NAMES:
        raise LogRefused(f"format {layout!r} is not known; want one of {', '.join(NAMES)}.")
    kind = layout or detect(path)
    if kind != NPZ:
        return with_unseen(load_table(path, LAYOUTS[kind], idle_gap_s))
    if idle_gap_s is not None:
        raise LogRefused(f"{path}: an .npz log holds order only, no times, so sessions cannot be cut after an idle gap.")
    return with_unseen(load_npz(path))


def with_unseen(log: SessionLog) -> SessionLog:
    """The report says how many test events are of items that no train session holds: no method can learn those."""
    seen = np.zeros(log.item_count + 1, dtype=np.bool_)
    seen[log.items[: log.train_events()]] = True
    tested = log.items[log.train_events() :]
    unseen = ~seen[tested]
    if not unseen.any():
        return log
    note = (
        f"{int(unseen.sum()):,} of {len(tested):,} test events are of {len(np.unique(tested[unseen])):,} items that no train "
        "session holds; they stay in the test set and count as misses."
    )
    return replace(log, report=replace(log.report, notes=(*log.report.notes, note)))
