"""`--private`: items that few sessions hold leave no trace of their own in the model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edge_model.errors import LogRefused
from edge_model.session_log import RawSessions, SessionLog
from edge_model.training import Trained

LEAST_SESSIONS = 20
"""Train sessions below which an item gets only its category's vector."""


def sessions_with(log: SessionLog) -> NDArray[np.int64]:
    """In how many train sessions each item occurs, int64 [items + 1]."""
    session = np.repeat(np.arange(log.train_count), np.diff(log.offsets[: log.train_count + 1]))
    pairs = np.unique(session * (log.item_count + 1) + log.items[: log.train_events()])
    return np.bincount(pairs % (log.item_count + 1), minlength=log.item_count + 1).astype(np.int64)


def without_rare(log: SessionLog, least: int = LEAST_SESSIONS) -> SessionLog:
    """The log without the train events of items in fewer than `least` train sessions; test sessions stay whole.

    The training then learns nothing of these items, and gives them what it gives to any item without sessions.
    """
    rare = sessions_with(log) < least
    train = np.arange(len(log.items)) < log.train_events()
    raw = RawSessions(log.items, log.event_types, log.dwell_ms, log.offsets, log.train_count)
    kept, short = raw.restrict(~(train & rare[log.items]))
    if kept.train_count < 2:
        raise LogRefused(
            f"{log.name}: hardly any item is in {least} train sessions or more, so nothing is left to learn from; "
            "give a larger log, or train without --private."
        )
    dropped = (
        (f"train events of items in fewer than {least} train sessions", int((train & rare[log.items]).sum())),
        ("train sessions that this leaves with fewer than two events", short),
    )
    return replace(
        log,
        items=kept.items,
        event_types=kept.event_types,
        dwell_ms=kept.dwell_ms,
        offsets=kept.offsets,
        train_count=kept.train_count,
        report=replace(log.report, dropped=(*log.report.dropped, *dropped)),
    )


def unknown_for_unseen(trained: Trained, log: SessionLog) -> Trained:
    """Items that no train session holds and that have no category get the unknown item's vector in place of random numbers."""
    unseen = np.bincount(log.items[: log.train_events()], minlength=log.item_count + 1) == 0
    if log.item_category is not None:
        unseen &= log.item_category == 0
    items = np.where(unseen[:, None], trained.weights["item"][0], trained.weights["item"])
    return replace(trained, weights=trained.weights | {"item": items})
