"""Signals of version 2: by hand, one definition in two speeds and two languages on real sessions, and what is collected."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from real_sets import ROOT, real_data

from contracts import Event, EventType, Fact, FactKind, FeatureSpec, ItemInput, Series, SignalInput
from edge_model import load
from edge_model.features import EVENT_TYPES, columns, encode, encode_many
from edge_model.signals import decayed_sum, time_line
from edge_model.vectors_of_signals import EVERYTHING, signal, spec

VIEW, CART = EventType.VIEW_ITEM, EventType.ADD_TO_CART


def event(kind: EventType, item: int, dwell_ms: int = 0, time_ms: int = 0) -> Event:
    return Event(type=kind, item=item, time_ms=time_ms, dwell_ms=dwell_ms)


def sums(
    part: SignalInput, events: list[Event], facts: tuple[Fact, ...] = (), types: tuple[EventType, ...] = (VIEW,)
) -> list[float]:
    """The sum at each event of the sequence."""
    given_spec = FeatureSpec(version=2, length=9, event_types=types, inputs=(ItemInput(items=9), part))
    entries = time_line(given_spec, events, facts)
    ends = [at for at, entry in enumerate(entries) if isinstance(entry.what, Event) and entry.what.type in types]
    return [decayed_sum(part, part.of, entries[: at + 1]) for at in ends]


def test_decay_and_window_by_hand() -> None:
    of = Series(signal="event", types=(VIEW,))
    views = [event(VIEW, n) for n in (1, 2, 3, 4)]
    assert sums(SignalInput(name="signal_x", of=of, edges=(1.0,), decay=0.5), views) == [1, 1.5, 1.75, 1.875]
    assert sums(SignalInput(name="signal_x", of=of, edges=(1.0,), decay=0.5, window=2), views) == [1, 1.5, 1.5, 1.5]


def test_dwell_decays_in_steps_of_the_sequence_only() -> None:
    part = SignalInput(name="signal_x", of=Series(signal="dwell_ms", types=(VIEW, CART)), edges=(1.0,), decay=0.5)
    events = [event(VIEW, 1, 1000), event(CART, 1, 400), event(CART, 1, 200), event(VIEW, 2, 9)]
    assert sums(part, events) == [0, 0.5 * 1000 + 400 + 200]  # the carts belong to the step of the second view
    assert sums(part, events, types=(VIEW, CART)) == [0, 500, 450, 325]


def test_scroll_of_the_same_item_by_hand() -> None:
    part = SignalInput(name="signal_x", of=Series(signal="scroll", same_item=True), edges=(1.0,))
    facts = tuple(Fact(kind=FactKind.SCROLL, item=item, time_ms=time, percent=50) for item, time in ((1, 0), (2, 5), (1, 10)))
    assert sums(part, [event(VIEW, 1), event(VIEW, 2, time_ms=7), event(VIEW, 1, time_ms=10)], facts) == [50, 50, 100]


def test_only_what_an_input_reads_is_collected() -> None:
    one = FeatureSpec(length=4, event_types=(VIEW,), inputs=(ItemInput(items=9),))
    assert one.collects().model_dump() == {"event_types": (VIEW,), "dwell": False, "facts": ()}
    every = FeatureSpec.model_validate(EVERYTHING).collects()
    assert every.dwell
    assert every.facts == (FactKind.SCROLL, FactKind.IMPRESSION, FactKind.SKIP)
    assert every.event_types == (VIEW, EventType.SELECT_ITEM, CART)


ENTRY = st.tuples(st.sampled_from([VIEW, CART, EventType.VIEW_ITEM_LIST]), st.integers(1, 3), st.sampled_from([0, 1000, 7000]))
SESSIONS = st.lists(st.lists(ENTRY, max_size=14), min_size=1, max_size=4)
SERIES = st.builds(
    Series, signal=st.sampled_from(["event", "dwell_ms"]), types=st.sampled_from([(VIEW,), (CART,), (VIEW, CART)]),
    same_item=st.booleans(),
)  # fmt: skip
SIGNAL = st.builds(
    SignalInput, name=st.just("signal_x"), of=SERIES, per=st.none() | SERIES, window=st.integers(1, 6),
    decay=st.sampled_from([1.0, 0.5, 0.7, 1 / 3]), edges=st.sampled_from([(0.5, 1.0, 1.7), (100.0, 1000.0, 2400.0)]),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(sessions=SESSIONS, part=SIGNAL, types=st.sampled_from([(VIEW,), (VIEW, CART)]), length=st.integers(1, 8))
def test_a_whole_log_equals_each_prefix(
    sessions: list[list[tuple[EventType, int, int]]], part: SignalInput, types: tuple[EventType, ...], length: int
) -> None:
    given_spec = FeatureSpec(version=2, length=length, event_types=types, inputs=(ItemInput(items=9), part))
    rows = [row for session in sessions for row in session]
    many = columns(
        given_spec,
        np.array([row[1] for row in rows], np.int32),
        np.array([EVENT_TYPES.index(row[0]) for row in rows], np.uint8),
        np.array([row[2] for row in rows], np.int32),
        np.cumsum([0, *map(len, sessions)]).astype(np.int64),
    )
    for index, session in enumerate(sessions):
        counted = 0
        for end in range(1, len(session) + 1):
            counted += session[end - 1][0] in types
            if session[end - 1][0] in types:
                one = encode(given_spec, [event(*row) for row in session[:end]])
                batch, lengths = encode_many(given_spec, many, np.array([index]), np.array([counted]))
                assert batch["signal_x"][0, : lengths[0]].tolist() == one["signal_x"].tolist()


PREFIXES = 100_000
REPLAY = Path(__file__).with_name("replay_signals.ts")


@pytest.fixture(scope="module")
def node_replay(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The TypeScript twin with a loop around it, as one script for Node."""
    script = tmp_path_factory.mktemp("replay") / "replay.mjs"
    words = ["npx", "--no-install", "esbuild", str(REPLAY), "--bundle", "--platform=node", "--format=esm", f"--outfile={script}"]
    subprocess.run([*words, "--log-level=error"], cwd=ROOT, check=True, timeout=120)
    return script


