"""PostgreSQL as this project uses it: explicit transactions, each commit flushed before it returns, lost connections made again.

Needs the `postgres` extra (psycopg 3). A server that says "not now" (gone, full, a lock not given) raises `StoreAway`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from aggregator.errors import SettingsRefused, StoreAway

if TYPE_CHECKING:
    import psycopg

SCHEMES = ("postgresql://", "postgres://")
CONNECT_S = 5
_SESSION = {
    "synchronous_commit": "on",
    "lock_timeout": "30s",
    "idle_in_transaction_session_timeout": "30s",  # of a worker that hangs or whose host is gone: its rows are let go
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}
_SCHEMA_LOCK = 0x494E544C59  # "INTLY": `CREATE ... IF NOT EXISTS` of two sessions at once is an error in PostgreSQL


def tells_password(url: str) -> bool:
    """Whether a password stands in it, in either place."""
    parts = urlsplit(url)
    return bool(parts.password) or any(name in ("password", "sslpassword") for name, _ in parse_qsl(parts.query))


class PostgresConnection:
    """What the store uses of `sqlite3.Connection`, over PostgreSQL. Placeholders are `?`.

    A connection that was lost is made again by the next statement outside of a transaction, but not while `pinned`.
    """

    def __init__(self, url: str, schema: str) -> None:
        self._url, self.pinned, self.in_transaction = url, False, False
        self._inner = self._connect()
        with _translated(), _usable():
            (flushes,) = self._inner.execute("SHOW fsync").fetchone() or ("",)
            if flushes != "on":
                raise SettingsRefused(f"PostgreSQL: got fsync {flushes}, want on: what was committed must outlast a crash")
            with self._inner.transaction():
                self._inner.execute("SELECT pg_advisory_xact_lock(%s)", (_SCHEMA_LOCK,))
                self._inner.execute(schema.encode())

    def _connect(self) -> psycopg.Connection[Any]:
        try:
            import psycopg
        except ImportError:
            raise SettingsRefused("a store in PostgreSQL needs its extra: pip install 'intently[postgres]'") from None
        options = " ".join(f"-c {name}={value}" for name, value in _SESSION.items())
        with _translated(), _usable():
            return psycopg.connect(
                self._url, autocommit=True, connect_timeout=CONNECT_S, options=options, application_name="intently-analyzer",
                keepalives_idle=10, keepalives_interval=5, keepalives_count=3, tcp_user_timeout=15_000,
            )  # fmt: skip

    def _live(self, sql: str = "") -> psycopg.Connection[Any]:
        if self._inner.closed:
            if self.pinned or (self.in_transaction and not sql.startswith("BEGIN")):
                raise StoreAway("PostgreSQL: the connection was lost")
            self._inner = self._connect()
        return self._inner

    def execute(self, sql: str, values: Sequence[object] = ()) -> psycopg.Cursor[Any] | None:
        """A statement and its cursor; raises `StoreAway`. After a lost connection ROLLBACK does nothing: the server did it."""
        if sql == "ROLLBACK":
            self.in_transaction = False
            if self._inner.closed:
                return None
        with _translated():
            cursor = self._live(sql).execute(sql.replace("?", "%s").encode(), values or None)
        if sql == "COMMIT" or sql.startswith("BEGIN"):
            self.in_transaction = sql != "COMMIT"
        return cursor

    def executemany(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        """A statement for each row; raises `StoreAway`."""
        with _translated():
            self._live(sql).cursor().executemany(sql.replace("?", "%s").encode(), rows)

    def close(self) -> None:
        """Let go of the connection."""
        self._inner.close()


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    import psycopg

    try:
        yield
    except (psycopg.OperationalError, psycopg.InterfaceError, psycopg.InternalError) as error:
        raise StoreAway(f"PostgreSQL: {' '.join(str(error).split()) or type(error).__name__}") from None


@contextlib.contextmanager
def _usable() -> Iterator[None]:
    """What is wrong for good when we connect: no URL, no right to make tables."""
    import psycopg

    try:
        yield
    except psycopg.ProgrammingError as error:
        raise SettingsRefused(
            f"PostgreSQL: {' '.join(str(error).split())}; want a URL of a database that our role owns"
        ) from None


@contextlib.contextmanager
def advisory_lock(connection: PostgresConnection, number: int) -> Iterator[bool]:
    """Whether it is ours inside; False, without waiting, where another session of this database has it.

    It dies with its connection, and no statement inside makes that again: who lost it lost the lock.
    """
    asked = connection.execute("SELECT pg_try_advisory_lock(?)", (number,))
    if asked is None or asked.fetchone() != (True,):
        yield False
        return
    connection.pinned = True
    try:
        yield True
    finally:
        try:
            connection.execute("SELECT pg_advisory_unlock(?)", (number,))
        except StoreAway:
            connection.close()
        connection.pinned = False
