"""The audit of a shipped bundle's randomizer and reports, in Chromium; and of the Python twin beside it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from browser_runtime import read_bundle
from contracts import Collection
from intently.auditing.page import AuditPage, audit_page
from privacy import report_audit
from privacy.empirical import EmpiricalBound, audit_randomizer
from privacy.mechanisms import AffinePoint, KAry, Mechanism, choose_mechanism
from privacy.randomizer import randomize
from privacy.report_audit import Finding, Terms
from privacy.sealing import generate_keypair

SMALL: tuple[Mechanism, ...] = (AffinePoint(24, 5, 2, 8, 2), AffinePoint(26, 3, 3, 7, 3), KAry(6, 5, 2))
"""Fields whose every draw is enumerated."""
CHUNK = 1_000_000
"""Messages asked of the page at a time."""


@dataclass(frozen=True)
class RandomizerReport:
    """What `intently audit randomizer` prints."""

    bundle: str
    mechanism: str
    shipped: EmpiricalBound
    python: EmpiricalBound | None
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Nothing spends more than it claims, and nothing else is wrong."""
        bounds = [self.shipped, *([self.python] if self.python else [])]
        return not any(bound.violated for bound in bounds) and all(finding.ok for finding in self.findings)


def audit_bundle(
    bundle: Path, *, domain_size: int = 43_000, epsilon: float = 8.0, draws: int = 4_000_000, python_draws: int = 0,
    shop: str = "", demo: bool | None = None, browser: Any | None = None,
) -> RandomizerReport:  # fmt: skip
    """Audit the bundle in a folder. `draws`: test messages of each of two values, and as many to learn an event from.

    `shop`, `demo`: of the bundle's record where they are not given. Raises `IntentlyError` where the bundle does not run.
    """
    if not shop or demo is None:
        record = read_bundle(bundle)
        shop, demo = record.shop, record.demo
    mechanism = choose_mechanism(domain_size, epsilon)
    with audit_page(bundle, browser) as page:
        collection = collection_of(mechanism, epsilon)
        terms = Terms(collection, shop, demo, *generate_keypair())
        findings = tuple(check_bundle_lives(page, terms))
        shipped = audit_randomizer(mechanism, lambda value, n: sample(page, collection, value, n), 1, 7, draws)
    python = None
    if python_draws:
        python = audit_randomizer(mechanism, lambda value, n: _python(mechanism, value, n), 1, 7, python_draws)
    return RandomizerReport(str(bundle), str(mechanism), shipped, python, findings)


def collection_of(mechanism: Mechanism, epsilon: float) -> Collection:
    """A collection of items dwelled on, with this mechanism."""
    return Collection(
        id=1, name="audited", kind="item_dwelled", domain_size=mechanism.domain_size, epsilon=epsilon,
        epsilon_micro=mechanism.epsilon_micro, mechanism=mechanism.record(), share=1, dwell_ms=3000,
    )  # fmt: skip


def check_bundle_lives(page: AuditPage, terms: Terms) -> Iterator[Finding]:
    """Everything that is not a matter of statistics."""
    for name, (busy, idle) in report_audit.worlds(terms, seed=20_261_125).items():
        one, other = page.call("live", busy), page.call("live", idle)
        yield report_audit.compare_worlds(name, one, other)
        if name == "a relay that is busy":
            yield report_audit.check_resend(one)
        if name == "one page":
            yield report_audit.check_form(terms, other)
    yield worst([_valued(page, terms, value) for value in (0, 1, 7, terms.collection.domain_size)])
    yield report_audit.check_debits(terms, page.call("live", report_audit.budget_script(terms)))
    for mechanism in SMALL:
        yield enumerate_channel(page, mechanism)


def _valued(page: AuditPage, terms: Terms, value: int) -> Finding:
    return report_audit.check_chance(terms, value, page.call("live", report_audit.value_script(terms, value)))


def worst(findings: list[Finding]) -> Finding:
    """The first that is wrong, or the last."""
    return next((finding for finding in findings if not finding.ok), findings[-1])


def enumerate_channel(page: AuditPage, mechanism: Mechanism) -> Finding:
    """Every direction and draw of a small field: the exact ratio, and the twin's weights."""
    rows = page.call("channel", collection_of(mechanism, 8.0).model_dump(mode="json"), mechanism.directions, mechanism.draws)
    table = np.zeros((len(rows), mechanism.messages))
    for value, row in enumerate(rows):
        for message, weight in row.items():
            table[value, int(message)] = weight
    twin = np.zeros_like(table)
    for value in range(mechanism.domain_size + 1):
        for index in range(mechanism.directions):
            for u in range(mechanism.draws):
                answer = (mechanism.residue(index, value) + mechanism.offset(u)) % mechanism.modulus
                twin[value, index * mechanism.modulus + answer] += 1
    low = table.min(axis=0)
    ratio = float((table.max(axis=0) / low).max()) if low.all() else float("inf")
    want = mechanism.w / mechanism.v
    ok = bool((table == twin).all()) and ratio <= want
    name = f"exact channel, {mechanism.messages} messages"
    return Finding(
        name, ok, f"largest likelihood ratio {ratio:g}, claimed {want:g}; {'equal to' if ok else 'not'} the twin's weights"
    )


def sample(page: AuditPage, collection: Collection, value: int, n: int) -> NDArray[np.uint32]:
    """uint32[n] messages of the shipped randomizer."""
    parts, document = [], collection.model_dump(mode="json")
    for begin in range(0, n, CHUNK):
        page.call("sample", document, value, min(CHUNK, n - begin), "/messages")
        parts.append(np.frombuffer(page.posted("/messages"), dtype="<u4"))
    return np.concatenate(parts)


def _python(mechanism: Mechanism, value: int, n: int) -> NDArray[np.int64]:
    return np.array([randomize(mechanism, value, os.urandom) for _ in range(n)])
