"""What commands print: tables for people, JSON where a machine may read."""

from __future__ import annotations

import dataclasses
import json
from typing import Annotated, Any

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")]


def plain(value: Any) -> Any:
    """`value` as what `json` can write: records and dataclasses become objects."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(part) for part in value]
    if hasattr(value, "item") and hasattr(value, "dtype"):
        return value.item()
    return value if isinstance(value, int | float | bool | str | None) else str(value)


def print_json(value: Any) -> None:
    """One JSON object on standard output."""
    print(json.dumps(plain(value), indent=2, ensure_ascii=False))


def print_table(title: str, columns: list[str], rows: list[list[str]]) -> None:
    """A table; numbers are right-aligned where a whole column reads as numbers."""
    table = Table(title=title, title_justify="left")
    for index, column in enumerate(columns):
        numeric = bool(rows) and all(row[index][:1].isdigit() or row[index][:1] in "-~" for row in rows)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console().print(table)
