"""From a table of events to a `SessionLog`: parse each column, sort, cut after idle gaps, number the items, split by time."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from contracts import EventType
from edge_model.errors import LogRefused
from edge_model.features import EVENT_TYPES
from edge_model.session_log import INT32_MOST, LogReport, RawSessions, SessionLog

TEST_SHARE = 0.1
"""Share of the log's days (of its sessions, where it spans fewer than ten days) that is the test set."""
MILLISECONDS_FROM = 10**11
"""Numbers of this size and above are milliseconds since 1970 (from March 1973), smaller ones seconds."""
DAY_MS = 86_400_000


def session_log(
    path: Path, table: pl.DataFrame, ignored: list[str], idle_gap_s: float | None = None, notes: tuple[str, ...] = ()
) -> SessionLog:
    """Rows with a session and an item become events, in order of time within the session and of first event between them.

    With `idle_gap_s` a session ends where so many seconds pass without an event, and another begins.
    """
    whole = table.with_row_index("row").filter(_filled("session") & _filled("item"))
    if whole.height == 0:
        raise LogRefused(f"{path}: no row has both a session and an item; every session is empty.")
    frame = whole.select(
        pl.col("row"),
        pl.col("session").cast(pl.String),
        pl.col("item").cast(pl.String),
        _time_ms(path, whole).alias("time"),
        (pl.lit(0, pl.Int64) if "time" in whole.columns else pl.lit(_whole_number(path, whole, "order"))).alias("order"),
        _event_codes(path, whole).alias("code"),
        _dwell(path, whole).alias("dwell"),
        *(pl.col(name) for name in ("category", "price") if name in whole.columns),
    )
    if idle_gap_s is not None:
        frame, note = _cut_after_gaps(path, frame, "time" in whole.columns, idle_gap_s)
        notes = (*notes, note)
    starts = pl.col("time").min().over("session").alias("start"), pl.col("row").min().over("session").alias("first")
    frame = frame.with_columns(starts).sort("start", "first", "time", "order", "row")
    return _from_sorted(path, frame, table.height - whole.height, ignored, notes)


def _cut_after_gaps(path: Path, frame: pl.DataFrame, has_time: bool, gap_s: float) -> tuple[pl.DataFrame, str]:
    """Sessions numbered anew, and what was done in words."""
    if not has_time:
        raise LogRefused(f"{path}: the log has days only, no times, so sessions cannot be cut after an idle gap.")
    if not 0 < gap_s < math.inf:
        raise LogRefused(f"the idle gap is {gap_s} seconds, want more than 0.")
    ordered = frame.sort("session", "time", "order", "row")
    breaks = ((pl.col("time").diff() > gap_s * 1000) | (pl.col("session") != pl.col("session").shift())).fill_null(True)
    cut = ordered.with_columns(breaks.cum_sum().cast(pl.String).alias("session"))
    before, after = frame["session"].n_unique(), cut["session"].n_unique()
    return cut, f"Cut after {gap_s:g} s without an event: {before:,} sessions became {after:,}."


