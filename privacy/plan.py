"""A plan of collections, checked before anything runs: what one client spends, locally and shuffled, and whether it fits.

The worst case: a client that visits in every epoch and is asked the same collection each time. It reports until the cap silences
it, and again when debits are older than the cap's days.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from pydantic import Field, ValidationError

from contracts import CAP_DAYS, EPSILON_LIMIT, MICRO, Record
from privacy.accounting import Batches, composed_epsilon, guarantees, limit_faults, round_up
from privacy.accounting.guarantees import DELTA
from privacy.errors import AuditRefused, MechanismRefused
from privacy.mechanisms import Mechanism, choose_mechanism

DAY_S = 86_400
SPANS = {"day": 1, "month": 30, "cap": CAP_DAYS, "year": 365}
"""Days of each column."""
CURVE_DAYS = (1, 2, 3, 5, 7, 10, 14, 21, 30, 45, 60, 90, 120, 180, 270, 365)


class PlannedCollection(Record):
    """One collection of a plan."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    domain_size: int = Field(ge=1, le=50_000_000)
    epsilon: float = Field(gt=0, description="nominal local epsilon of one report")
    share: int = Field(default=1, ge=1, le=1000)
    batch: int = Field(ge=1, description="reports expected in one epoch's batch of this collection")


class Plan(Record):
    """A plan file, JSON or YAML."""

    epoch_s: int = Field(default=21_600, ge=1)
    cap_epsilon: float = Field(default=32.0, gt=0)
    minimum_batch: int = Field(default=10_000, ge=1)
    operators: int = Field(default=1, ge=1, le=2, description="2: the relay is another operator's")
    honest_share: float = Field(default=1.0, gt=0, le=1, description="share of a batch that is honest; the rest may be fakes")
    delta: float = Field(default=DELTA, ge=1e-10, lt=1)
    demo: bool = False
    collections: tuple[PlannedCollection, ...] = Field(min_length=1)


@dataclass(frozen=True)
class PlanRow:
    """One collection against one audience."""

    collection: str
    audience: str
    report: float | None
    """Epsilon of one report; None where nothing is claimed."""
    day: float | None
    month: float | None
    cap: float | None
    year: float | None
    reports: dict[str, int]
    """Reports in each of these spans."""


@dataclass(frozen=True)
class PlanReport:
    """What `intently audit plan` prints."""

    fits: bool
    faults: tuple[str, ...]
    """Why a bundle would refuse it, or why it could not do what it is for."""
    delta: float
    mechanisms: dict[str, str]
    silent_after_days: dict[str, float | None]
    """By collection: days until the cap silences the client; None: never."""
    rows: tuple[PlanRow, ...]
    curve: dict[str, tuple[tuple[int, float], ...]]
    """`collection/audience` -> (day, epsilon so far)."""


def read_plan(data: bytes, name: str) -> Plan:
    """Parse a plan; raises `AuditRefused` with the first fault and its place."""
    try:
        found = json.loads(data) if name.endswith(".json") else yaml.safe_load(data)
        return Plan.model_validate_json(json.dumps(found))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise AuditRefused(f"{name}: at {'.'.join(map(str, first['loc'])) or 'the top'}: {first['msg']}") from None
    except (ValueError, TypeError, yaml.YAMLError) as error:
        raise AuditRefused(f"{name}: is neither JSON nor YAML: {str(error).splitlines()[0]}") from None


