"""Canaries: made-up sessions planted among the train sessions. A model that finds them likelier than sessions made up in the same
way and not planted has remembered single sessions (Carlini, Liu, Erlingsson, Kos and Song, "The Secret Sharer", USENIX Security
2019, section 4: exposure = log2 |R| - log2 rank)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from contracts.record import Record
from edge_model.audit.likelihood import session_log_likelihood
from edge_model.errors import LogRefused
from edge_model.run_onnx import OnnxScorer
from edge_model.session_log import VIEW_ITEM_CODE, SessionLog

UNPLANTED_EXPOSURE = 1.4427
"""Mean exposure of a session that was not planted: -log2 of a uniform rank has mean and standard deviation 1 / ln 2."""


class Canaries(Record):
    """Which canaries were planted; the sessions themselves follow from this and the log's items."""

    seed: int = 101
    count: int = Field(default=48, ge=1)
    length: int = Field(default=6, ge=2, description="views of a canary, each of an item drawn uniformly from the seen ones")


def plant(log: SessionLog, canaries: Canaries) -> SessionLog:
    """The log with the canaries spread over its oldest 90 % of train sessions, each once."""
    rows = made_up(log, canaries.seed, canaries.count, canaries.length)
    places = np.linspace(0, int(0.9 * log.train_count), canaries.count).astype(np.int64)  # a canary stands ahead of that session
    at = np.repeat(log.offsets[places], canaries.length)
    lengths = np.insert(np.diff(log.offsets), places, canaries.length)
    note = f"{canaries.count} made-up sessions of {canaries.length} views were planted among the train sessions for the audit."
    return replace(
        log,
        items=np.insert(log.items, at, rows.reshape(-1)),
        event_types=np.insert(log.event_types, at, VIEW_ITEM_CODE),
        dwell_ms=np.insert(log.dwell_ms, at, 0),
        offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        train_count=log.train_count + canaries.count,
        report=replace(log.report, notes=(*log.report.notes, note)),
    )


def made_up(log: SessionLog, seed: int, count: int, length: int) -> NDArray[np.int32]:
    """int32 [count, length]: items drawn uniformly, without order or sense, from those that train sessions hold."""
    seen = np.unique(log.items[: log.train_events()])
    if len(seen) < 2:
        raise LogRefused(f"{log.name}: canaries need two or more items in the train sessions, got {len(seen)}.")
    return np.random.default_rng(seed).choice(seen, (count, length)).astype(np.int32)


def exposures(scorer: OnnxScorer, log: SessionLog, canaries: Canaries, others: int) -> NDArray[np.float64]:
    """Exposure in bits of each canary among `others` sessions made up in the same way, from 0 to log2(others + 1)."""
    planted = _likelihood(scorer, log, made_up(log, canaries.seed, canaries.count, canaries.length))
    against = _likelihood(scorer, log, made_up(log, canaries.seed + 1, others, canaries.length))
    rank = 1 + (against[None] >= planted[:, None]).sum(axis=1)
    found: NDArray[np.float64] = np.log2(others + 1) - np.log2(rank)
    return found


def _likelihood(scorer: OnnxScorer, log: SessionLog, rows: NDArray[np.int32]) -> NDArray[np.float64]:
    count, length = rows.shape
    held = replace(
        log,
        items=rows.reshape(-1),
        event_types=np.full(rows.size, VIEW_ITEM_CODE, np.uint8),
        dwell_ms=np.zeros(rows.size, np.int32),
        offsets=np.arange(0, rows.size + 1, length, dtype=np.int64),
        train_count=count,
        min_prefix=1,
    )
    return session_log_likelihood(scorer, held, 0, count)
