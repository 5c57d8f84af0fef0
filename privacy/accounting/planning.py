"""What a plan of collections spends, and what is wrong with it; for the command line and the auditor's browser alike.

The worst case: a client that visits in every epoch and is asked the same collection each time. It reports until the cap silences
it, and again when debits are older than the cap's days. Standard library alone; a plan is a mapping whose keys and defaults are
those of `privacy.plan.Plan`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from privacy.accounting.choosing import EPSILON_MOST, choose, mechanism_name
from privacy.accounting.composition import Batches, composed_epsilon
from privacy.accounting.guarantees import DELTA, guarantees, modulus_and_collision
from privacy.accounting.limits import limit_faults
from privacy.accounting.local import epsilon_micro, round_up
from privacy.accounting.noise import EPSILON_LEAST, noise_for, noised_epsilon
from privacy.accounting.noise import EPSILON_MOST as NOISE_EPSILON_MOST
from privacy.accounting.score import support_of_record

MICRO, CAP_DAYS, DAY_S = 1_000_000, 90, 86_400
AUDIENCES = ("local", "shuffled", "public")
NOISED = "noised"
"""The fourth audience, where a plan asks for noise: all but the analyzer's operator, whoever else colludes."""
SPANS = {"day": 1, "month": 30, "cap": CAP_DAYS, "year": 365}
"""Days of each column."""
CURVE_DAYS = (1, 2, 3, 5, 7, 10, 14, 21, 30, 45, 60, 90, 120, 180, 270, 365)
DEFAULTS: Mapping[str, Any] = {
    "epoch_s": 21_600, "cap_epsilon": 32.0, "minimum_batch": 10_000, "operators": 1, "honest_share": 1.0, "delta": DELTA,
    "demo": False, "noise_epsilon": None,
}  # fmt: skip
COLLECTION_DEFAULTS: Mapping[str, Any] = {"share": 1}
COLLECTION_KEYS = {"name", "domain_size", "epsilon", "batch", "share"}


def filled(document: Any) -> dict[str, Any]:
    """A plan with its defaults, as the browser's console reads it; raises `ValueError` with the place of the first fault."""
    if not isinstance(document, dict) or not isinstance(document.get("collections"), list) or not document["collections"]:
        raise ValueError("a plan is an object with a list 'collections' of at least one")
    if unknown := sorted(set(document) - set(DEFAULTS) - {"collections"}):
        raise ValueError(f"{unknown[0]}: unknown key, want {', '.join(sorted(DEFAULTS))} or collections")
    plan = {**DEFAULTS, **document, "collections": [_collection(at, each) for at, each in enumerate(document["collections"])]}
    whole = all(type(plan[name]) is int and plan[name] >= 1 for name in ("epoch_s", "minimum_batch"))
    shares = 0 < plan["honest_share"] <= 1 and 1e-10 <= plan["delta"] < 1 and plan["cap_epsilon"] > 0
    if not whole or not shares or plan["operators"] not in (1, 2) or type(plan["demo"]) is not bool:
        raise ValueError("want epoch_s, minimum_batch >= 1; operators 1 or 2; 0 < honest_share <= 1; delta in [1e-10, 1); a cap")
    noise = plan["noise_epsilon"]
    if noise is not None and not (type(noise) in (int, float) and EPSILON_LEAST <= noise <= NOISE_EPSILON_MOST):
        raise ValueError(f"noise_epsilon: got {noise!r}, want null, or {EPSILON_LEAST:g} to {NOISE_EPSILON_MOST:g}")
    return plan


def _collection(at: int, each: Any) -> dict[str, Any]:
    if not isinstance(each, dict) or set(each) - COLLECTION_KEYS or COLLECTION_KEYS - {"share"} - set(each):
        raise ValueError(f"collections.{at}: want {', '.join(sorted(COLLECTION_KEYS))}")
    found = {**COLLECTION_DEFAULTS, **each}
    if not all(type(found[name]) is int and found[name] >= 1 for name in ("domain_size", "batch", "share")):
        raise ValueError(f"collections.{at}: domain_size, batch and share are whole and at least 1")
    if type(found["epsilon"]) not in (int, float) or found["epsilon"] <= 0:
        raise ValueError(f"collections.{at}: epsilon is above 0")
    return found


