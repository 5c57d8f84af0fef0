"""Writes contracts/vectors/v1: what Python and TypeScript both compute, case by case. `python -m privacy.vectors`.

Sealed bodies are made once and kept (each sealing draws a fresh key); everything else comes out the same on every run.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from contracts import Bucket, Configuration, pack_plaintext, pre_authentication_encoding
from privacy.mechanisms import AffinePoint, KAry, Mechanism, choose_mechanism
from privacy.randomizer import randomize
from privacy.sealing import seal, x25519_public
from privacy.signing import public_key_of, sign

FOLDER = Path(__file__).resolve().parent.parent / "contracts" / "vectors" / "v1"
Case = dict[str, Any]


def mechanism_case(mechanism: Mechanism) -> Case:
    """Parameters as a collection states them."""
    return {"domain_size": mechanism.domain_size, "mechanism": mechanism.record().model_dump()}


class Tape:
    """A seeded byte source that remembers what it gave."""

    def __init__(self, seed: int | None = None, begin: bytes = b"") -> None:
        self._rng, self._begin, self.given = random.Random(seed), begin, b""

    def __call__(self, count: int) -> bytes:
        """The next bytes."""
        taken, self._begin = self._begin[:count], self._begin[count:]
        taken += self._rng.randbytes(count - len(taken))
        self.given += taken
        return taken


MECHANISMS: tuple[Mechanism, ...] = (
    AffinePoint(2000, 53, 2, 54, 1),
    AffinePoint(43000, 53, 3, 54, 1),
    AffinePoint(43000, 2971, 2, 2980, 1),
    AffinePoint(43000, 7, 6, 22, 3),
    AffinePoint(43000, 3, 10, 19, 7),
    AffinePoint(600, 5, 4, 11, 3),
    KAry(12, 54, 1),
    KAry(100, 19, 7),
)


def randomizer_cases() -> list[Case]:
    """Value and bytes in, message out."""
    cases = []
    for number, mechanism in enumerate(MECHANISMS):
        for step in range(24):
            value = (
                (0, 1, mechanism.domain_size)[step]
                if step < 3
                else random.Random(f"{number}/{step}").randint(0, mechanism.domain_size)
            )
            cases.append(_randomized(mechanism, value, Tape(1000 * number + step)))
    cases.append({**_randomized(MECHANISMS[0], 7, Tape(1, b"\xff\xff\xff\xff" * 2)), "note": "two draws are rejected"})
    cases += [_offset_case(u) for u in (0, 53, 54, 55, 105)]
    cases += [_draw_case(AffinePoint(20, 5, 2, 7, 2), 13, u) for u in range(15)]
    cases += [_draw_case(KAry(4, 5, 2), 0, u) for u in range(13)]
    return cases


def _randomized(mechanism: Mechanism, value: int, tape: Tape) -> Case:
    message = randomize(mechanism, value, tape)
    return {**mechanism_case(mechanism), "value": value, "random_hex": tape.given.hex(), "message": message}


def _offset_case(u: int) -> Case:
    mechanism = AffinePoint(2000, 53, 2, 54, 1)
    tape = Tape(0, (17).to_bytes(4, "big") + u.to_bytes(4, "big"))
    return {**_randomized(mechanism, 1234, tape), "note": f"u = {u}: offset {mechanism.offset(u)}"}


def _draw_case(mechanism: Mechanism, value: int, u: int) -> Case:
    """The draw u of a small mechanism: with all of them, every offset as often as its weight."""
    direction = (3).to_bytes(4, "big") if isinstance(mechanism, AffinePoint) else b""
    tape = Tape(0, direction + u.to_bytes(4, "big"))
    return {**_randomized(mechanism, value, tape), "note": f"u = {u}: offset {mechanism.offset(u)}"}


def bad_randomizer_cases() -> list[Case]:
    """Each fails at the step that it names: `mechanism` (parameters) or `value`."""

    def affine(q: int, dimension: int, w: int, v: int, domain_size: int = 2000) -> Case:
        return {"domain_size": domain_size, "mechanism": {"kind": "affine_point", "q": q, "dimension": dimension, "w": w, "v": v}}

    def k_ary(domain_size: int, w: int, v: int) -> Case:
        return {"domain_size": domain_size, "mechanism": {"kind": "k_ary", "w": w, "v": v}}

    good = affine(53, 2, 54, 1)
    return [
        {"fails_at": "mechanism", "why": "w equals v", **affine(53, 2, 1, 1), "value": 1},
        {"fails_at": "mechanism", "why": "w below v", **affine(53, 2, 3, 5), "value": 1},
        {"fails_at": "mechanism", "why": "v is 0", **affine(53, 2, 54, 0), "value": 1},
        {"fails_at": "mechanism", "why": "q is not prime", **affine(55, 2, 54, 1), "value": 1},
        {"fails_at": "mechanism", "why": "q is 1", **affine(1, 2, 54, 1), "value": 1},
        {"fails_at": "mechanism", "why": "q ** D does not exceed d", **affine(43, 2, 54, 1), "value": 1},
        {"fails_at": "mechanism", "why": "D is 1", **affine(53, 1, 54, 1, 50), "value": 1},
        {"fails_at": "mechanism", "why": "a message would not fit 32 bits", **affine(65521, 3, 54, 1), "value": 1},
        {"fails_at": "mechanism", "why": "k-ary with w below v", **k_ary(12, 1, 2), "value": 1},
        {"fails_at": "mechanism", "why": "empty domain", **k_ary(0, 54, 1), "value": 0},
        {"fails_at": "mechanism", "why": "unknown kind", "domain_size": 12, "mechanism": {"kind": "identity", "w": 54, "v": 1}, "value": 1},
        {"fails_at": "value", "why": "negative", **good, "value": -1},
        {"fails_at": "value", "why": "not an integer", **good, "value": 1.5},
        {"fails_at": "value", "why": "above d", **good, "value": 2001},
        {"fails_at": "value", "why": "above d, k-ary", **k_ary(12, 54, 1), "value": 13},
    ]  # fmt: skip


def point_cases() -> list[Case]:
    """Points of values and directions of indices."""
    cases = []
    for number, mechanism in enumerate(MECHANISMS):
        if not isinstance(mechanism, AffinePoint):
            continue
        rng, last = random.Random(number), mechanism.directions - 1
        values = [0, 1, mechanism.domain_size, *(rng.randint(0, mechanism.domain_size) for _ in range(9))]
        indices = [0, 1, last, last - 1, *(rng.randint(0, last) for _ in range(8))]
        cases.append({
            **mechanism_case(mechanism),
            "directions": mechanism.directions,
            "points": [{"value": value, "point": list(mechanism.point(value))} for value in values],
            "by_index": [{"index": index, "direction": list(mechanism.direction(index))} for index in indices],
        })  # fmt: skip
    return cases


def choice_cases() -> list[Case]:
    """Mechanism chosen for a domain and a nominal epsilon, with what a ledger debits."""
    chosen = [(d, e, choose_mechanism(d, e)) for d in (5, 12, 165, 166, 600, 5000, 43000) for e in (1.0, 2.0, 4.0, 6.0, 8.0)]
    return [{"epsilon": e, "epsilon_micro": m.epsilon_micro, **mechanism_case(m)} for _, e, m in chosen]


PRIVATE_KEY = bytes(range(32))


def seal_cases(made: list[Case]) -> list[Case]:
    """Bucket -> path and info; body -> plaintext. `made` holds bodies of an earlier run."""
    cases = []
    for number, (collection, epoch, key_id, message) in enumerate(
        [(1, 0, 1, 0), (2, 82_000, 1, 151_738), (255, 0xFFFFFFFF, 255, 0xFFFFFFFF)]
    ):
        bucket = Bucket(hashlib.sha256(b"release %d" % number).hexdigest(), collection, epoch, key_id)
        plaintext = pack_plaintext(collection, message)
        body = (
            made[number]["body_hex"] if number < len(made) else seal(plaintext, x25519_public(PRIVATE_KEY), bucket.info()).hex()
        )
        cases.append({
            "release": bucket.release, "collection": collection, "epoch": epoch, "key_id": key_id, "message": message,
            "path": bucket.path(), "info_hex": bucket.info().hex(), "plaintext_hex": plaintext.hex(),
            "private_key_hex": PRIVATE_KEY.hex(), "public_key_hex": x25519_public(PRIVATE_KEY).hex(), "body_hex": body,
        })  # fmt: skip
    return cases


def bad_seal_cases(good: list[Case]) -> list[Case]:
    """Each must not open."""
    first = good[0]
    body, info = bytes.fromhex(first["body_hex"]), bytes.fromhex(first["info_hex"])
    flipped = body[:40] + bytes([body[40] ^ 1]) + body[41:]
    other = info[:-1] + bytes([info[-1] ^ 1])
    base = {"private_key_hex": first["private_key_hex"], "fails_at": "open"}
    return [
        {**base, "why": "one bit of the ciphertext", "body_hex": flipped.hex(), "info_hex": info.hex()},
        {**base, "why": "one bit of enc", "body_hex": (bytes([body[0] ^ 1]) + body[1:]).hex(), "info_hex": info.hex()},
        {**base, "why": "info of another release", "body_hex": body.hex(), "info_hex": other.hex()},
        {**base, "why": "55 bytes", "body_hex": body[:-1].hex(), "info_hex": info.hex()},
        {**base, "why": "57 bytes", "body_hex": (body + b"\0").hex(), "info_hex": info.hex()},
        {
            **base,
            "why": "another key",
            "private_key_hex": bytes(range(1, 33)).hex(),
            "body_hex": body.hex(),
            "info_hex": info.hex(),
        },
    ]


SIGNING_KEY = hashlib.sha256(b"intently vectors").digest()


def envelope_cases() -> list[Case]:
    """Payload -> PAE and a signature that holds."""
    cases = []
    for kind, payload in (
        ("application/vnd.intently.manifest+json", b'{"version":1}'),
        ("t", b""),
        ("type/é", bytes(range(256))),
    ):
        envelope = sign(kind, payload, SIGNING_KEY)
        cases.append({
            "payload_type": kind, "payload_hex": payload.hex(), "pae_hex": pre_authentication_encoding(kind, payload).hex(),
            "public_key_hex": public_key_of(SIGNING_KEY).hex(), "envelope": envelope.model_dump(),
        })  # fmt: skip
    return cases


def bad_envelope_cases() -> list[Case]:
    """Each fails at `type`, `key` or `signature`."""
    good = envelope_cases()[0]
    base = {"payload_type": good["payload_type"], "public_key_hex": good["public_key_hex"]}
    envelope = good["envelope"]
    signature = envelope["signatures"][0]
    raw = bytearray(base64.b64decode(signature["sig"]))
    raw[5] ^= 1
    flipped = {**signature, "sig": base64.b64encode(bytes(raw)).decode()}
    other = public_key_of(hashlib.sha256(b"another").digest()).hex()
    return [
        {**base, "fails_at": "signature", "why": "payload changed", "envelope": {**envelope, "payload": base64.b64encode(b'{"version":2}').decode()}},
        {**base, "fails_at": "signature", "why": "signature changed", "envelope": {**envelope, "signatures": [flipped]}},
        {**base, "fails_at": "type", "why": "type changed", "envelope": {**envelope, "payloadType": "application/vnd.intently.release+json"}},
        {**base, "fails_at": "key", "why": "signed by another key", "public_key_hex": other, "envelope": envelope},
    ]  # fmt: skip


def configuration_base() -> Case:
    """A configuration that every bundle takes."""
    mechanism = choose_mechanism(43000, 4.0)
    return {
        "version": 1, "shop": "vectors", "demo": False, "epoch_s": 21600, "draw_min_ms": 20000, "draw_max_ms": 60000,
        "minimum_batch": 10000, "cap_epsilon": 32.0, "cap_days": 90, "poll_s": 300, "reports_url": "",
        "collections": [{
            "id": 1, "name": "item_dwelled", "kind": "item_dwelled", "domain_size": 43000, "epsilon": 4.0,
            "epsilon_micro": mechanism.epsilon_micro, "mechanism": mechanism.record().model_dump(), "share": 1, "dwell_ms": 3000,
        }],
    }  # fmt: skip


def limit_cases() -> list[Case]:
    """Configurations and whether a published (demo: false) or a demo bundle may act on them, whoever signed them."""
    base = configuration_base()

    def collection(**changed: Any) -> Case:
        return {**base, "collections": [{**base["collections"][0], **changed}]}

    strong = {"kind": "affine_point", "q": 2971, "dimension": 2, "w": 2990, "v": 1}
    demo = {**base, "demo": True, "epoch_s": 20, "draw_min_ms": 0, "draw_max_ms": 10000}
    return [
        {"why": "within every limit", "demo_bundle": False, "accepted": True, "configuration": base},
        {"why": "demo configuration in a demo bundle", "demo_bundle": True, "accepted": True, "configuration": demo},
        {"why": "demo configuration in a published bundle", "demo_bundle": False, "accepted": False, "configuration": demo},
        {"why": "epoch of 20 s without demo", "demo_bundle": False, "accepted": False, "configuration": {**base, "epoch_s": 20, "draw_min_ms": 0, "draw_max_ms": 1000}},
        {"why": "demo epoch of 5 s", "demo_bundle": True, "accepted": False, "configuration": {**demo, "epoch_s": 5, "draw_max_ms": 1000}},
        {"why": "epsilon above 8", "demo_bundle": False, "accepted": False, "configuration": collection(epsilon=8.1, epsilon_micro=8_003_029, mechanism=strong)},
        {"why": "weights above 8, nominal says 8", "demo_bundle": False, "accepted": False, "configuration": collection(epsilon=8.0, epsilon_micro=8_000_000, mechanism=strong)},
        {"why": "epsilon_micro below ln(w / v)", "demo_bundle": False, "accepted": False, "configuration": collection(epsilon_micro=1_000_000)},
        {"why": "epsilon_micro above the nominal epsilon", "demo_bundle": False, "accepted": False, "configuration": collection(epsilon=3.9)},
        {"why": "cap above 64", "demo_bundle": False, "accepted": False, "configuration": {**base, "cap_epsilon": 65.0}},
        {"why": "T may fall after the epoch", "demo_bundle": False, "accepted": False, "configuration": {**base, "draw_max_ms": 21_600_000}},
        {"why": "two collections share an id", "demo_bundle": False, "accepted": False, "configuration": {**base, "collections": base["collections"] * 2}},
        {"why": "mechanism of an unknown kind", "demo_bundle": False, "accepted": False, "configuration": collection(mechanism={"kind": "identity"})},
        {"why": "share of 0", "demo_bundle": False, "accepted": False, "configuration": collection(share=0)},
    ]  # fmt: skip


def client_ledger_cases() -> list[Case]:
    """Debits in order, in millionths of epsilon: [time_ms, micro, allowed, spent after]. A debit counts for 90 days."""
    day, micro = 86_400_000, 3_988_985
    full = [[n * 21_600_000, micro, True, (n + 1) * micro] for n in range(8)]
    return [
        {"why": "the ninth is refused at cap 32", "cap_epsilon": 32.0, "cap_days": 90, "operations": [*full, [8 * 21_600_000, micro, False, 8 * micro]]},
        {"why": "what is 90 days old counts no more", "cap_epsilon": 32.0, "cap_days": 90, "operations": [
            *full, [90 * day - 1, micro, False, 8 * micro], [90 * day, micro, True, 8 * micro]]},
        {"why": "exactly the cap fits", "cap_epsilon": 8.0, "cap_days": 90, "operations": [
            [0, 4_000_000, True, 4_000_000], [1, 4_000_000, True, 8_000_000], [2, 1, False, 8_000_000]]},
        {"why": "a clock that goes back frees nothing", "cap_epsilon": 8.0, "cap_days": 90, "operations": [
            [100 * day, 5_000_000, True, 5_000_000], [0, 4_000_000, False, 5_000_000], [100 * day + 1, 3_000_000, True, 8_000_000]]},
        {"why": "a cap of 0.5 takes no report of 1", "cap_epsilon": 0.5, "cap_days": 90, "operations": [[0, 1_000_000, False, 0]]},
    ]  # fmt: skip


def load_cases(name: str) -> list[Case]:
    """Cases of a vector file; [] if it is not there yet."""
    path = FOLDER / f"{name}.json"
    cases: list[Case] = json.loads(path.read_text())["cases"] if path.exists() else []
    return cases


ABOUT: dict[str, tuple[str, Callable[[], list[Case]]]] = {
    "randomizer": ("privacy.randomizer.randomize: bytes are consumed in order, all of random_hex is used.", randomizer_cases),
    "bad_randomizer": ("Must be refused, at the step fails_at: mechanism or value.", bad_randomizer_cases),
    "points": ("Points of values and directions of indices (affine_point).", point_cases),
    "mechanisms": ("choose_mechanism(domain_size, epsilon), and epsilon_micro = ceil(1e6 ln(w / v)).", choice_cases),
    "seal": (
        "Path and HPKE info of a bucket; a sealed body that opens to the plaintext.",
        lambda: seal_cases(load_cases("seal")),
    ),
    "bad_seal": ("Bodies that must not open.", lambda: bad_seal_cases(seal_cases(load_cases("seal")))),
    "envelope": ("DSSE: pre-authentication encoding and an Ed25519 signature that holds.", envelope_cases),
    "bad_envelope": ("Envelopes that must be refused, at the step fails_at: type, key or signature.", bad_envelope_cases),
    "limits": ("Configurations that a bundle accepts or refuses by its own constants.", limit_cases),
    "client_ledger": ("Operations of a client's ledger: [time_ms, micro, allowed, spent after].", client_ledger_cases),
}


def text_of(name: str) -> str:
    """A vector file as it stands in the repository."""
    about, cases = ABOUT[name]
    lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases())
    return f'{{"about": {json.dumps(about)}, "cases": [\n{lines}\n]}}\n'


def main() -> None:
    """Rewrite every file."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in ABOUT:
        (FOLDER / f"{name}.json").write_text(text_of(name))


if __name__ == "__main__":
    Configuration.model_validate(configuration_base())
    main()
