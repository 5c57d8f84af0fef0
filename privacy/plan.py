"""A plan of collections, checked before anything runs: what one client spends, locally and shuffled, and whether it fits.

The sums are `privacy.accounting.planning`'s, which the auditor's browser runs too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import yaml
from pydantic import Field, ValidationError

from contracts import Record
from privacy.accounting import planning
from privacy.accounting.guarantees import DELTA
from privacy.errors import AuditRefused


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
    noise_epsilon: float | None = Field(
        default=None, ge=0.01, le=8, description="of one report of a close, by noise on its counts alone; null: no noise"
    )
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
    noise: dict[str, dict[str, Any]]
    """By collection, where there is noise: {kind, sigma, support_most}, {sd, sd_without} of the count of an unreported value."""


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
    return planning.reports_in(days, micro, plan.epoch_s, plan.cap_epsilon)


def check_plan(plan: Plan) -> PlanReport:
    """Spending of a plan, and what is wrong with it."""
    found = planning.plan_report(plan.model_dump())
    return PlanReport(
        found["fits"], tuple(found["faults"]), found["delta"], found["mechanisms"], found["silent_after_days"],
        tuple(PlanRow(**row) for row in found["rows"]), {name: tuple(curve) for name, curve in found["curve"].items()},
        found["noise"],
    )  # fmt: skip
