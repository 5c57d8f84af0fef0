"""The feature spec: golden vectors, and one definition in two speeds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts import ContractError, DwellBucketInput, Event, EventType, EventTypeInput, Fact, FeatureSpec, ItemInput, Record
from edge_model.errors import FeatureError
from edge_model.features import EVENT_TYPES, Columns, columns, encode, encode_many
from edge_model.vectors import FOLDER, texts


def cases(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((FOLDER / name).read_text())["cases"]
    return found


def refused_at(case: dict[str, Any]) -> str:
    """The step at which a case is refused, or "nowhere"."""
    steps: dict[str, tuple[type[Record], list[Any]]] = {
        "spec": (FeatureSpec, [case["spec"]]), "events": (Event, case.get("events", [])), "facts": (Fact, case.get("facts", [])),
    }  # fmt: skip
    for step, (record, documents) in steps.items():
        try:
            for document in documents:
                record.from_bytes(json.dumps(document).encode())
        except ContractError:
            return step
    return "nowhere"


def test_golden_vectors_replay() -> None:
    replayed = 0
    for case in cases("features.json"):
        spec = FeatureSpec.from_bytes(json.dumps(case["spec"]).encode())
        encoded = encode(spec, [Event.from_bytes(json.dumps(event).encode()) for event in case["events"]])
        assert {name: values.tolist() for name, values in encoded.items()} == case["expected"], case["about"]
        assert all(values.dtype == np.int32 for values in encoded.values())
        replayed += 1
    assert replayed == 30


def test_bad_vectors_fail_at_their_step() -> None:
    refused = {"spec": 0, "events": 0}
    for case in cases("bad_features.json"):
        assert refused_at(case) == case["step"], case["about"]
        refused[case["step"]] += 1
    assert refused == {"spec": 13, "events": 4}


def test_golden_vectors_of_signals_replay() -> None:
    replayed = 0
    for case in cases("signals.json"):
        spec = FeatureSpec.from_bytes(json.dumps(case["spec"]).encode())
        events = [Event.from_bytes(json.dumps(event).encode()) for event in case["events"]]
        encoded = encode(spec, events, [Fact.from_bytes(json.dumps(fact).encode()) for fact in case["facts"]])
        assert {name: values.tolist() for name, values in encoded.items()} == case["expected"], case["about"]
        assert FeatureSpec.from_bytes(spec.to_bytes()) == spec
        replayed += 1
    assert replayed == 28


def test_bad_vectors_of_signals_fail_at_their_step() -> None:
    refused = {"spec": 0, "facts": 0}
    for case in cases("bad_signals.json"):
        assert refused_at(case) == case["step"], case["about"]
        refused[case["step"]] += 1
    assert refused == {"spec": 19, "facts": 4}


def test_the_files_are_what_the_generator_writes() -> None:
    for name, text in texts().items():
        assert Path(FOLDER / name).read_text() == text, f"{name}: run python -m edge_model.vectors"


DWELLS = st.sampled_from([0, 1, 9, 10, 11, 99])
KINDS = st.lists(st.sampled_from(EVENT_TYPES), min_size=1, max_size=4, unique=True)
EVENT = st.builds(Event, type=st.sampled_from(EVENT_TYPES), item=st.integers(1, 12), time_ms=st.just(0), dwell_ms=DWELLS)
EVENTS = st.lists(EVENT, min_size=1, max_size=15)


def log_columns(spec: FeatureSpec, sessions: list[list[Event]]) -> Columns:
    events = [event for session in sessions for event in session]
    return columns(
        spec,
        np.array([event.item for event in events], np.int32),
        np.array([EVENT_TYPES.index(event.type) for event in events], np.uint8),
        np.array([event.dwell_ms for event in events], np.int32),
        np.cumsum([0, *map(len, sessions)]).astype(np.int64),
    )


@settings(max_examples=80, deadline=None)
@given(kinds=KINDS, length=st.integers(1, 6), sessions=st.lists(EVENTS, min_size=1, max_size=4))
def test_batch_encoding_equals_encode(kinds: list[EventType], length: int, sessions: list[list[Event]]) -> None:
    inputs = (ItemInput(items=9), EventTypeInput(values=tuple(kinds)), DwellBucketInput(edges_ms=(1, 10, 50)))
    spec = FeatureSpec(length=length, event_types=tuple(kinds), inputs=inputs)
    many = log_columns(spec, sessions)
    for index, session in enumerate(sessions):
        counted = 0
        for end, event in enumerate(session, start=1):
            counted += event.type in kinds
            if event.type not in kinds:
                continue
            one = encode(spec, session[:end])
            batch, lengths = encode_many(spec, many, np.array([index]), np.array([counted]))
            for name, values in one.items():
                assert batch[name][0, : lengths[0]].tolist() == values.tolist()
                assert not batch[name][0, lengths[0] :].any()


def test_a_prefix_beyond_its_session_is_refused() -> None:
    spec = FeatureSpec(length=3, event_types=(EventType.VIEW_ITEM,), inputs=(ItemInput(items=9),))
    many = log_columns(spec, [[Event(type=EventType.VIEW_ITEM, item=1, time_ms=0)]] * 2)
    with pytest.raises(FeatureError, match="longer than its session"):
        encode_many(spec, many, np.array([0]), np.array([2]))