def reports_in(days: int, micro: int, epoch_s: int, cap_epsilon: float) -> int:
    """Reports of a client that visits in every epoch, in its first `days` days."""
    fits = math.floor(cap_epsilon * MICRO) // micro
    epochs, a_round = -(-days * DAY_S // epoch_s), -(-CAP_DAYS * DAY_S // epoch_s)
    if fits >= a_round:
        return epochs
    return epochs // a_round * fits + min(fits, epochs % a_round)


def plan_report(plan: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of `privacy.plan.PlanReport`."""
    mechanisms: dict[str, dict[str, Any]] = {}
    faults = _faults(plan, mechanisms)
    rows, curve, silent, noises = [], {}, dict[str, float | None](), dict[str, dict[str, Any]]()
    for each in plan["collections"]:
        if each["name"] not in mechanisms:
            continue
        mechanism = mechanisms[each["name"]]
        fits = math.floor(plan["cap_epsilon"] * MICRO) // epsilon_micro(mechanism["w"], mechanism["v"])
        silent[each["name"]] = fits * plan["epoch_s"] / DAY_S if fits * plan["epoch_s"] < CAP_DAYS * DAY_S else None
        noise = None
        if plan["noise_epsilon"] is not None:
            noise = noise_for(mechanism, each["domain_size"], plan["noise_epsilon"], plan["delta"])
            noises[each["name"]] = {**noise, **_spread(mechanism, each, noise)}
        for audience in (*AUDIENCES, NOISED) if noise else AUDIENCES:
            spent = _Spent(plan, each, mechanism, audience, noise)
            rows.append(spent.row())
            if spent.claimed:
                curve[f"{each['name']}/{audience}"] = [(day, spent.after(day)) for day in CURVE_DAYS]
    sizes = {each["name"]: each["domain_size"] for each in plan["collections"]}
    named = {name: mechanism_name(mechanism, sizes[name]) for name, mechanism in mechanisms.items()}
    return {
        "fits": not faults, "faults": faults, "delta": plan["delta"], "mechanisms": named, "silent_after_days": silent,
        "rows": rows, "curve": curve, "noise": noises,
    }  # fmt: skip


def _spread(mechanism: Mapping[str, Any], each: Mapping[str, Any], noise: Mapping[str, Any]) -> dict[str, float]:
    """{sd, sd_without}: standard deviation of the count of a value that nobody reports, with the noise and without."""
    supports = (support_of_record(mechanism, each["domain_size"], found) for found in (noise, None))
    sd, sd_without = (round(math.sqrt(support.variance(each["batch"])), 1) for support in supports)
    return {"sd": sd, "sd_without": sd_without}


def noise_words(name: str, noise: Mapping[str, Any]) -> str:
    """What noise costs, in one sentence."""
    return (
        f"{name}: noise of sigma {noise['sigma']:g} on counts of which one report moves {2 * noise['support_most']:,} at most; "
        f"the count of a value that nobody reports spreads by {noise['sd']:,} instead of {noise['sd_without']:,}"
    )


class _Spent:
    """Epsilon of one collection against one audience."""

    def __init__(
        self, plan: Mapping[str, Any], each: Mapping[str, Any], mechanism: dict[str, Any], audience: str,
        noise: dict[str, Any] | None,
    ) -> None:  # fmt: skip
        self.plan, self.each, self.mechanism, self.audience, self.noise = plan, each, mechanism, audience, noise
        self.micro = epsilon_micro(mechanism["w"], mechanism["v"])
        self.honest = max(1, math.floor(each["batch"] * plan["honest_share"]))
        one = guarantees(
            mechanism, each["domain_size"], each["batch"], plan["minimum_batch"], plan["operators"], plan["delta"],
            n_honest=self.honest, noise=noise,
        )  # fmt: skip
        self.report = one[audience]
        self.claimed = self.report is not None
        self.amplified = audience in ("shuffled", "public") and each["batch"] >= max(plan["minimum_batch"], 2)

    def after(self, days: int) -> float:
        """So far, rounded up: the smallest of the bounds that hold against this audience."""
        count, delta = self.reports(days), self.plan["delta"]
        bounds = [count * self.micro / MICRO]
        if self.amplified and count:
            modulus, collision = modulus_and_collision(self.mechanism, self.each["domain_size"])
            batches = Batches(self.mechanism["w"], self.mechanism["v"], modulus, collision, self.honest, count)
            bounds.append(round_up(composed_epsilon([batches], delta)))
        if self.noise and self.audience in ("public", NOISED):
            bounds.append(noised_epsilon([(self.noise["support_most"], self.noise["sigma"], count)], delta))
        return min(bounds)

    def reports(self, days: int) -> int:
        """So far."""
        return reports_in(days, self.micro, self.plan["epoch_s"], self.plan["cap_epsilon"])

    def row(self) -> dict[str, Any]:
        """All spans."""
        spans = {name: self.after(days) if self.claimed else None for name, days in SPANS.items()}
        counts = {name: self.reports(days) for name, days in SPANS.items()}
        return {"collection": self.each["name"], "audience": self.audience, "report": self.report, "reports": counts, **spans}


def _faults(plan: Mapping[str, Any], mechanisms: dict[str, dict[str, Any]]) -> list[str]:
    """What a bundle refuses, by the very function that verifies published configurations; and batches that never open."""
    found, collections = [], []
    for number, each in enumerate(plan["collections"], start=1):
        name = each["name"]
        try:
            mechanisms[name] = mechanism = choose(each["domain_size"], each["epsilon"])
        except ValueError as error:
            found.append(f"{name}: {error}")
            continue
        micro = epsilon_micro(mechanism["w"], mechanism["v"])
        collections.append({
            "id": number, "name": name, "domain_size": each["domain_size"], "epsilon": min(each["epsilon"], EPSILON_MOST),
            "epsilon_micro": micro, "mechanism": mechanism, "share": each["share"],
        })  # fmt: skip
        found += _collection_faults(plan, each, micro)
    names = [each["name"] for each in plan["collections"]]
    found += [f"collections: two are called {name}" for name in sorted({name for name in names if names.count(name) > 1})]
    configuration = {
        "demo": plan["demo"], "epoch_s": plan["epoch_s"], "cap_epsilon": plan["cap_epsilon"], "cap_days": CAP_DAYS,
        "draw_min_ms": 0, "draw_max_ms": min(60_000, plan["epoch_s"] * 1000 - 1), "collections": collections,
    }  # fmt: skip
    return found + [f"{field}: {what}" for field, what in limit_faults(configuration, plan["demo"])]


def _collection_faults(plan: Mapping[str, Any], each: Mapping[str, Any], micro: int) -> list[str]:
    name, found = each["name"], []
    if micro > plan["cap_epsilon"] * MICRO:
        found.append(f"{name}: one report of {micro / MICRO} does not fit under a cap of {plan['cap_epsilon']:g}")
    if plan["noise_epsilon"] is not None and plan["noise_epsilon"] * MICRO >= micro:
        found.append(f"{name}: noise of epsilon {plan['noise_epsilon']:g} holds no more than a report's own {micro / MICRO}")
    if each["batch"] < plan["minimum_batch"]:
        found.append(
            f"{name}: a batch of {each['batch']:,} is below the minimum of {plan['minimum_batch']:,} and is never opened"
        )
    if each["epsilon"] > 4 and plan["operators"] < 2:
        found.append(f"{name}: local epsilon {each['epsilon']:g} is only for a relay of another operator; operators is 1")
    return found
