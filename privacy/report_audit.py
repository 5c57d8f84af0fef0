"""What a shipped bundle's reports must and must not depend on: scripts of a browser's life, and the judgement of what came out.

A life is run elsewhere (intently/auditing/harness.js, in Chromium, on the shipped file); here are values in, findings out. Pure.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contracts import BODY_BYTES, MICRO, Bucket, Collection, Configuration, unpack_plaintext
from privacy.errors import MechanismRefused, SealingError
from privacy.mechanisms import mechanism_of
from privacy.randomizer import randomize
from privacy.sealing import open_sealed

EPOCH_S = 21_600
START_MS = 1_800_000_000_000 - 1_800_000_000_000 % (EPOCH_S * 1000) + 5_000
"""Five seconds into an epoch."""
CAP_EPSILON = 32.0
ORIGIN = "https://shop.example"
Life = Mapping[str, Any]
"""{posts, slots, chance, floats, states} as the harness returns it."""
Script = dict[str, Any]


@dataclass(frozen=True)
class Finding:
    """One thing that was checked."""

    name: str
    ok: bool
    what: str
    """What was seen, in one sentence."""


@dataclass(frozen=True)
class Terms:
    """What the audited browser is told: one collection, sealed to a key of the auditor's own."""

    collection: Collection
    shop: str
    demo: bool
    private_key: bytes
    public_key: bytes

    @property
    def configuration(self) -> Configuration:
        """At the defaults of the design."""
        return Configuration(
            shop=self.shop, demo=False, epoch_s=EPOCH_S, draw_min_ms=20_000, draw_max_ms=60_000, minimum_batch=10_000,
            cap_epsilon=CAP_EPSILON, poll_s=EPOCH_S, reports_url="", collections=(self.collection,),
        )  # fmt: skip

    @property
    def release(self) -> str:
        """SHA-256 of the configuration."""
        return hashlib.sha256(self.configuration.to_bytes()).hexdigest()

    def script(self, pages: Sequence[Mapping[str, Any]], seed: int | None = None, answers: Sequence[int] = (202,)) -> Script:
        """For the harness; `seed`: chance of the auditor's own, None for the system's."""
        key = {"key_id": 1, "public_key": self.public_key.hex(), "state": "active"}
        expires = START_MS // 1000 + 400 * 86_400
        return {
            "start_ms": START_MS, "pages": list(pages), "answers": list(answers), "seed": seed,
            "pinned": {"releaseKey": "", "shop": self.shop, "demo": self.demo, "version": "audit"},
            "terms": {
                "configuration": self.configuration.model_dump(mode="json"), "manifest": {"expires": expires},
                "release": {"expires": expires, "hpke_keys": [key], "configuration": {"sha256": self.release}},
            },
        }  # fmt: skip


def page(at_s: float, until_s: float, events: Sequence[tuple[float, str, int]] = ()) -> dict[str, Any]:
    """A page open from `at_s` to `until_s`, seconds after the start; events (at_s, kind, value)."""
    at = [[START_MS + int(1000 * when), kind, value] for when, kind, value in events]
    return {"at_ms": START_MS + int(1000 * at_s), "until_ms": START_MS + int(1000 * until_s), "events": at}


def worlds(terms: Terms, seed: int) -> dict[str, tuple[Script, Script]]:
    """Pairs of lives with the same pages and the same chance: one looks at things, the other does not."""
    kind, most = terms.collection.kind, terms.collection.domain_size
    busy = [(1.0 + i / 2, kind, 1 + (7 * i) % most) for i in range(30)]
    return {
        "one page": (terms.script([page(0, 300, busy)], seed), terms.script([page(0, 300)], seed)),
        "closed before the time drawn": (
            terms.script([page(0, 18, busy), page(3600, 3700)], seed),
            terms.script([page(0, 18), page(3600, 3700)], seed),
        ),
        "a relay that is busy": (
            terms.script([page(0, 300, busy), page(3600, 3700)], seed, (503, 202)),
            terms.script([page(0, 300), page(3600, 3700)], seed, (503, 202)),
        ),
    }


def seen(life: Life) -> list[tuple[Any, ...]]:
    """All of a life's requests that a network sees: when, where to, how, how long."""
    return [
        (
            post["at_ms"], post["method"], post["url"], str(post["headers"]), post["credentials"], post["referrerPolicy"],
            post["keepalive"], str(post["other"]), len(post["body"]) // 2,
        )
        for post in life["posts"]
    ]  # fmt: skip


NAMES = ("time", "method", "URL", "headers", "credentials", "referrer", "keepalive", "other options", "size")


def compare_worlds(name: str, busy: Life, idle: Life) -> Finding:
    """Whether the two lives look the same from outside, and send at all."""
    one, other = seen(busy), seen(idle)
    if len(one) != len(other):
        return Finding(f"two worlds, {name}", False, f"a busy browser posts {len(one)} times, an idle one {len(other)} times")
    if not one:
        return Finding(f"two worlds, {name}", False, "neither browser posted anything, so nothing was compared")
    odd = sorted({NAMES[at] for a, b in zip(one, other, strict=True) for at in range(len(NAMES)) if a[at] != b[at]})
    what = f"{', '.join(odd)} of a post depend on behaviour" if odd else f"{len(one)} posts alike in {', '.join(NAMES)}"
    return Finding(f"two worlds, {name}", not odd, what)


