"""A teacher for the session model: what the tuned session-kNN would recommend after each prefix of a train session.

The student's target is, in part, the teacher's votes divided by their sum instead of the item that came next (distillation with
soft labels, Hinton et al. 2015). Cross-entropy is linear in its target, so a few items drawn by their votes stand for all of
them without bias, and no list of votes is kept: a prefix has `LESSONS` items, drawn systematically, so that an item with the
share s of the votes is there s * `LESSONS` times, rounded up or down.

The session that a prefix is from never votes for it (`SessionKnn`): its next items are the answer itself. Sessions that are
held out do not vote either, so that the epoch chosen on them is chosen honestly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from edge_model.baselines.ranker import chunks
from edge_model.baselines.session_knn import SessionKnn
from edge_model.baselines.tuning import tune
from edge_model.features import Int32
from edge_model.instances import instances
from edge_model.session_log import SessionLog
from edge_model.weights import Float32

LESSONS = 32
"""Items drawn for a prefix: 128 bytes an event of the log."""
CHUNK = 32
"""Prefixes scored at once: with so few the votes for all items stay in the cache."""

OFTEN = 64
"""Chunks between two reports of progress."""


def lessons(log: SessionLog, known: int, seed: int, go_on: Callable[[float], bool]) -> Int32:
    """int32[events of sessions 0..known-1, LESSONS]: for each event, items by the teacher's votes after the events before it; 0
    where there are none.

    `go_on` is called now and then with the share done and says whether to; the newest sessions come first. About 0.2 ms a
    prefix.
    """
    teacher = SessionKnn(log := replace(log, train_count=known), tune(log))
    rng, wanted = np.random.default_rng(seed), instances(log, 0, known)
    found, parts = np.zeros((log.train_events(), LESSONS), np.int32), list(chunks(wanted, CHUNK))
    for number, part in enumerate(reversed(parts)):
        if number % OFTEN == 0 and not go_on(number / len(parts)):
            break
        found[log.offsets[part.session] + part.prefix] = drawn(teacher.score(part), rng)
    return found


def drawn(votes: Float32, rng: np.random.Generator) -> Int32:
    """int32[n, LESSONS] items by their share of each row of `votes` float32[n, items], in order; 0 where all votes are 0."""
    row, column = np.nonzero(votes)
    reach = np.concatenate([[0.0], np.cumsum(votes[row, column], dtype=np.float64)])
    ends = reach[np.searchsorted(row, np.arange(len(votes) + 1))]
    steps = (np.arange(LESSONS) + rng.random((len(votes), 1))) / LESSONS
    at = np.searchsorted(reach[1:], ends[:-1, None] + steps * np.diff(ends)[:, None])
    items = np.append(column + 1, 0)[at.clip(max=len(column) - 1)]
    return np.where(np.diff(ends)[:, None] > 0, items, 0).astype(np.int32)


def some(lessons: Int32, count: int, rng: np.random.Generator) -> Int32:
    """`count` of the items of each row, evenly spaced: they stand for the votes as all of them do."""
    return lessons[:, rng.integers(LESSONS // count) :: LESSONS // count][:, :count]