def reports_in(days: int, micro: int, plan: Plan) -> int:
    """Reports of a client that visits in every epoch, in its first `days` days."""
    fits = math.floor(plan.cap_epsilon * MICRO) // micro
    epochs, a_round = -(-days * DAY_S // plan.epoch_s), -(-CAP_DAYS * DAY_S // plan.epoch_s)
    if fits >= a_round:
        return epochs
    return epochs // a_round * fits + min(fits, epochs % a_round)


def check_plan(plan: Plan) -> PlanReport:
    """Spending of a plan, and what is wrong with it."""
    mechanisms: dict[str, Mechanism] = {}
    faults = list(_faults(plan, mechanisms))
    rows, curve, silent = [], {}, dict[str, float | None]()
    for each in plan.collections:
        if each.name not in mechanisms:
            continue
        mechanism = mechanisms[each.name]
        fits = math.floor(plan.cap_epsilon * MICRO) // mechanism.epsilon_micro
        silent[each.name] = fits * plan.epoch_s / DAY_S if fits * plan.epoch_s < CAP_DAYS * DAY_S else None
        for audience in ("local", "shuffled", "public"):
            spent = _Spent(plan, each, mechanism, audience)
            rows.append(spent.row())
            if spent.claimed:
                curve[f"{each.name}/{audience}"] = tuple((day, spent.after(day)) for day in CURVE_DAYS)
    named = {name: str(mechanism) for name, mechanism in mechanisms.items()}
    return PlanReport(not faults, tuple(faults), plan.delta, named, silent, tuple(rows), curve)


class _Spent:
    """Epsilon of one collection against one audience."""

    def __init__(self, plan: Plan, each: PlannedCollection, mechanism: Mechanism, audience: str) -> None:
        self.plan, self.each, self.mechanism, self.audience = plan, each, mechanism, audience
        self.honest = max(1, math.floor(each.batch * plan.honest_share))
        record = mechanism.record().model_dump()
        one = guarantees(
            record, each.domain_size, each.batch, plan.minimum_batch, plan.operators, plan.delta, n_honest=self.honest
        )
        self.report = one[audience]
        self.claimed = self.report is not None
        self.amplified = audience != "local" and bool(one["delta"])

    def after(self, days: int) -> float:
        """So far, rounded up."""
        count = reports_in(days, self.mechanism.epsilon_micro, self.plan)
        if not self.amplified or not count:
            return count * self.mechanism.epsilon_micro / MICRO
        m = self.mechanism
        return round_up(composed_epsilon([Batches(m.w, m.v, m.modulus, m.collision, self.honest, count)], self.plan.delta))

    def row(self) -> PlanRow:
        """All spans."""
        spans = {name: self.after(days) if self.claimed else None for name, days in SPANS.items()}
        counts = {name: reports_in(days, self.mechanism.epsilon_micro, self.plan) for name, days in SPANS.items()}
        return PlanRow(collection=self.each.name, audience=self.audience, report=self.report, reports=counts, **spans)


def _faults(plan: Plan, mechanisms: dict[str, Mechanism]) -> list[str]:
    """What a bundle refuses, by the very function that verifies published configurations; and batches that never open."""
    found, collections = [], []
    for number, each in enumerate(plan.collections, start=1):
        try:
            mechanisms[each.name] = mechanism = choose_mechanism(each.domain_size, each.epsilon)
        except MechanismRefused as error:
            found.append(f"{each.name}: {error}")
            continue
        collections.append(collection_document(number, each, mechanism))
        if mechanism.epsilon_micro > plan.cap_epsilon * MICRO:
            found.append(
                f"{each.name}: one report of {mechanism.epsilon_micro / MICRO} does not fit under a cap of {plan.cap_epsilon:g}"
            )
        if each.batch < plan.minimum_batch:
            found.append(
                f"{each.name}: a batch of {each.batch:,} is below the minimum of {plan.minimum_batch:,} and is never opened"
            )
        if each.epsilon > 4 and plan.operators < 2:
            found.append(f"{each.name}: local epsilon {each.epsilon:g} is only for a relay of another operator; operators is 1")
    names = [each.name for each in plan.collections]
    found += [f"collections: two are called {name}" for name in sorted({name for name in names if names.count(name) > 1})]
    return found + [f"{field}: {what}" for field, what in limit_faults(configuration_document(plan, collections), plan.demo)]


def collection_document(number: int, each: PlannedCollection, mechanism: Mechanism) -> dict[str, Any]:
    """As it would stand in a configuration."""
    return {
        "id": number, "name": each.name, "domain_size": each.domain_size, "epsilon": min(each.epsilon, EPSILON_LIMIT),
        "epsilon_micro": mechanism.epsilon_micro, "mechanism": mechanism.record().model_dump(), "share": each.share,
    }  # fmt: skip


def configuration_document(plan: Plan, collections: list[dict[str, Any]]) -> Mapping[str, Any]:
    """What `limit_faults` reads."""
    return {
        "demo": plan.demo, "epoch_s": plan.epoch_s, "cap_epsilon": plan.cap_epsilon, "cap_days": CAP_DAYS,
        "draw_min_ms": 0, "draw_max_ms": min(60_000, plan.epoch_s * 1000 - 1), "collections": collections,
    }  # fmt: skip