def _from_sorted(
    path: Path, frame: pl.DataFrame, unfilled: int, ignored: list[str], more_notes: tuple[str, ...] = ()
) -> SessionLog:
    read, frame, train, split, leaking = frame.height, *_without_leakage(frame)
    lengths = frame.group_by("session", maintain_order=True).agg(pl.len())
    offsets = np.concatenate([[0], np.cumsum(lengths["len"].to_numpy())]).astype(np.int64)
    skus = frame["item"].unique(maintain_order=True)
    index = pl.DataFrame({"item": skus, "index": np.arange(1, len(skus) + 1, dtype=np.int32)})
    raw = RawSessions(
        items=frame.join(index, on="item", how="left", maintain_order="left")["index"].to_numpy(),
        event_types=frame["code"].to_numpy().astype(np.uint8),
        dwell_ms=frame["dwell"].to_numpy().astype(np.int32),
        offsets=offsets,
        train_count=train,
    )
    cleaned, short = raw.restrict(np.ones(len(raw.items), dtype=np.bool_))
    codes, names = _categories(frame, raw.items, len(skus))
    notes = (
        *(["No column `event`: every row is view_item."] if frame["code"].n_unique() == 1 else []),
        *([f"Columns not used: {', '.join(ignored)}."] if ignored else []),
        *more_notes,
    )
    report = LogReport(
        source=path.name,
        rows_read=read + unfilled,
        split=split,
        dropped=(
            ("rows without a session or an item", unfilled),
            ("sessions that begin before the test period and end in it, so that training would see it", leaking),
            ("sessions of a single event", short),
        ),
        notes=notes,
    )
    return SessionLog(
        name=path.parent.name + "/" + path.name if path.parent.name else path.name,
        items=cleaned.items,
        event_types=cleaned.event_types,
        dwell_ms=cleaned.dwell_ms,
        offsets=cleaned.offsets,
        train_count=cleaned.train_count,
        skus=tuple(skus.to_list()),
        report=report,
        item_category=codes,
        category_names=names,
        price_minor=_prices(path, frame, raw.items, len(skus)),
    ).check()


def _without_leakage(frame: pl.DataFrame) -> tuple[pl.DataFrame, int, str, int]:
    """Events but those of train sessions that reach into the test period; number of train sessions, the rule, how many went."""
    sessions = frame.group_by("session", maintain_order=True).agg(pl.col("start").first(), pl.col("time").max().alias("end"))
    train, split = _split(sessions["start"].to_numpy())
    if train in (0, sessions.height):
        return frame, train, split, 0
    test_begins = int(sessions["start"][train])
    leaks = (sessions["end"] >= test_begins) & (pl.int_range(sessions.height, eager=True) < train)
    if not leaks.any():
        return frame, train, split, 0
    kept = frame.join(sessions.filter(leaks).select("session"), on="session", how="anti", maintain_order="left")
    return kept, train - int(leaks.sum()), split, int(leaks.sum())


def _filled(name: str) -> pl.Expr:
    return pl.col(name).is_not_null() & (pl.col(name).cast(pl.String).str.strip_chars() != "")


def _refuse(path: Path, table: pl.DataFrame, name: str, bad: pl.Series, want: str) -> None:
    """`LogRefused` naming the first row that `bad` marks (the header is line 1)."""
    if bad.any():
        at = int(bad.arg_max() or 0)
        value, line = table[name][at], table["row"][at] + 2
        raise LogRefused(
            f"{path}: column {name} holds {str(value)[:40]!r} in line {line}, want {want}; {int(bad.sum())} rows are so."
        )


def _whole_number(path: Path, table: pl.DataFrame, name: str) -> pl.Series:
    numbers = table[name].cast(pl.Int64, strict=False)
    _refuse(path, table, name, numbers.is_null(), "a whole number")
    return numbers


def _time_ms(path: Path, table: pl.DataFrame) -> pl.Series:
    """Milliseconds since 1970 of each row, from `time`, or from `date` (the day only)."""
    name = "time" if "time" in table.columns else "date"
    column = table[name]
    if column.dtype.is_temporal():
        return column.cast(pl.Datetime("ms")).cast(pl.Int64)
    numbers = column.cast(pl.Float64, strict=False)
    if numbers.null_count() < len(numbers):
        times = pl.select(pl.when(numbers.abs() >= MILLISECONDS_FROM).then(numbers).otherwise(numbers * 1000)).to_series()
        times = times.cast(pl.Int64, strict=False)
    else:
        times = _iso_ms(column)
    _refuse(path, table, name, times.is_null(), "ISO 8601, or seconds or milliseconds since 1970, all rows alike")
    return times


