"""The guarantees of one closed bucket, as a receipt states them, from the receipt's own fields. Standard library alone."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from privacy.accounting.amplification import shuffled_epsilon
from privacy.accounting.local import epsilon_micro, local_epsilon, round_up
from privacy.accounting.noise import noise_fault, noised_epsilon
from privacy.accounting.support import support_most

DELTA = 1e-8
"""delta of the shuffled and public epsilons."""
DELTA_MOST = 1e-6
"""Largest that an audit accepts: a smaller epsilon can always be bought with a delta that means nothing."""

EXACT = 1e-9
"""The local epsilon comes from integers: the same on every platform."""
LAST_DIGIT = 1.5e-6
"""The other epsilons may differ by the last printed digit, for platforms round `exp` and `lgamma` differently."""


def modulus_and_collision(mechanism: Mapping[str, Any], domain_size: int) -> tuple[int, float]:
    """(m, C) of a mechanism's record; an unknown kind is refused, never guessed."""
    kind = mechanism.get("kind")
    if kind == "affine_point":
        q, dimension = int(mechanism["q"]), int(mechanism["dimension"])
        return q, (q ** (dimension - 1) - 1) / (q**dimension - 1)
    if kind == "k_ary":
        return domain_size + 1, 0.0
    raise ValueError(f"mechanism: got kind {kind!r}, want affine_point or k_ary")


def guarantees(
    mechanism: Mapping[str, Any],
    domain_size: int,
    reports: int,
    minimum_batch: int,
    operators: int,
    delta: float = DELTA,
    n_honest: int | None = None,
    noise: Mapping[str, Any] | None = None,
) -> dict[str, float | None]:
    """{local, shuffled, public, delta} of one client's report, each rounded up; {noised} too where there is noise.

    local: ln(w / v), against everyone who receives the report. shuffled: against the analyzer's operator, claimed only where
    the relay is another operator's (operators 2) and the batch reached its minimum. public: against who sees only what is
    published; sums hold no order, so the shuffled bound holds for them whoever operates, if the other reports are honest.
    `n_honest`: of the reports, those that come from honest clients and hide each other; by default all, as receipts state it.
    noised: by the noise alone (privacy.accounting.noise), against everyone but the analyzer's operator, who adds it: it needs no
    shuffling, no other honest report, and holds for the published counts themselves. `public` is then the smaller of the two.
    """
    w, v = int(mechanism["w"]), int(mechanism["v"])
    local = local_epsilon(w, v)
    found: dict[str, float | None] = {"local": local, "shuffled": None, "public": local, "delta": 0.0}
    if reports >= max(minimum_batch, 2):
        m, collision = modulus_and_collision(mechanism, domain_size)
        honest = reports if n_honest is None else max(1, min(reports, n_honest))
        bound = min(round_up(shuffled_epsilon(w, v, m, collision, honest, delta)), local)
        found |= {"shuffled": bound if operators == 2 else None, "public": bound, "delta": delta}
    if noise is not None:
        noised = min(local, noised_epsilon([(support_most(mechanism, domain_size), noise["sigma"], 1)], delta))
        found |= {"public": min(noised, found["public"] or local), "delta": delta, "noised": noised}
    return found


def check_receipt(receipt: Mapping[str, Any]) -> list[str]:
    """What a receipt states wrongly, one sentence each, with the field's name; [] if every number recomputes."""
    collection = receipt["collection"]
    mechanism, stated = collection["mechanism"], receipt["guarantees"]
    faults = []
    micro = epsilon_micro(int(mechanism["w"]), int(mechanism["v"]))
    if collection["epsilon_micro"] != micro:
        faults.append(f"collection.epsilon_micro: states {collection['epsilon_micro']}, recomputed {micro}")
    if micro > collection["epsilon"] * 1_000_000:
        faults.append(f"collection.epsilon: states {collection['epsilon']}, the weights spend {micro / 1e6}")
    noise = receipt.get("noise")
    wrong = noise_fault(noise, mechanism, collection["domain_size"]) if noise is not None else ""
    faults += [f"noise.{wrong}"] if wrong else []
    computed = guarantees(
        mechanism, collection["domain_size"], receipt["reports"], receipt["minimum_batch"], receipt["operators"],
        stated["delta"] or DELTA, noise=None if wrong else noise,
    )  # fmt: skip
    if not wrong and "noised" in stated and "noised" not in computed:
        faults.append(f"guarantees.noised: states {stated['noised']}, and no noise")
    if stated["delta"] > DELTA_MOST:
        faults.append(f"guarantees.delta: states {stated['delta']}, want at most {DELTA_MOST}")
    for field, value in computed.items():
        if not _same(stated.get(field), value, EXACT if field == "local" else LAST_DIGIT):
            faults.append(f"guarantees.{field}: states {stated.get(field)}, recomputed {value}")
    return faults


def _same(stated: float | None, computed: float | None, within: float) -> bool:
    if stated is None or computed is None:
        return stated is computed
    return math.isclose(stated, computed, rel_tol=0, abs_tol=within)
