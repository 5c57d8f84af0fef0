"""What the sequences share: what is asked of a page, and the table of what happened against what was captured."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from drivers import Engine, Tab

HELD = "tracker.session.state.events.map((event) => [event.type, event.item])"
EVENTS = f"typeof tracker === 'undefined' ? [] : {HELD}"
"""Empty until the page's script ran."""
SIGNALS = "signals.map((signal) => signal.kind)"
RECORD = "(() => {{ tracker.record({{ type: '{}', item: {} }}); return 0; }})()"
TABLE: list[tuple[str, str, int, int, str]] = []


def row(name: str, engine: Engine, happened: list[Any], captured: list[Any], words: str = "", lost: Any = 0) -> None:
    """Note and assert: each happening is captured, in order, but for `lost` of the oldest, or the one named."""
    expected = [list(one) for one in happened][lost if isinstance(lost, int) else 0 :]
    if not isinstance(lost, int):
        expected.remove(list(lost))
    TABLE.append((name, engine.name, len(happened), len(captured), words))
    assert [list(one) for one in captured] == expected, name


def act(tab: Tab, kind: str, item: int) -> tuple[str, int]:
    tab.js(RECORD.format(kind, item))
    time.sleep(0.002)
    return kind, item


def until(tab: Tab, expression: str, wanted: Callable[[Any], bool], within_s: float = 60.0) -> Any:
    ends = time.monotonic() + within_s
    while True:
        found = tab.js(expression)
        if wanted(found) or time.monotonic() > ends:
            return found
        time.sleep(0.1)
