"""Writes contracts/vectors/v1: what Python and TypeScript both compute, case by case. `python -m privacy.vectors`.

Sealed bodies are made once and kept (each sealing draws a fresh key); everything else comes out the same on every run.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from contracts import Configuration
from privacy.mechanism_vectors import Case, bad_randomizer_cases, choice_cases, point_cases, randomizer_cases
from privacy.mechanisms import choose_mechanism
from privacy.wire_vectors import bad_envelope_cases, bad_seal_cases, envelope_cases, seal_cases

FOLDER = Path(__file__).resolve().parent.parent / "contracts" / "vectors" / "v1"


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
