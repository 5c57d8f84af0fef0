"""The steps of `intently demo --check`: what was seen, and what was missed by name."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console

from intently.errors import CheckFailed


class Missed(Exception):
    """What was looked for was not there; the text says what stood there instead."""


@dataclass
class Checklist:
    """Steps by name, in order. A step that is never reached is missed too."""

    names: tuple[str, ...]
    console: Console
    clock: Callable[[], float] = time.monotonic
    seen: dict[str, str] = field(default_factory=dict)
    missed: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[list[str]]:
        """Observe one step; words put into the list are printed beside it. Any fault inside is a miss, not an end."""
        assert name in self.names, name
        words: list[str] = []
        began = self.clock()
        try:
            yield words
        except Exception as fault:
            self.missed[name] = (str(fault) or type(fault).__name__).splitlines()[0]
            self.console.print(f"  [red]missed[/red]  {name}: {self.missed[name]}", highlight=False)
        else:
            self.seen[name] = "; ".join(words)
            took = self.clock() - began
            self.console.print(f"  [green]seen[/green]    {name} ({took:.1f} s) {self.seen[name]}", highlight=False)

    def finish(self) -> None:
        """Raise `CheckFailed` if a step was missed or never reached."""
        absent = [name for name in self.names if name not in self.seen]
        self.console.print(f"{len(self.seen)} of {len(self.names)} steps seen.")
        if absent:
            raise CheckFailed("demo check: missed " + "; ".join(absent))


def want(truth: object, otherwise: str) -> None:
    """Raise `Missed` with these words unless it is true."""
    if not truth:
        raise Missed(otherwise)
