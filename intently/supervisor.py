"""The supervisor: child processes that live exactly as long as it does.

Each child's standard input is a pipe that the supervisor holds open; a child ends when that pipe closes, so that even a
supervisor that was killed leaves nothing behind. Children stand in a session of their own: Ctrl-C reaches the supervisor
alone, which then stops them in order.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from intently.errors import ProcessFailed

STOP_S = 10.0
"""How long a child may take to end before it is killed."""
READY_S = 60.0
"""How long a child may take to say that it is ready."""


@dataclass
class Child:
    """One child process; its output is in `log`."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def last_words(self) -> str:
        """The last lines of its log, for an error."""
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join(lines[-5:]) or "(it said nothing)"


@dataclass
class Supervisor:
    """Starts children, watches them, stops them in the opposite order. A context manager."""

    logs: Path
    clock: Callable[[], float] = time.monotonic
    children: list[Child] = field(default_factory=list)

    def start(self, name: str, module: str, *words: str, ready: str = "") -> Child:
        """Run `python -m module words...`; returns once its log holds `ready` ('' for at once)."""
        self.logs.mkdir(parents=True, exist_ok=True)
        log = self.logs / f"{name}.log"
        with log.open("wb") as sink:
            process = subprocess.Popen(
                [sys.executable, "-m", module, *words],
                stdin=subprocess.PIPE,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        child = Child(name, process, log)
        self.children.append(child)
        self._await_ready(child, ready)
        return child

    def _await_ready(self, child: Child, ready: str) -> None:
        until = self.clock() + READY_S
        while ready and ready not in child.log.read_text(errors="replace"):
            if child.process.poll() is not None:
                raise ProcessFailed(f"{child.name} did not start: {child.last_words()}")
            if self.clock() > until:
                raise ProcessFailed(f"{child.name} was not ready after {READY_S:.0f} s: {child.last_words()}")
            time.sleep(0.05)

    def check(self) -> None:
        """Raise `ProcessFailed` if a child has ended by itself."""
        for child in self.children:
            if child.process.poll() is not None:
                raise ProcessFailed(f"{child.name} ended with code {child.process.returncode}: {child.last_words()}")

    def stop(self) -> None:
        """Stop the children, last started first; kills what does not end in `STOP_S`."""
        for child in reversed(self.children):
            stop_process(child.process)
        self.children.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()


def stop_process(process: subprocess.Popen[bytes]) -> None:
    """Close its input, ask it to end, and kill it if it does not."""
    if process.stdin is not None:
        process.stdin.close()
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def pids(children: Sequence[Child]) -> list[int]:
    """Process ids, for a person and for the test that nothing is left."""
    return [child.process.pid for child in children]
