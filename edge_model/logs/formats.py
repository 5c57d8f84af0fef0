"""Layouts of session logs as tables, ours and their publishers', each mapped to one: a lazy frame of the columns in `COLUMNS`.

| layout | file | what is known of it |
|---|---|---|
| csv, parquet, jsonl | one row an event: session, item, time (or date, order), event, dwell_ms, category, price | ours |
| diginetica | `train-item-views.csv`, `;`, time of day in milliseconds since the first query of the session | CIKM Cup 2016 |
| retailrocket | `events.csv`, visitors in place of sessions: cut after 30 minutes without an event | Kaggle, 2015 |
| yoochoose | `yoochoose-clicks.dat`, no header | RecSys Challenge 2015 |
| otto | one session a line, JSON | OTTO, 2022 |
| eshop | `e-shop clothing 2008.csv` with `;`, or .xlsx, one row a click | UCI 553 |

Polars reads all of them, lazily and in batches: columns that are not used are never held.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from contracts import EventType
from edge_model.errors import LogRefused

COLUMNS = ("session", "item", "time", "date", "order", "event", "dwell_ms", "category", "price")
RETAILROCKET_GAP_S = 1800.0
"""Google Analytics' idle time, which session-based papers on this set use."""


@dataclass(frozen=True)
class Layout:
    """How one kind of file becomes rows."""

    name: str
    scan: Callable[[Path], pl.LazyFrame]
    needs: tuple[str, ...]
    """Columns that the file must have."""
    select: Callable[[pl.LazyFrame], pl.LazyFrame] = lambda frame: frame
    idle_gap_s: float | None = None
    notes: tuple[str, ...] = ()


def csv(separator: str = ",", has_header: bool = True, names: tuple[str, ...] = ()) -> Callable[[Path], pl.LazyFrame]:
    """A scan of text columns; `names` where the file has no header."""

    def scan(path: Path) -> pl.LazyFrame:
        schema = {name: pl.String() for name in names} if names else None
        return pl.scan_csv(path, separator=separator, has_header=has_header, infer_schema=False, schema=schema)

    return scan


def jsonl(path: Path) -> pl.LazyFrame:
    """One event a line; a column that no line has does not exist."""
    frame = pl.scan_ndjson(path, schema={name: pl.String() for name in COLUMNS})
    held = frame.select(pl.all().is_not_null().any()).collect(engine="streaming").row(0, named=True)
    return frame.select([name for name in COLUMNS if held[name]])


OTTO_ROW = {
    "session": pl.String(),
    "events": pl.List(pl.Struct({"aid": pl.String(), "ts": pl.Int64(), "type": pl.String()})),
}


def otto(path: Path) -> pl.LazyFrame:
    """One session a line becomes one event a row."""
    frame = pl.scan_ndjson(path, schema=OTTO_ROW)
    if frame.select(pl.col("events").is_not_null().any()).collect(engine="streaming").item() is not True:
        return frame.select("session")
    return frame.explode("events").unnest("events")


def eshop(path: Path) -> pl.LazyFrame:
    """The workbook's first sheet, or the text file."""
    if path.suffix.lower() == ".xlsx":
        return pl.read_excel(path, engine="calamine", infer_schema_length=0).lazy()
    return csv(";")(path)


def renamed(**columns: str) -> Callable[[pl.LazyFrame], pl.LazyFrame]:
    """Columns by our names from the file's."""
    return lambda frame: frame.select(pl.col(theirs).alias(ours) for ours, theirs in columns.items())


def with_events(select: Callable[[pl.LazyFrame], pl.LazyFrame], **types: EventType) -> Callable[[pl.LazyFrame], pl.LazyFrame]:
    """`event` by our names; an unknown one stays as it is, and is refused by name later."""
    names = {theirs: ours.value for theirs, ours in types.items()}
    return lambda frame: select(frame).with_columns(pl.col("event").replace(names))


def diginetica_rows(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Day plus milliseconds since the session's first query."""
    day = pl.col("eventdate").str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("ms")).cast(pl.Int64)
    time = day + pl.col("timeframe").cast(pl.Int64, strict=False)
    return frame.select(session="sessionId", item="itemId", time=time)


def eshop_rows(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Day and click number."""
    parts = [pl.col(name).cast(pl.String).str.strip_chars().str.zfill(2) for name in ("month", "day")]
    date = pl.concat_str([pl.col("year").cast(pl.String), *parts], separator="-")
    return frame.select(
        session="session ID", item="page 2 (clothing model)", date=date, order="order", category="page 1 (main category)",
        price="price",
    )  # fmt: skip


VIEW, CART, BUY = EventType.VIEW_ITEM, EventType.ADD_TO_CART, EventType.PURCHASE
LAYOUTS: dict[str, Layout] = {
    layout.name: layout
    for layout in (
        Layout("csv", csv(), ("session", "item")),
        Layout("parquet", pl.scan_parquet, ("session", "item")),
        Layout("jsonl", jsonl, ("session", "item")),
        Layout("diginetica", csv(";"), ("sessionId", "itemId", "timeframe", "eventdate"), diginetica_rows),
        Layout("retailrocket", csv(), ("timestamp", "visitorid", "event", "itemid"),
               with_events(renamed(session="visitorid", item="itemid", time="timestamp", event="event"),
                           view=VIEW, addtocart=CART, transaction=BUY),
               idle_gap_s=RETAILROCKET_GAP_S),
        Layout("yoochoose", csv(has_header=False, names=("session", "time", "item", "category")),
               ("session", "time", "item", "category"), renamed(session="session", item="item", time="time"),
               notes=("Column 4 is the context of the click, not the item's category: not used.",)),
        Layout("otto", otto, ("session", "aid", "ts", "type"),
               with_events(renamed(session="session", item="aid", time="ts", event="type"), clicks=VIEW, carts=CART, orders=BUY)),
        Layout("eshop", eshop, ("session ID", "year", "month", "day", "order", "page 2 (clothing model)",
                                "page 1 (main category)", "price"), eshop_rows),
    )
}  # fmt: skip
NPZ = "npz"
NAMES = (NPZ, *LAYOUTS)

YOOCHOOSE_LINE = re.compile(r"\d+,\d{4}-\d\d-\d\dT[\d:.]+Z,\d+,\S*$")


def detect(path: Path) -> str:
    """Layout of a file by its ending and its first line; raises `LogRefused` where the ending says nothing."""
    ending = path.suffix.lower()
    if ending in {".npz", ".parquet"}:
        return ending[1:]
    if ending == ".xlsx":
        return "eshop"
    if ending not in {".csv", ".dat", ".txt", ".tsv", ".jsonl", ".ndjson"}:
        raise LogRefused(
            f"{path}: a log's name ends with .npz, .parquet, .csv, .dat, .jsonl or .xlsx, got {ending or 'no ending'!r}; convert "
            f"it, or say what it is with --log-format ({', '.join(NAMES)})."
        )
    with path.open("rb") as file:
        line = file.readline(4096).decode("utf-8", errors="replace").strip().lstrip("\ufeff")
    if ending in {".jsonl", ".ndjson"}:
        return "otto" if '"events"' in line else "jsonl"
    if YOOCHOOSE_LINE.match(line):
        return "yoochoose"
    header = {name.strip('"') for name in re.split("[;,]", line)}
    known = ("diginetica", "retailrocket", "eshop")
    return next((name for name in known if len(header & set(LAYOUTS[name].needs)) >= 3), "csv")