def replayed(script: Path, work: dict[str, Any], folder: Path) -> tuple[int, str]:
    """Number of prefixes that TypeScript encoded, and the SHA-256 of all their integers."""
    (folder / "work.json").write_text(json.dumps(work))
    done = subprocess.run(
        ["node", str(script), str(folder / "work.json")], capture_output=True, text=True, timeout=300, check=True
    )
    count, digest = done.stdout.split()
    return int(count), digest


def test_both_languages_give_the_same_bits_on_real_prefixes(node_replay: Path, tmp_path: Path) -> None:
    """Real sequences of items; these logs hold no type and no dwell, so those are drawn."""
    log = load(real_data("diginetica/sessions.npz"))
    draw = np.random.default_rng(20261125)
    used = log.offsets[: int(np.searchsorted(log.offsets, 2 * PREFIXES))]
    size = int(used[-1])
    items = log.items[:size]
    kinds = draw.choice(4, size, p=[0.7, 0.1, 0.1, 0.1]).astype(np.uint8)
    dwell = draw.choice([0, 400, 3000, 20_000, 77_777], size).astype(np.int32)
    document = EVERYTHING | {"length": 20}
    document["inputs"] = [{"name": "item", "items": log.item_count}, *document["inputs"][1:]]
    document["event_types"] = [EVENT_TYPES[0].value, EVENT_TYPES[3].value]
    given_spec = FeatureSpec.model_validate(document)
    counted = np.isin(kinds, [0, 3])
    session = np.repeat(np.arange(len(used) - 1), np.diff(used))
    before = np.concatenate([[0], np.cumsum(counted)])
    ends = np.flatnonzero(counted)[:PREFIXES]
    batch, lengths = encode_many(given_spec, columns(given_spec, items, kinds, dwell, used), session[ends],
                                 before[ends + 1] - before[used[session[ends]]])  # fmt: skip
    inside = np.arange(given_spec.length) < lengths[:, None]
    stacked = np.stack([batch[part.name] for part in given_spec.inputs], axis=1)  # [prefixes, inputs, length]
    want = hashlib.sha256(stacked[np.broadcast_to(inside[:, None], stacked.shape)].astype("<i4").tobytes()).hexdigest()
    work = {"spec": json.loads(given_spec.to_bytes()), "types": [kind.value for kind in EVENT_TYPES], "prefixes": PREFIXES,
            "offsets": used.tolist(), "rows": np.stack([kinds, items, dwell], axis=1).reshape(-1).tolist()}  # fmt: skip
    assert replayed(node_replay, work, tmp_path) == (PREFIXES, want)
    assert [len(np.unique(batch[part.name])) for part in given_spec.signals][:3] == [5, 4, 4]  # every bucket occurs
    # A planted fault: another decay in the third decimal is seen.
    work["spec"]["inputs"][1]["decay"] -= 0.001
    assert replayed(node_replay, work, tmp_path)[1] != want


def test_a_spec_is_data_and_needs_no_code_of_its_own() -> None:
    """The same bytes, parsed again, encode the same; a changed window changes the integers."""
    views = [event(VIEW, 1)] * 4
    seen_too: dict[str, Any] = {"signal": "event", "types": ["view_item"], "same_item": True}
    narrow = spec(signal("seen", seen_too, window=2))
    first = FeatureSpec.model_validate(narrow)
    assert encode(FeatureSpec.from_bytes(first.to_bytes()), views)["signal_seen"].tolist() == [1, 2, 2, 2]
    narrow["inputs"][1]["window"] = 9
    assert encode(FeatureSpec.model_validate(narrow), views)["signal_seen"].tolist() == [1, 2, 3, 3]
