"""Folds: a batch and its plaintexts in, one fixed-width row a report out; and the rows of a whole bucket merged. Pure.

Row of a report, 21 bytes, little-endian:   high u64 ‖ low u64 ‖ message u32 ‖ outcome u8
    high ‖ low: the first 16 bytes of SHA-256(sealed body), its id. message: 0 unless the outcome is COUNTED.

Two rows with one id are one report. That is found when the bucket's rows are merged, at the close, by sorting: it costs the fold
nothing, and neither the order of arrival nor the cut into batches nor which worker folded what can matter (decision 0080).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from contracts import Refusals
from contracts.report import PLAINTEXT_BYTES, REPORT_VERSION

ROW = np.dtype([("high", "<u8"), ("low", "<u8"), ("message", "<u4"), ("outcome", "u1")])
ID_BYTES = 16
_PLAINTEXT = np.dtype([("version", "u1"), ("collection", "u1"), ("zero", ">u2"), ("message", ">u4")])
"""As `contracts.unpack_plaintext`, for many at once; a test holds them together."""
_UNOPENED = bytes(PLAINTEXT_BYTES)

Rows = NDArray[np.void]
"""`ROW`[n]."""


class Outcome(IntEnum):
    """What became of a report."""

    COUNTED = 0
    UNOPENED = 1
    MALFORMED = 2
    OUT_OF_RANGE = 3


@dataclass(frozen=True)
class BucketRules:
    """What the analyzer checks in a bucket."""

    collection: int
    messages: int
    """Messages of the mechanism are 0..messages - 1."""
    minimum_batch: int


@dataclass(frozen=True)
class Merged:
    """A bucket: uint32[n] messages of the reports that count, in no order that means anything, and those that do not."""

    messages: NDArray[np.uint32]
    refusals: Refusals


def report_id(body: bytes) -> bytes:
    """What makes two reports the same report."""
    return hashlib.sha256(body).digest()[:ID_BYTES]


def fold_batch(bodies: Sequence[bytes], plaintexts: Sequence[bytes | None], rules: BucketRules) -> Rows:
    """One row for each body. A plaintext is None where HPKE refused the body."""
    rows = np.zeros(len(bodies), dtype=ROW)
    ids = np.frombuffer(b"".join(map(report_id, bodies)), dtype="<u8").reshape(-1, 2)
    rows["high"], rows["low"] = ids[:, 0], ids[:, 1]
    whole = [text if text is not None and len(text) == PLAINTEXT_BYTES else _UNOPENED for text in plaintexts]
    found = np.frombuffer(b"".join(whole), dtype=_PLAINTEXT)
    well_formed = (found["version"] == REPORT_VERSION) & (found["collection"] == rules.collection) & (found["zero"] == 0)
    in_range = found["message"] < rules.messages
    rows["outcome"] = np.where(well_formed, np.where(in_range, Outcome.COUNTED, Outcome.OUT_OF_RANGE), Outcome.MALFORMED)
    if None in plaintexts:
        rows["outcome"][[text is None for text in plaintexts]] = Outcome.UNOPENED
    rows["message"] = np.where(well_formed & in_range, found["message"], 0)
    return rows


def merge(rows: Rows) -> Merged:
    """Each id once, whatever batches and workers the rows come from."""
    kept = rows[_first_of_each_id(rows)]
    outcomes = np.bincount(kept["outcome"], minlength=len(Outcome)).tolist()
    refusals = Refusals(
        unopened=outcomes[Outcome.UNOPENED], malformed=outcomes[Outcome.MALFORMED],
        out_of_range=outcomes[Outcome.OUT_OF_RANGE], duplicate=len(rows) - len(kept),
    )  # fmt: skip
    return Merged(np.ascontiguousarray(kept["message"][kept["outcome"] == Outcome.COUNTED]), refusals)


def _first_of_each_id(rows: Rows) -> NDArray[np.intp]:
    """Indices of one row for each id. Sorts by half the id; by both where two ids share a half, which chance does not do."""
    high, low = np.ascontiguousarray(rows["high"]), rows["low"]
    order = np.argsort(high)
    same_half = high[order[1:]] == high[order[:-1]]
    if (low[order[1:]][same_half] != low[order[:-1]][same_half]).any():
        order = np.lexsort((low, high))
        same_half = (high[order[1:]] == high[order[:-1]]) & (low[order[1:]] == low[order[:-1]])
    return order[np.concatenate(([True], ~same_half))] if len(order) else order