def _iso_ms(column: pl.Series) -> pl.Series:
    """ISO 8601 text, with or without a time of day; null where it is neither. Without an offset it is taken as UTC."""
    text = pl.lit(column.cast(pl.String))
    stamps = text.str.to_datetime(time_unit="ms", strict=False, time_zone="UTC", format="%+")
    plain = [text.str.to_datetime(form, time_unit="ms", strict=False).dt.replace_time_zone("UTC")
             for form in ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f")]  # fmt: skip
    days = text.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("ms")).dt.replace_time_zone("UTC")
    return pl.select(pl.coalesce(stamps, *plain, days).cast(pl.Int64)).to_series()


def _event_codes(path: Path, table: pl.DataFrame) -> pl.Series:
    if "event" not in table.columns:
        return pl.Series([EVENT_TYPES.index(EventType.VIEW_ITEM)], dtype=pl.Int64).new_from_index(0, table.height)
    codes = {kind.value: code for code, kind in enumerate(EVENT_TYPES)}
    numbered = table["event"].cast(pl.String).replace_strict(codes, default=None, return_dtype=pl.Int64)
    _refuse(path, table, "event", numbered.is_null(), f"one of {', '.join(codes)}")
    return numbered


def _dwell(path: Path, table: pl.DataFrame) -> pl.Series:
    """`dwell_ms`, empty counts as 0."""
    if "dwell_ms" not in table.columns:
        return pl.Series([0], dtype=pl.Int64).new_from_index(0, table.height)
    blank = ~table.select(_filled("dwell_ms")).to_series()
    dwell = table["dwell_ms"].cast(pl.Float64, strict=False).cast(pl.Int64, strict=False)
    bad = (dwell.is_null() | (dwell < 0) | (dwell > INT32_MOST)).fill_null(True) & ~blank
    _refuse(path, table, "dwell_ms", bad, f"milliseconds from 0 to {INT32_MOST}")
    return dwell.fill_null(0)


def _split(starts_ms: NDArray[np.int64]) -> tuple[int, str]:
    """Number of train sessions (sessions stand in order of their start), and the rule in words."""
    days = starts_ms // DAY_MS
    span = int(days[-1] - days[0]) + 1
    if span >= 1 / TEST_SHARE:
        test_days = math.ceil(span * TEST_SHARE)
        count = int(np.searchsorted(days, days[-1] - test_days + 1))
        return count, f"sessions that begin in the last {test_days} of {span} days are the test set"
    count = len(starts_ms) - max(1, math.ceil(len(starts_ms) * TEST_SHARE))
    return count, f"the newest {TEST_SHARE:.0%} of sessions are the test set, since the log spans {span} day{'s' * (span > 1)}"


def _categories(frame: pl.DataFrame, items: NDArray[np.int32], count: int) -> tuple[NDArray[np.int32] | None, tuple[str, ...]]:
    """Category index of each item (its last one seen), and the names in index order."""
    if "category" not in frame.columns:
        return None, ()
    values = frame["category"].cast(pl.String).fill_null("")
    order = frame["category"].drop_nulls().unique().sort().cast(pl.String).to_list()
    codes = values.replace_strict({name: n + 1 for n, name in enumerate(order)}, default=0, return_dtype=pl.Int32).to_numpy()
    result = np.zeros(count + 1, dtype=np.int32)
    result[items] = codes
    return result, tuple(order)


def _prices(path: Path, frame: pl.DataFrame, items: NDArray[np.int32], count: int) -> NDArray[np.int64] | None:
    """Price of each item in hundredths, its last one seen; 0 where it has none."""
    if "price" not in frame.columns:
        return None
    price = frame["price"].cast(pl.Float64, strict=False)
    _refuse(
        path, frame, "price", ((price.is_null() & frame["price"].is_not_null()) | (price < 0)).fill_null(False), "a number from 0"
    )
    result = np.zeros(count + 1, dtype=np.int64)
    result[items] = (price.fill_null(0).to_numpy() * 100).round().astype(np.int64)
    return result
