"""Sessions as a table, one row an event, read by Polars: Parquet and CSV."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from edge_model.errors import LogRefused, LogUnreadable
from edge_model.logs.rows import session_log
from edge_model.session_log import SessionLog

KNOWN = ("session", "item", "time", "date", "order", "event", "dwell_ms", "category", "price")


def load_parquet(path: Path) -> SessionLog:
    """One row an event; columns as in `load_csv`, or `date` and `order` in place of `time`."""
    try:
        table = pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise LogUnreadable(
            f"{path}: not a readable Parquet file, it may be truncated ({_first(error)}); fetch it again."
        ) from None
    return _to_log(path, table)


def load_csv(path: Path) -> SessionLog:
    """One row an event under a header: session, item, time, optionally event, dwell_ms, category, price.

    `time` is ISO 8601, or seconds or milliseconds since 1970. Without `event` every row is view_item.
    """
    try:
        table = pl.read_csv(path, infer_schema=False)
    except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError) as error:
        raise LogUnreadable(
            f"{path}: not a readable CSV file ({_first(error)}); want a header line and comma-separated rows."
        ) from None
    return _to_log(path, table)


def _to_log(path: Path, table: pl.DataFrame) -> SessionLog:
    missing = [name for name in ("session", "item") if name not in table.columns]
    if "time" not in table.columns and not {"date", "order"} <= set(table.columns):
        missing.append("time (or date and order)")
    if missing:
        raise LogRefused(
            f"{path}: column {', '.join(missing)} is missing, got {', '.join(table.columns) or 'none'}; "
            "rename the columns to session, item, time and, if known, event, dwell_ms, category, price."
        )
    if table.height == 0:
        raise LogRefused(f"{path}: there is no row below the header; every session is empty.")
    ignored = [name for name in table.columns if name not in KNOWN]
    return session_log(path, table.select([name for name in KNOWN if name in table.columns]), ignored)


def _first(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:90]
