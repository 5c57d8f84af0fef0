"""What stores need of a database, whichever it is."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any, Protocol, TypeVar


class Connection(Protocol):
    """What they use of a connection: `sqlite3.Connection` has it, `aggregator.postgres` gives it."""

    @property
    def in_transaction(self) -> bool:
        """Whether one is open."""

    def execute(self, sql: str, values: Sequence[Any] = ..., /) -> Any:
        """A statement and its cursor."""

    def executemany(self, sql: str, rows: Any, /) -> Any:
        """A statement for each row."""

    def close(self) -> None:
        """Let go."""


ConnectionT = TypeVar("ConnectionT", bound=Connection)


@contextlib.contextmanager
def transaction(connection: ConnectionT, begin: str = "BEGIN IMMEDIATE") -> Iterator[ConnectionT]:
    """All or nothing. SQLite's default takes the write lock at the start."""
    connection.execute(begin)
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk may have rolled it back already, or have refused the commit alone
            connection.execute("ROLLBACK")
        raise
