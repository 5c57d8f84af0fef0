"""Write the golden vectors of the feature spec: `python -m edge_model.vectors`.

Both languages replay `features.json` (encode gives exactly `expected`) and `bad_features.json` (refused at `step`: `spec`
while the spec is parsed, `events` while the events are). `signals.json` and `bad_signals.json` are the same for version 2.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from contracts import Event, EventType, FeatureSpec
from edge_model import vectors_of_signals
from edge_model.features import encode

FOLDER = Path(__file__).resolve().parent.parent / "contracts" / "vectors" / "v1"
SEED = 20261124
VIEW, CART = EventType.VIEW_ITEM.value, EventType.ADD_TO_CART.value

ITEM_5: dict[str, Any] = {"name": "item", "items": 5}
ONLY_ITEMS: dict[str, Any] = {"length": 4, "event_types": [VIEW], "inputs": [ITEM_5]}
WITH_TYPES: dict[str, Any] = {
    "length": 4, "event_types": [CART, VIEW], "inputs": [ITEM_5, {"name": "event_type", "values": [CART, VIEW]}],
}  # fmt: skip
WITH_DWELL: dict[str, Any] = {
    "length": 3, "event_types": [VIEW, CART],
    "inputs": [ITEM_5, {"name": "dwell_bucket", "edges_ms": [1, 1000, 5000]}],
}  # fmt: skip
EVERYTHING: dict[str, Any] = {
    "length": 6, "event_types": [VIEW, CART, "purchase"],
    "inputs": [
        {"name": "item", "items": 900}, {"name": "dwell_bucket", "edges_ms": [2000, 8000, 30000]},
        {"name": "event_type", "values": [VIEW, CART, "purchase"]},
    ],
}  # fmt: skip
ONE_STEP: dict[str, Any] = {"length": 1, "event_types": [VIEW], "inputs": [ITEM_5, {"name": "dwell_bucket", "edges_ms": [1]}]}
LONGEST: dict[str, Any] = {"length": 256, "event_types": [VIEW], "inputs": [{"name": "item", "items": 43097}]}


def _events(*rows: tuple[str, int, int]) -> list[dict[str, Any]]:
    """Rows of (type, item, dwell_ms), one second apart."""
    return [{"type": kind, "item": item, "time_ms": 1000 * n, "dwell_ms": dwell} for n, (kind, item, dwell) in enumerate(rows)]


def _views(*items: int) -> list[dict[str, Any]]:
    return _events(*((VIEW, item, 0) for item in items))


def _random_events(source: random.Random, count: int) -> list[dict[str, Any]]:
    edges = [0, 1, 1999, 2000, 2001, 7999, 8000, 29999, 30000, 10**9]
    kinds = [kind.value for kind in EventType if kind is not EventType.BEGIN_CHECKOUT]  # as when these vectors were drawn
    return _events(*((source.choice(kinds), source.randint(1, 1000), source.choice(edges)) for _ in range(count)))


def _hand_made() -> list[tuple[str, dict[str, Any], list[dict[str, Any]]]]:
    return [
        ("one view", ONLY_ITEMS, _views(3)),
        ("no event at all: T is 0", ONLY_ITEMS, []),
        ("no event of the spec's types: T is 0", WITH_DWELL, _events(("purchase", 1, 10), ("select_item", 2, 10))),
        ("exactly `length` events", ONLY_ITEMS, _views(1, 2, 3, 4)),
        ("one event too many: the oldest goes", ONLY_ITEMS, _views(1, 2, 3, 4, 5)),
        ("the highest item that the model knows", ONLY_ITEMS, _views(5)),
        ("an item above `items` becomes 0", ONLY_ITEMS, _views(1, 6, 2)),
        ("the largest index of a catalogue", ONLY_ITEMS, _views(2**31 - 1, 1)),
        ("the same item again stays", ONLY_ITEMS, _views(2, 2, 2)),
        ("other types are dropped before the last `length` are kept", ONLY_ITEMS,
         _events((VIEW, 1, 0), (VIEW, 2, 0), (CART, 5, 0), (VIEW, 3, 0), (CART, 5, 0), (VIEW, 4, 0))),
        ("types are numbered by the spec's order, not the contract's", WITH_TYPES,
         _events((VIEW, 1, 0), (CART, 1, 0), (VIEW, 2, 0))),
        ("a dropped type between two kept ones", WITH_TYPES, _events((VIEW, 1, 0), ("view_item_list", 2, 0), (CART, 3, 0))),
        ("dwell on, below and above each edge", WITH_DWELL | {"length": 9},
         _events(*((VIEW, 1, dwell) for dwell in (0, 1, 2, 999, 1000, 1001, 4999, 5000, 7)))),
        ("the last event's dwell is not used", WITH_DWELL, _events((VIEW, 1, 6000), (VIEW, 2, 6000))),
        ("a single event's dwell is not used", WITH_DWELL, _events((VIEW, 1, 6000))),
        ("the last kept event is last even if a dropped one follows", WITH_DWELL,
         _events((VIEW, 1, 6000), (VIEW, 2, 6000), ("purchase", 3, 6000))),
        ("dwell of an event cut away is not used", WITH_DWELL,
         _events((VIEW, 1, 1), (VIEW, 2, 1000), (VIEW, 3, 0), (VIEW, 4, 5000))),
        ("length 1: only the last item, bucket 0", ONE_STEP, _events((VIEW, 1, 50), (VIEW, 2, 50))),
        ("the longest spec", LONGEST, _views(*range(43000, 43300))),
        ("inputs keep their own order", EVERYTHING, _events((VIEW, 901, 2000), ("purchase", 900, 1999), (CART, 1, 30000))),
    ]  # fmt: skip


def good_cases() -> list[dict[str, Any]]:
    """Cases of `features.json`: about, spec, events, expected (input name -> integers)."""
    source = random.Random(SEED)
    rows = _hand_made()
    rows += [(f"random {n}", EVERYTHING, _random_events(source, n)) for n in (1, 2, 3, 5, 6, 7, 8, 13, 21, 40)]
    cases = []
    for about, spec, events in rows:
        record = FeatureSpec.model_validate({"version": 1, **spec})
        encoded = encode(record, [Event.model_validate(event) for event in events])
        expected = {name: values.tolist() for name, values in encoded.items()}
        cases.append({"about": about, "spec": record.model_dump(mode="json"), "events": events, "expected": expected})
    return cases


def bad_cases() -> list[dict[str, Any]]:
    """Cases of `bad_features.json`: about, step at which they are refused, spec, events."""
    edges = {"name": "dwell_bucket", "edges_ms": [5, 5]}
    specs: list[tuple[str, dict[str, Any]]] = [
        ("length 0", ONLY_ITEMS | {"length": 0}),
        ("length above 256", ONLY_ITEMS | {"length": 257}),
        ("no event type", ONLY_ITEMS | {"event_types": []}),
        ("unknown event type", ONLY_ITEMS | {"event_types": ["hover"]}),
        ("no input", ONLY_ITEMS | {"inputs": []}),
        ("item is not first", WITH_TYPES | {"inputs": WITH_TYPES["inputs"][::-1]}),
        ("an input twice", ONLY_ITEMS | {"inputs": [ITEM_5, ITEM_5]}),
        ("unknown input", ONLY_ITEMS | {"inputs": [ITEM_5, {"name": "scroll"}]}),
        ("edges that do not rise", ONLY_ITEMS | {"inputs": [ITEM_5, edges]}),
        ("first edge 0", ONLY_ITEMS | {"inputs": [ITEM_5, {"name": "dwell_bucket", "edges_ms": [0, 5]}]}),
        ("types in another order than event_types", WITH_TYPES | {"event_types": [VIEW, CART]}),
        ("a later version", ONLY_ITEMS | {"version": 3}),
        ("unknown key", ONLY_ITEMS | {"decay": 1}),
    ]
    events = [
        ("item 0 is reserved", _views(0)),
        ("negative dwell", _events((VIEW, 1, -1))),
        ("unknown event type", _events(("hover", 1, 0))),
        ("item that is no integer", [{"type": VIEW, "item": 1.5, "time_ms": 0, "dwell_ms": 0}]),
    ]
    cases: list[dict[str, Any]] = [
        {"about": about, "step": "spec", "spec": {"version": 1, **spec}, "events": _views(1)} for about, spec in specs
    ]
    good = {"version": 1, **ONLY_ITEMS}
    return cases + [{"about": about, "step": "events", "spec": good, "events": rows} for about, rows in events]


def texts() -> dict[str, str]:
    """File name -> content, as they stand in the repository."""
    files = {
        "features.json": ("Feature spec: `events` encoded by `spec` give exactly `expected`.", good_cases()),
        "bad_features.json": (
            "Refused at `step`: `spec` while parsing the spec, `events` while parsing the events.",
            bad_cases(),
        ),
    }
    files |= vectors_of_signals.files()
    return {name: json.dumps({"about": about, "cases": cases}) + "\n" for name, (about, cases) in files.items()}


def main() -> None:
    """Rewrite the files."""
    for name, text in texts().items():
        (FOLDER / name).write_text(text)


if __name__ == "__main__":
    main()
