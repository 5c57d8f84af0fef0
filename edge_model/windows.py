"""Train sessions as padded windows, packed into batches with about the same number of targets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from contracts import FeatureSpec
from edge_model.features import Int32
from edge_model.instances import Int64, columns_of
from edge_model.session_log import VIEW_ITEM_CODE, SessionLog

SHORT = 6
"""Windows up to so many events are batched apart from the longer ones; most sessions are short."""


@dataclass(frozen=True)
class Windows:
    """W windows of at most T events; target[w, t] is the item viewed right after event t, 0 where there is none."""

    inputs: dict[str, Int32]
    """int32 [W, T] each, dwell buckets of every event as if none were the last."""
    target: Int32
    event: Int64
    """int64 [W, T], where in the log that item stands."""

    def __len__(self) -> int:
        return len(self.target)


@dataclass(frozen=True)
class Batch:
    """Fixed shapes, so that a step is compiled once for each T: B windows [B, T], M targets at (row, column)."""

    inputs: dict[str, Int32]
    row: Int32
    column: Int32
    target: Int32
    """[M], 0 where unused."""
    event: Int64
    """[M], where in the log the target stands."""


def windows(spec: FeatureSpec, log: SessionLog, first: int, last: int) -> list[Windows]:
    """Windows of sessions first..last-1, short ones and long ones apart.

    A session of more than `length` + 1 events becomes windows that overlap by half; in the second and later ones only the
    second half has targets, so there a target is predicted from length / 2 to length events.
    """
    encoded = columns_of(spec, log)
    views = log.event_types == VIEW_ITEM_CODE
    begin, end = encoded.offsets[first:last], encoded.offsets[first + 1 : last + 1]
    starts, skips = [begin], [np.zeros(len(begin), np.int64)]
    half = max(1, spec.length // 2)
    while np.any(more := starts[-1] + spec.length + 1 < end):
        begin, end = starts[-1][more] + half, end[more]
        starts.append(begin)
        skips.append(np.full(len(begin), spec.length - half))
    ends = encoded.offsets[first + 1 : last + 1]
    all_starts, all_skips = np.concatenate(starts), np.concatenate(skips)
    all_ends = ends[np.searchsorted(ends, all_starts, side="right")]
    sizes = np.minimum(all_ends - all_starts - 1, spec.length)  # events that have a next one
    groups = [(sizes >= 1) & (sizes <= SHORT), sizes > SHORT]
    widths = [min(SHORT, spec.length), spec.length]
    return [
        _cut(encoded.inputs, views, all_starts[chosen], sizes[chosen], all_skips[chosen], width)
        for chosen, width in zip(groups, widths, strict=True)
        if chosen.any()
    ]


def _cut(inputs: dict[str, Int32], views: np.ndarray, starts: Int64, sizes: Int64, skips: Int64, width: int) -> Windows:
    steps = np.arange(width)
    inside = steps < sizes[:, None]  # [W, T]
    at = np.where(inside, starts[:, None] + steps, 0)
    following = np.where(inside, at + 1, 0)
    has_target = inside & (steps >= skips[:, None]) & views[following]
    return Windows(
        inputs={name: np.where(inside, column[at], 0).astype(np.int32) for name, column in inputs.items()},
        target=np.where(has_target, inputs["item"][following], 0).astype(np.int32),
        event=following,
    )


def batches(groups: list[Windows], targets: int, rng: np.random.Generator) -> Iterator[Batch]:
    """Every window once, in random order, about `targets` targets a batch."""
    plans: list[tuple[Windows, int, Int64]] = []
    for group in groups:
        rows = rows_for(group, targets)
        order = rng.permutation(len(group))
        counts = np.cumsum((group.target[order] > 0).sum(axis=1))
        number = counts // max(1, targets - group.target.shape[1])  # leaves room for the window that crosses the line
        for part in np.split(order, np.flatnonzero(np.diff(number)) + 1):
            plans += [(group, rows, part[at : at + rows]) for at in range(0, len(part), rows)]
    for n in rng.permutation(len(plans)):
        group, rows, chosen = plans[n]
        yield _batch(group, rows, chosen, targets)


def rows_for(group: Windows, targets: int) -> int:
    """Windows that a batch has room for: those that hold `targets` on average and a tenth, in steps of 16, so that two parts of
    one log share a compiled step."""
    mean = max(1.0, float((group.target > 0).sum(axis=1).mean()))
    return -(-int(1.1 * targets / mean) // 16) * 16 or 16


def _batch(group: Windows, rows: int, chosen: Int64, targets: int) -> Batch:
    target = group.target[chosen]
    row, column = np.nonzero(target)
    pad = targets - len(row)
    return Batch(
        inputs={name: np.pad(values[chosen], ((0, rows - len(chosen)), (0, 0))) for name, values in group.inputs.items()},
        row=np.pad(row, (0, pad)).astype(np.int32),
        column=np.pad(column, (0, pad)).astype(np.int32),
        target=np.pad(target[row, column], (0, pad)).astype(np.int32),
        event=np.pad(group.event[chosen][row, column], (0, pad)),
    )