def check_form(terms: Terms, life: Life) -> Finding:
    """Length, place and options of each post, as the wire format has them."""
    for post in life["posts"]:
        path, faults = post["url"].removeprefix(ORIGIN), []
        faults += [f"{len(post['body']) // 2} bytes, want {BODY_BYTES}"] if len(post["body"]) != 2 * BODY_BYTES else []
        epoch = post["at_ms"] // (1000 * EPOCH_S)
        want = Bucket(terms.release, terms.collection.id, epoch, 1).path()
        faults += [f"path {path}, want {want}"] if path != want else []
        sent = (post["method"], post["credentials"], post["referrerPolicy"], post["headers"])
        plain = ("POST", "omit", "no-referrer", [["Content-Type", "text/plain"]])
        faults += [f"{sent}, want {plain}"] if sent != plain else []
        if faults:
            return Finding("form of a post", False, "; ".join(faults))
    return Finding(
        "form of a post", bool(life["posts"]), f"{len(life['posts'])} posts of {BODY_BYTES} bytes, as the wire format says"
    )


def check_chance(terms: Terms, value: int, life: Life) -> Finding:
    """Whether what was sealed is the randomizer's answer to `value` on the bytes that the system gave, and on no other chance."""
    name = "chance and message"
    if life["floats"]:
        return Finding(name, False, f"Math.random was called {life['floats']} times; want crypto.getRandomValues alone")
    if len(life["posts"]) != 1:
        return Finding(name, False, f"{len(life['posts'])} posts, want 1")
    post = life["posts"][0]
    drawn = b"".join(bytes.fromhex(given) for at_ms, given in life["chance"] if at_ms == post["at_ms"])
    bucket = Bucket(terms.release, terms.collection.id, post["at_ms"] // (1000 * EPOCH_S), 1)
    left = [drawn]

    def tape(count: int) -> bytes:
        if len(left[0]) < count:
            raise MechanismRefused("no bytes left")
        given, left[0] = left[0][:count], left[0][count:]
        return given

    try:
        _, message = unpack_plaintext(open_sealed(bytes.fromhex(post["body"]), terms.private_key, bucket.info()))
        want = randomize(mechanism_of(terms.collection), value, tape)
    except (SealingError, MechanismRefused) as error:
        return Finding(name, False, f"drew {len(drawn)} random bytes for this report: {error}")
    if left[0] or message != want:
        return Finding(
            name, False, f"sealed message {message}; the bytes drawn give {want}, {len(left[0])} of {len(drawn)} unused"
        )
    return Finding(name, True, f"message {message} is the mechanism's answer to value {value} on the {len(drawn)} bytes drawn")


def check_debits(terms: Terms, life: Life) -> Finding:
    """Whether each post was paid for, and none beyond the cap."""
    name, micro = "debit before each post", terms.collection.epsilon_micro
    fits = math.floor(CAP_EPSILON * MICRO) // micro
    paid = [slot["debit_micro"] for slot in life["slots"] if slot["body"] is not None]
    posts = len({post["url"] for post in life["posts"]})
    if paid.count(micro) < posts or any(each not in (0, micro) for each in paid):
        return Finding(
            name, False, f"{posts} reports left, the ledger was debited {sorted(paid)} millionths; want {micro} for each"
        )
    if posts != fits:
        return Finding(name, False, f"{posts} reports left under a cap of {CAP_EPSILON:g}; {fits} of {micro / MICRO} fit")
    return Finding(name, True, f"{posts} reports of {micro / MICRO}, then silence: {fits} fit under {CAP_EPSILON:g}")


def check_resend(life: Life) -> Finding:
    """Whether bytes that a busy relay did not take are the ones tried again."""
    bodies = [post["body"] for post in life["posts"]]
    if len(bodies) != 2:
        return Finding("resend", False, f"{len(bodies)} posts after an answer of 503 and another page, want 2")
    same = bodies[0] == bodies[1]
    return Finding("resend", same, "the identical bytes" if same else "other bytes: the value was randomized or sealed again")


def budget_script(terms: Terms) -> Script:
    """A visit in each of sixteen epochs or more: the cap must end it."""
    fits = math.floor(CAP_EPSILON * MICRO) // terms.collection.epsilon_micro
    event = terms.collection.kind
    return terms.script(
        [page(EPOCH_S * e, EPOCH_S * e + 120, [(EPOCH_S * e + 5.0, event, 1)]) for e in range(min(fits + 3, 200))]
    )


def value_script(terms: Terms, value: int) -> Script:
    """One visit with one event, or none where the value is 0."""
    events = [(5.0, terms.collection.kind, value)] if value else []
    return terms.script([page(0, 200, events)])
