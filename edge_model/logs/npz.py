"""Sessions as numpy arrays: `train_items`, `train_offsets`, `test_items`, `test_offsets`, ids from 1, order only."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_model.errors import LogRefused, LogUnreadable
from edge_model.session_log import INT32_MOST, VIEW_ITEM_CODE, LogReport, RawSessions, SessionLog

REQUIRED = ("train_items", "train_offsets", "test_items", "test_offsets")
OPTIONAL = ("min_prefix", "item_category")
SPARSE = 2
"""Highest id for each event read above which the ids count as sparse and are numbered anew."""


def load_npz(path: Path) -> SessionLog:
    """Load the arrays, keep sessions of two events or more. SKUs are the item ids as text."""
    arrays = _read(path)
    _check_names(path, arrays)
    parts = [_part(path, arrays, part) for part in ("train", "test")]
    items = np.concatenate([part[0] for part in parts])
    if len(items) == 0:
        raise LogRefused(f"{path}: every session is empty; give a log with sessions of two events or more.")
    raw = RawSessions(
        items=items.astype(np.int32),
        event_types=np.full(len(items), VIEW_ITEM_CODE, dtype=np.uint8),
        dwell_ms=np.zeros(len(items), dtype=np.int32),
        offsets=np.concatenate([parts[0][1], parts[1][1][1:] + len(parts[0][0])]),
        train_count=len(parts[0][1]) - 1,
    )
    categories = _categories(path, arrays, int(items.max()))
    ids = np.arange(1, int(items.max()) + 1) if items.max() <= SPARSE * len(items) else np.unique(items)
    if len(ids) != items.max():
        raw = replace(raw, items=(np.searchsorted(ids, items) + 1).astype(np.int32))
    empty = int((np.diff(raw.offsets) == 0).sum())
    cleaned, short = raw.restrict(np.ones(len(items), dtype=np.bool_))
    report = LogReport(
        source=path.name,
        rows_read=len(items),
        split="as given in the file",
        dropped=(("empty sessions", empty), ("sessions of a single event", short - empty)),
        notes=("The file holds order only: every event is view_item, without dwell.",),
    )
    return SessionLog(
        name=path.parent.name + "/" + path.name if path.parent.name else path.name,
        items=cleaned.items,
        event_types=cleaned.event_types,
        dwell_ms=cleaned.dwell_ms,
        offsets=cleaned.offsets,
        train_count=cleaned.train_count,
        skus=tuple(map(str, ids.tolist())),
        report=report,
        min_prefix=_min_prefix(path, arrays),
        item_category=None if categories is None else categories[np.concatenate([[0], ids])],
    ).check()


def _read(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error, AttributeError) as error:
        raise LogUnreadable(
            f"{path}: not a readable .npz file, it may be truncated ({str(error).splitlines()[0][:80]}); fetch it again."
        ) from None


def _check_names(path: Path, arrays: dict[str, NDArray[Any]]) -> None:
    missing = [name for name in REQUIRED if name not in arrays]
    if missing:
        raise LogRefused(f"{path}: array {', '.join(missing)} is missing, got {', '.join(sorted(arrays)) or 'none'}; it needs "
                         f"{', '.join(REQUIRED)}.")  # fmt: skip
    unknown = sorted(set(arrays) - set(REQUIRED) - set(OPTIONAL))
    if unknown:
        raise LogRefused(f"{path}: array {', '.join(unknown)} is not known; remove or rename it. Known beside the required ones: "
                         f"{', '.join(OPTIONAL)}.")  # fmt: skip
    for name in (*REQUIRED, *(set(OPTIONAL) & set(arrays))):
        if arrays[name].dtype.kind not in "iu":
            raise LogRefused(f"{path}: {name} holds {arrays[name].dtype}, want integers.")


def _part(path: Path, arrays: dict[str, NDArray[Any]], part: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    items, offsets = arrays[f"{part}_items"], arrays[f"{part}_offsets"]
    if items.ndim != 1 or offsets.ndim != 1 or len(offsets) == 0:
        raise LogRefused(f"{path}: {part}_items and {part}_offsets must have one dimension, and the offsets start with 0.")
    if offsets[0] != 0 or offsets[-1] != len(items) or np.any(np.diff(offsets.astype(np.int64)) < 0):
        raise LogRefused(
            f"{path}: {part}_offsets must rise from 0 to the {len(items)} entries of {part}_items, got "
            f"{offsets[0]} to {offsets[-1]}; the file may be cut or mixed up."
        )
    if len(items) and (items.min() < 1 or items.max() > INT32_MOST):
        raise LogRefused(
            f"{path}: {part}_items has ids from {items.min()} to {items.max()}, want 1 to {INT32_MOST}; number the items from 1."
        )
    return items.astype(np.int64), offsets.astype(np.int64)


def _min_prefix(path: Path, arrays: dict[str, NDArray[Any]]) -> int:
    if "min_prefix" not in arrays:
        return 1
    if arrays["min_prefix"].size != 1 or int(arrays["min_prefix"].reshape(())) < 1:
        raise LogRefused(f"{path}: min_prefix must be one number of at least 1.")
    return int(arrays["min_prefix"].reshape(()))


def _categories(path: Path, arrays: dict[str, NDArray[Any]], count: int) -> NDArray[np.int32] | None:
    """`item_category[item]`; values below 1 become 0, unknown."""
    if "item_category" not in arrays:
        return None
    given = arrays["item_category"]
    if given.ndim != 1 or len(given) < count + 1:
        raise LogRefused(
            f"{path}: item_category has {len(given)} entries, want one for each item id up to {count}, and one for 0."
        )
    categories: NDArray[np.int32] = np.maximum(given[: count + 1], 0).astype(np.int32)
    return categories
