"""A relay or an analyzer as a process of its own whose clock the test sets: `clocked.py aggregator.relay CLOCK --config FILE`.

CLOCK is a file with three numbers `real virtual speed`: at real time `real` it is `virtual`, and passes `speed` times as fast.
The process is the shipped one but for the clock that is handed to it.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from aggregator.analyzer.settings import AnalyzerSettings
from aggregator.files import write_atomic
from aggregator.process import arguments, run_process, serve
from aggregator.relay.settings import RelaySettings
from aggregator.settings import load_settings


@dataclass(frozen=True)
class ClockFile:
    """A clock that other processes read."""

    path: Path

    def __call__(self) -> float:
        real, virtual, speed = map(float, self.path.read_text().split())
        return virtual + (time.time() - real) * speed

    def set(self, virtual: float, speed: float = 0.0) -> None:
        """From now on."""
        write_atomic(self.path, f"{time.time()} {virtual} {speed}".encode())

    def jump(self, seconds: float) -> None:
        """Forwards or backwards."""
        real, virtual, speed = map(float, self.path.read_text().split())
        write_atomic(self.path, f"{real} {virtual + seconds} {speed}".encode())


def main() -> int:
    module, clock = sys.argv[1], ClockFile(Path(sys.argv[2]))
    words = arguments(module, sys.argv[3:])

    async def run() -> None:
        if module == "aggregator.relay":
            from aggregator.relay.app import create_app as create_relay

            relay = load_settings(RelaySettings, words.config)
            await serve(create_relay(relay, clock), relay.host, relay.port, relay.connections_most, relay.slow_after_s)
            return
        analyzer = load_settings(AnalyzerSettings, words.config)
        if analyzer.transport == "kafka":
            from aggregator.analyzer.faust_app import run_worker

            await run_worker(analyzer, clock)
        else:
            from aggregator.analyzer.app import create_app

            await serve(create_app(analyzer, clock), analyzer.host, analyzer.port)

    return run_process(run, words.stop_on_stdin_eof)


if __name__ == "__main__":
    sys.exit(main())
