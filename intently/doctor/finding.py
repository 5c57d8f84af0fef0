"""What the doctor says of one thing."""

from __future__ import annotations

from typing import Literal

from contracts.record import Record

Level = Literal["ok", "slow", "broken"]
"""broken: Intently does less than it could, or nothing; slow: it works, and costs shoppers time or bytes."""


class Finding(Record):
    """One thing looked at."""

    level: Level
    name: str
    """Short and stable: what tests and scripts match."""
    where: str
    got: str
    want: str = ""
    do: str = ""


def ok(name: str, where: str, got: str) -> Finding:
    """As it should be."""
    return Finding(level="ok", name=name, where=where, got=got)


def broken(name: str, where: str, got: str, want: str, do: str) -> Finding:
    """Something that a shopper or the shop goes without."""
    return Finding(level="broken", name=name, where=where, got=got, want=want, do=do)


def slow(name: str, where: str, got: str, want: str, do: str) -> Finding:
    """Something that costs time or bytes."""
    return Finding(level="slow", name=name, where=where, got=got, want=want, do=do)
