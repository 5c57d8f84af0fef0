"""Golden vectors of feature specs of version 2: cases with facts, as `edge_model.vectors` writes them."""

from __future__ import annotations

import random
from typing import Any

from contracts import Event, Fact, FeatureSpec
from edge_model.features import encode

SEED = 20261125
VIEW, CART, LIST, SELECT = "view_item", "add_to_cart", "view_item_list", "select_item"
KINDS = (VIEW, CART, LIST, SELECT, "remove_from_cart", "purchase")


def series(signal: str, *types: str, same_item: bool = False) -> dict[str, Any]:
    """A series as JSON."""
    return {"signal": signal, "types": list(types), "same_item": same_item}


def signal(name: str, of: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A signal as JSON."""
    return {"name": f"signal_{name}", "of": of, "per": None, "window": 20, "decay": 1.0, "edges": [1.0, 2.0, 3.0], **more}


def spec(*inputs: dict[str, Any], length: int = 20, types: tuple[str, ...] = (VIEW,)) -> dict[str, Any]:
    """A spec of version 2 as JSON, items first."""
    return {"version": 2, "length": length, "event_types": list(types), "inputs": [{"name": "item", "items": 900}, *inputs]}


CARTS = signal("carts", series("event", CART))
DWELL = signal("dwell", series("dwell_ms", VIEW), edges=[1000.0, 5000.0, 20000.0], decay=0.5)
SEEN = signal("seen", series("event", VIEW, same_item=True), window=8)
SKIPPED = signal("skipped", series("skip"), per=series("impression"), edges=[0.25, 0.5, 0.75, 1.0])
SCROLLED = signal("scrolled", series("scroll", same_item=True), edges=[25.0, 50.0, 90.0], window=1)
BUYS = signal("cart_share", series("event", CART), per=series("event", VIEW, SELECT), edges=[0.1, 0.3, 0.5], decay=0.9)
EVERYTHING = spec(
    CARTS | {"decay": 0.7, "window": 5, "edges": [0.3, 0.7, 1.0, 1.7]}, DWELL | {"decay": 0.83}, SEEN, SKIPPED, SCROLLED, BUYS,
    length=6, types=(VIEW, CART),
)  # fmt: skip


def events(*rows: tuple[str, int, int] | tuple[str, int, int, int]) -> list[dict[str, Any]]:
    """Rows of (type, item, dwell_ms) one second apart, or with the time in milliseconds as the fourth."""
    return [
        {"type": row[0], "item": row[1], "time_ms": row[3] if len(row) == 4 else 1000 * n, "dwell_ms": row[2]}
        for n, row in enumerate(rows)
    ]


def facts(*rows: tuple[str, int, int, int]) -> list[dict[str, Any]]:
    """Rows of (kind, item, time_ms, percent)."""
    return [{"kind": kind, "item": item, "time_ms": time, "percent": percent} for kind, item, time, percent in rows]


Case = tuple[str, dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]


def hand_made() -> list[Case]:
    """About, spec, events, facts."""
    views = events(*((VIEW, item, 3000) for item in (1, 2, 1, 3, 1)))
    return [
        ("a cart counts from its step on, though it is no event of the sequence", spec(CARTS),
         events((VIEW, 1, 0), (CART, 1, 0), (VIEW, 2, 0), (VIEW, 3, 0)), []),
        ("what follows the last event of the sequence is not counted", spec(CARTS), events((VIEW, 1, 0), (CART, 1, 0)), []),
        ("an event of the sequence counts itself", spec(CARTS, types=(VIEW, CART)), events((CART, 1, 0), (CART, 2, 0)), []),
        ("dwell is known one event later, and decays", spec(DWELL), events(*((VIEW, 1, 2000),) * 6), []),
        ("dwell of 1000 after one step of decay 0.5 is below the edge 1000 and above 500",
         spec(DWELL | {"edges": [500.0, 1000.0]}), events((VIEW, 1, 1000), (VIEW, 2, 0)), []),
        ("a window of one step", spec(SEEN | {"window": 1}), views, []),
        ("a window of three steps", spec(SEEN | {"window": 3}), views, []),
        ("only the same item", spec(SEEN), views, []),
        ("the window reaches further back than `length`", spec(SEEN, length=2), views, []),
        ("a ratio over nothing is 0", spec(SKIPPED), views, []),
        ("a ratio that stands exactly on its edge", spec(SKIPPED), views,
         facts(("impression", 5, 10, 0), ("impression", 6, 10, 0), ("skip", 5, 20, 0))),
        ("of equal time facts first", spec(SKIPPED), views, facts(("impression", 5, 1000, 0), ("skip", 5, 1000, 0))),
        ("a fact after the last event is not seen", spec(SKIPPED), views,
         facts(("skip", 5, 4001, 0), ("impression", 5, 4001, 0))),
        ("scroll of the item itself in its own step", spec(SCROLLED), views,
         facts(("scroll", 1, 500, 30), ("scroll", 2, 900, 60), ("scroll", 1, 1500, 90))),
        ("thirds do not add up to one in binary", spec(BUYS | {"decay": 1 / 3, "edges": [0.1, 1 / 3, 0.5]}),
         events((VIEW, 1, 0), (CART, 1, 0), (VIEW, 2, 0), (SELECT, 1, 0), (VIEW, 3, 0)), []),
        ("a tenth, ten times", spec(CARTS | {"decay": 0.1, "edges": [1.0, 1.1, 1.11, 1.111]}, types=(CART,)),
         events(*((CART, n, 0) for n in range(1, 8))), []),
        ("no event at all", spec(CARTS, SEEN), [], facts(("skip", 5, 10, 0))),
        ("version 2 without a signal is as version 1", spec(), views, []),
    ]  # fmt: skip


def drawn(source: random.Random, count: int) -> Case:
    """A random session for every signal at once."""
    times = sorted(source.randrange(0, 500 * count) for _ in range(count))
    rows = [(source.choice(KINDS), source.randint(1, 6), source.choice([0, 400, 1000, 5000, 77777]), time) for time in times]
    noticed = sorted(
        ((source.choice(["scroll", "impression", "skip"]), source.randint(1, 6), source.choice(times), source.randint(0, 100))
         for _ in range(count)),
        key=lambda row: row[2],
    )  # fmt: skip
    return f"random {count}", EVERYTHING, events(*rows), facts(*noticed)


def good_cases() -> list[dict[str, Any]]:
    """Cases of `signals.json`: about, spec, events, facts, expected."""
    source = random.Random(SEED)
    cases = []
    for about, given, rows, noticed in [*hand_made(), *(drawn(source, n) for n in (1, 2, 3, 5, 8, 13, 21, 34, 55, 89))]:
        record = FeatureSpec.model_validate(given)
        encoded = encode(record, [Event.model_validate(row) for row in rows], [Fact.model_validate(row) for row in noticed])
        expected = {name: values.tolist() for name, values in encoded.items()}
        cases.append(
            {"about": about, "spec": record.model_dump(mode="json"), "events": rows, "facts": noticed, "expected": expected}
        )
    return cases


def bad_cases() -> list[dict[str, Any]]:
    """Cases of `bad_signals.json`: about, step at which they are refused (`spec` or `facts`), spec, facts."""
    specs = [
        ("a signal in version 1", spec(CARTS) | {"version": 1}),
        ("a signal named like an input of version 1", spec(CARTS | {"name": "event_type"})),
        ("a signal twice", spec(CARTS, CARTS)),
        ("a name in capitals", spec(CARTS | {"name": "signal_Carts"})),
        ("a name that does not begin with signal_", spec(CARTS | {"name": "carts"})),
        ("window 0", spec(CARTS | {"window": 0})),
        ("window above 256", spec(CARTS | {"window": 257})),
        ("decay 0", spec(CARTS | {"decay": 0.0})),
        ("decay above 1", spec(CARTS | {"decay": 1.5})),
        ("no edge", spec(CARTS | {"edges": []})),
        ("edge 0", spec(CARTS | {"edges": [0.0, 1.0]})),
        ("edges that do not rise", spec(CARTS | {"edges": [1.0, 1.0]})),
        ("unknown signal", spec(CARTS | {"of": series("hover")})),
        ("event without types", spec(CARTS | {"of": series("event")})),
        ("fact with types", spec(CARTS | {"of": series("skip", VIEW)})),
        ("unknown type in a series", spec(CARTS | {"of": series("event", "hover")})),
        ("a bad series below the line", spec(CARTS | {"per": series("event")})),
        ("unknown key", spec(CARTS | {"half_life": 3})),
        ("a key is missing", spec({key: value for key, value in CARTS.items() if key != "of"})),
    ]
    noticed = [
        ("unknown fact", facts(("hover", 1, 0, 0))),
        ("item 0 is reserved", facts(("skip", 0, 0, 0))),
        ("above 100 percent", facts(("scroll", 1, 0, 101))),
        ("negative time", facts(("scroll", 1, -1, 1))),
    ]
    return [{"about": about, "step": "spec", "spec": given, "facts": []} for about, given in specs] + [
        {"about": about, "step": "facts", "spec": spec(CARTS), "facts": rows} for about, rows in noticed
    ]


def files() -> dict[str, tuple[str, list[dict[str, Any]]]]:
    """File name -> (about, cases)."""
    return {
        "signals.json": (
            "Version 2: `events` and `facts` encoded by `spec` give exactly `expected`.",
            good_cases(),
        ),
        "bad_signals.json": ("Refused at `step`: `spec` while parsing the spec, `facts` while parsing the facts.", bad_cases()),
    }
