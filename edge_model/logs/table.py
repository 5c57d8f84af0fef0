"""Sessions as a table, one row an event, read by Polars in batches: every layout of `formats`."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from edge_model.errors import LogRefused, LogUnreadable
from edge_model.logs.formats import COLUMNS, Layout
from edge_model.logs.rows import session_log
from edge_model.session_log import SessionLog

KIND = {"parquet": "Parquet", "csv": "CSV", "jsonl": "JSONL"}


def load_table(path: Path, layout: Layout, idle_gap_s: float | None = None) -> SessionLog:
    """A log in this layout; `idle_gap_s` cuts sessions after so long without an event.

    `time` is ISO 8601, or seconds or milliseconds since 1970. Without `event` every row is view_item.
    """
    try:
        frame = layout.scan(path)
        names = frame.collect_schema().names()
        _check_columns(path, layout, names)
        rows = layout.select(frame)
        schema = rows.collect_schema()
        nested = [
            f"{name} ({kind})" for name, kind in schema.items() if name in COLUMNS and (kind.is_nested() or kind.is_(pl.Binary()))
        ]
        if nested:
            raise LogRefused(f"{path}: column {', '.join(nested)} holds no single values; give text, numbers or times.")
        table = rows.select([name for name in COLUMNS if name in schema]).collect(engine="streaming")
    except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError, RuntimeError, _calamine_error()) as error:
        kind = KIND.get(layout.name, layout.name)
        raise LogUnreadable(
            f"{path}: not a readable {kind} file, it may be truncated or of another kind ({_first(error)}); fetch it again, or "
            "say what it is with --log-format."
        ) from None
    if table.height == 0:
        raise LogRefused(f"{path}: there is no row below the header; every session is empty.")
    ignored = [name for name in names if name not in COLUMNS] if layout.name in KIND else []
    gap = layout.idle_gap_s if idle_gap_s is None else idle_gap_s
    return session_log(path, table, ignored, gap, layout.notes)


def _check_columns(path: Path, layout: Layout, names: list[str]) -> None:
    missing = [name for name in layout.needs if name not in names]
    if layout.name in KIND and "time" not in names and not {"date", "order"} <= set(names):
        missing.append("time (or date and order)")
    if missing:
        advice = (
            "rename the columns to session, item, time and, if known, event, dwell_ms, category, price"
            if layout.name in KIND
            else f"this is not the {layout.name} layout, say what it is with --log-format"
        )
        raise LogRefused(f"{path}: column {', '.join(missing)} is missing, got {', '.join(names)[:200] or 'none'}; {advice}.")


def _calamine_error() -> type[Exception]:
    """Base of the errors of the XLSX reader, which only this layout needs."""
    from fastexcel import FastExcelError

    return FastExcelError


def _first(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:90]
