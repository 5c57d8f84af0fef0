"""What is predicted from what: prefixes of sessions and the item that came next."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from contracts import FeatureSpec
from edge_model.features import Columns, Int32, columns
from edge_model.session_log import VIEW_ITEM_CODE, SessionLog

Int64 = NDArray[np.int64]


def columns_of(spec: FeatureSpec, log: SessionLog) -> Columns:
    """The log's events, encoded once."""
    return columns(spec, log.items, log.event_types, log.dwell_ms, log.offsets)


@dataclass(frozen=True)
class Instances:
    """Instance n: from the first `prefix[n]` events of session `session[n]` predict `target[n]`, the item viewed next."""

    session: Int64
    prefix: Int64
    target: Int32

    def __len__(self) -> int:
        return len(self.target)

    def part(self, first: int, last: int) -> Instances:
        """Instances first..last-1."""
        return Instances(self.session[first:last], self.prefix[first:last], self.target[first:last])

    def newest(self, most: int) -> Instances:
        """The last `most` instances."""
        return Instances(self.session[-most:], self.prefix[-most:], self.target[-most:])


def instances(log: SessionLog, first: int, last: int) -> Instances:
    """Instances of sessions first..last-1: each event after `min_prefix` others that is a view of an item.

    Only views are targets: that a shopper puts the item just viewed into the cart is no recommendation.
    """
    begin, end = int(log.offsets[first]), int(log.offsets[last])
    session = np.repeat(np.arange(first, last), np.diff(log.offsets[first : last + 1]))
    prefix = np.arange(begin, end) - log.offsets[session]
    wanted = (prefix >= log.min_prefix) & (log.event_types[begin:end] == VIEW_ITEM_CODE)
    return Instances(session[wanted], prefix[wanted], log.items[begin:end][wanted])


def instances_for_test(log: SessionLog) -> Instances:
    """Instances of the test sessions."""
    return instances(log, log.train_count, log.session_count)


VALIDATION_SHARE = 0.05
"""Newest share of the train sessions on which choices are made; the test set is for the end."""


def validation_cut(log: SessionLog, share: float = VALIDATION_SHARE) -> SessionLog | None:
    """The log of its train sessions alone, the newest `share` of them as test sessions; None where either part would be empty."""
    held_out = round(log.train_count * share)
    end = log.train_events()
    if held_out < 1 or held_out >= log.train_count:
        return None
    return replace(
        log,
        items=log.items[:end],
        event_types=log.event_types[:end],
        dwell_ms=log.dwell_ms[:end],
        offsets=log.offsets[: log.train_count + 1],
        train_count=log.train_count - held_out,
        report=replace(log.report, split=f"newest {share:.0%} of the train sessions as validation set"),
    )
