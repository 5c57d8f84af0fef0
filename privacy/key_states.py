"""States of the keys that reports are sealed to, and their rotation with overlap.

    pending --rotate--> active --rotate--> expired --retire--> gone

pending: named in the release, so that every browser has heard of it; used by none. active: exactly one; browsers seal to it.
expired: no browser begins an epoch with it, but reports of epochs that began before are still opened, until it is retired.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from privacy.errors import KeyFileRefused

State = Literal["pending", "active", "expired"]
KEY_IDS = 256


@dataclass(frozen=True)
class KeyState:
    """One key."""

    key_id: int
    state: State
    since: int
    """Seconds since 1970."""


States = tuple[KeyState, ...]


def begin(key_ids: list[int], now: int) -> States:
    """States of keys that stand without any: the newest, of the highest id, is active."""
    newest = max(key_ids, default=-1)
    return tuple(KeyState(key_id, "active" if key_id == newest else "expired", now) for key_id in sorted(key_ids))


def check_states(states: States, key_ids: list[int]) -> None:
    """Raise `KeyFileRefused` unless there is one state for each key and exactly one active one."""
    if sorted(state.key_id for state in states) != sorted(key_ids):
        raise KeyFileRefused(f"key states: name keys {sorted(s.key_id for s in states)}, the folder holds {sorted(key_ids)}")
    active = [state.key_id for state in states if state.state == "active"]
    if len(active) != 1:
        raise KeyFileRefused(f"key states: keys {active} are active, want exactly one")


def add(states: States, now: int) -> tuple[States, int]:
    """A new pending key, with the id after the newest (255 is followed by 0); refused while one is pending."""
    if any(state.state == "pending" for state in states):
        raise KeyFileRefused("keys add: a key is pending already; publish a release, then: intently keys rotate")
    taken = {state.key_id for state in states}
    newest = max(states, key=lambda state: (state.state == "active", state.since, state.key_id)).key_id if states else 0
    free = next((number for step in range(1, KEY_IDS + 1) if (number := (newest + step) % KEY_IDS) not in taken), None)
    if free is None:
        raise KeyFileRefused("keys add: all 256 ids are taken; retire expired keys first")
    return (*states, KeyState(free, "pending", now)), free


def rotate(states: States, now: int) -> States:
    """The pending key becomes active, the active one expired. Refused without a pending key: browsers must have heard of it."""
    if not any(state.state == "pending" for state in states):
        raise KeyFileRefused(
            "keys rotate: no key is pending; make one with: intently keys add, and publish a release that names it"
        )
    becomes: dict[State, State] = {"pending": "active", "active": "expired", "expired": "expired"}
    return tuple(
        state if becomes[state.state] == state.state else KeyState(state.key_id, becomes[state.state], now) for state in states
    )


def retire(states: States, now: int, overlap_s: int) -> tuple[States, tuple[int, ...]]:
    """Without the keys that expired `overlap_s` or longer ago, and their ids: their private parts are to be destroyed."""
    gone = tuple(state.key_id for state in states if state.state == "expired" and now - state.since >= overlap_s)
    return tuple(state for state in states if state.key_id not in gone), gone
