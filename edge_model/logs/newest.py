"""Make a log small enough for a demo."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge_model.session_log import RawSessions, SessionLog


def newest(log: SessionLog, sessions: int = 20_000, items: int = 5_000) -> SessionLog:
    """The newest `sessions` train sessions, all test sessions, and of them the events of the `items` most seen.

    Items are counted in the kept train sessions and numbered anew, most seen first (ties: lower index first), so that index
    1 is the most popular. Sessions that fall below two events are dropped. The report says what was left out. A log within
    both limits is returned as it is.
    """
    if log.train_count <= sessions and log.item_count <= items:
        return log
    skipped = max(0, log.train_count - sessions)
    begin = int(log.offsets[skipped])
    raw = RawSessions(
        items=log.items[begin:],
        event_types=log.event_types[begin:],
        dwell_ms=log.dwell_ms[begin:],
        offsets=log.offsets[skipped:] - begin,
        train_count=log.train_count - skipped,
    )
    seen = np.bincount(raw.items[: raw.offsets[raw.train_count]], minlength=log.item_count + 1)
    ranked = np.argsort(-seen[1:], kind="stable")[:items] + 1
    ranked = ranked[seen[ranked] > 0]
    renumber = np.zeros(log.item_count + 1, dtype=np.int32)
    renumber[ranked] = np.arange(1, len(ranked) + 1)
    cut, short = raw.restrict(renumber[raw.items] > 0)
    columns = np.concatenate([[0], ranked])
    note = (
        f"Made small: the newest {raw.train_count:,} of {log.train_count:,} train sessions and the {len(ranked):,} most seen of "
        f"{log.item_count:,} items; {len(raw.items) - len(cut.items):,} events and {short:,} sessions that this leaves too "
        f"short are gone, {cut.train_count:,} train and {len(cut.offsets) - 1 - cut.train_count:,} test sessions remain."
    )
    return replace(
        log,
        items=renumber[cut.items],
        event_types=cut.event_types,
        dwell_ms=cut.dwell_ms,
        offsets=cut.offsets,
        train_count=cut.train_count,
        skus=tuple(log.skus[item - 1] for item in ranked),
        item_category=None if log.item_category is None else log.item_category[columns],
        price_minor=None if log.price_minor is None else log.price_minor[columns],
        report=replace(log.report, notes=(*log.report.notes, note)),
    ).check()
