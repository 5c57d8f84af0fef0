"""Faults of the simulation: a process dies or the disk refuses at any statement of its store and at any write of a file."""

from __future__ import annotations

import contextlib
import errno
import os
import random
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aggregator.relay.store
import aggregator.transport.outbox
from aggregator import sqlite as shipped
from aggregator.analyzer import store_database
from aggregator.errors import StoreAway
from aggregator.postgres import PostgresConnection


class Killed(BaseException):
    """kill -9: nothing of the process runs after it."""


class Faults:
    """What goes wrong, by a seed. `arm` says how likely; nothing does while it is not armed."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.kill, self.full = 0.0, 0.0
        self.dead = False
        self.process = ""
        """Whose connections are opened now."""
        self.opened: list[tuple[str, Connection]] = []
        self.counts: dict[str, int] = {"killed": 0, "disk_full": 0}

    @contextlib.contextmanager
    def armed(self, kill: float, full: float) -> Iterator[None]:
        """Chance at each statement and write."""
        self.kill, self.full, self.dead = kill, full, False
        try:
            yield
        finally:
            self.kill = self.full = 0.0
            self.dead = False

    def bury(self, process: str) -> None:
        """The system closes what a dead process had open; SQLite rolls back."""
        for owner, connection in self.opened:
            if owner == process:
                connection.close()
        self.opened = [each for each in self.opened if each[0] != process]

    def at(self, act: Callable[[], Any], full: Exception) -> Any:
        """Do it, or die before or after it, or find the disk full."""
        if self.dead:
            raise Killed
        if self._rng.random() < self.full:
            self.counts["disk_full"] += 1
            raise full
        before = self._rng.random() < self.kill / 2
        found = None if before else act()
        if before or self._rng.random() < self.kill / 2:
            self.dead = True
            self.counts["killed"] += 1
            raise Killed
        return found


class Connection:
    """A connection of which each statement may fail. Of a dead process none is run: the database rolls back by itself."""

    def __init__(self, inner: Any, faults: Faults, refusal: type[Exception] = sqlite3.OperationalError) -> None:
        self._inner, self._faults, self._refusal = inner, faults, refusal

    def execute(self, sql: str, *values: Any) -> Any:
        if sql == "ROLLBACK" and not self._faults.dead:
            return self._inner.execute(sql)
        if sql == "BEGIN IMMEDIATE" and not self._faults.dead:  # one thread: whoever has to wait here waits for ever
            self._inner.execute("PRAGMA busy_timeout = 0")
        return self._faults.at(lambda: self._inner.execute(sql, *values), self._refusal("database or disk is full"))

    def executemany(self, sql: str, rows: Any) -> Any:
        return self._faults.at(lambda: self._inner.executemany(sql, rows), self._refusal("database or disk is full"))

    @property
    def pinned(self) -> bool:
        return bool(self._inner.pinned)

    @pinned.setter
    def pinned(self, pinned: bool) -> None:
        self._inner.pinned = pinned

    @property
    def in_transaction(self) -> bool:
        return self._inner.in_transaction

    def close(self) -> None:
        self._inner.close()


@contextlib.contextmanager
def faulty_disk(faults: Faults) -> Iterator[None]:
    """All stores opened inside, and every file that is replaced or flushed."""
    modules = (store_database, aggregator.relay.store, aggregator.transport.outbox)
    replace, fsync = os.replace, os.fsync

    def connect(path: Path, schema: str) -> Any:
        made = Connection(shipped.connect(path, schema), faults)
        faults.opened.append((faults.process, made))
        return made

    def connect_postgres(url: str, schema: str) -> Any:
        made = Connection(PostgresConnection(url, schema), faults, StoreAway)
        faults.opened.append((faults.process, made))
        return made

    def no_space() -> OSError:
        return OSError(errno.ENOSPC, "No space left on device")

    for module in modules:
        module.connect = connect  # type: ignore[attr-defined]
    shipped_postgres = store_database.connect_postgres
    store_database.connect_postgres = connect_postgres
    os.replace = lambda *words: faults.at(lambda: replace(*words), no_space())  # type: ignore[assignment]
    os.fsync = lambda file: faults.at(lambda: fsync(file), no_space())  # type: ignore[assignment]
    try:
        yield
    finally:
        os.replace, os.fsync = replace, fsync
        store_database.connect_postgres = shipped_postgres
        for module in modules:
            module.connect = shipped.connect  # type: ignore[attr-defined]
        for _, connection in faults.opened:
            connection.close()
