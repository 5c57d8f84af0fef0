"""Whatever ends the supervisor, no child outlives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from intently.errors import ProcessFailed
from intently.supervisor import Supervisor

CHILD = """
import sys, threading, time, os
threading.Thread(target=lambda: (sys.stdin.buffer.read(), os._exit(0)), daemon=True).start()
print("ready", flush=True)
time.sleep(600)
"""


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module that is ready and then waits, as the real processes do."""
    (tmp_path / "waiting_child.py").write_text(CHILD)
    (tmp_path / "failing_child.py").write_text("raise SystemExit('no room')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return "waiting_child"


def alive(pid: int) -> bool:
    """Whether a process runs (one that only waits to be reaped does not)."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def gone(pid: int, within_s: float = 5.0) -> bool:
    ends = time.monotonic() + within_s
    while alive(pid) and time.monotonic() < ends:
        time.sleep(0.05)
    return not alive(pid)


def test_children_end_with_the_context(tmp_path: Path, child: str) -> None:
    with Supervisor(tmp_path / "logs") as supervisor:
        pids = [supervisor.start(name, child, ready="ready").process.pid for name in ("one", "two")]
        supervisor.check()
        assert all(map(alive, pids))
    assert not any(map(alive, pids))


def test_children_end_when_something_fails(tmp_path: Path, child: str) -> None:
    pids: list[int] = []

    def fail() -> None:
        with Supervisor(tmp_path / "logs") as supervisor:
            pids.append(supervisor.start("one", child, ready="ready").process.pid)
            supervisor.start("two", "failing_child", ready="ready")

    with pytest.raises(ProcessFailed, match="no room"):
        fail()
    assert gone(pids[0])


def test_a_child_that_ended_by_itself_is_seen(tmp_path: Path, child: str) -> None:
    with Supervisor(tmp_path / "logs") as supervisor:
        process = supervisor.start("one", child, ready="ready").process
        process.kill()
        process.wait()
        with pytest.raises(ProcessFailed, match="one ended"):
            supervisor.check()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_children_end_with_a_supervisor_that_is_killed(tmp_path: Path, child: str, how: signal.Signals) -> None:
    script = f"""
import pathlib, time
from intently.demo.run import stop_on_signals
from intently.supervisor import Supervisor
stop_on_signals()
with Supervisor(pathlib.Path({str(tmp_path)!r})) as supervisor:
    print(supervisor.start("one", {child!r}, ready="ready").process.pid, flush=True)
    time.sleep(60)
"""
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert alive(pid)
    os.kill(parent.pid, how)
    parent.wait(20)
    parent.stdout.close()
    assert gone(pid)
