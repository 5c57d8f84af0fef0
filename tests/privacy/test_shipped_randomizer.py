"""The audit of the built JavaScript in a real Chromium: clean on the sources as they are, and each planted fault is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser

from contracts import IntentlyError
from intently.auditing.page import audit_page
from intently.auditing.planted import FAULTS, PlantedFault, build_planted
from intently.auditing.randomizer import audit_bundle, check_bundle_lives, collection_of, sample
from privacy.empirical import audit_randomizer
from privacy.mechanisms import choose_mechanism
from privacy.report_audit import Finding, Terms
from privacy.sealing import generate_keypair

pytestmark = pytest.mark.browser
MECHANISM = choose_mechanism(2_000, 4.0)
CAUGHT_BY = {
    "weight +25 %": "exact channel, 30 messages",
    "8-bit randomness": "chance and message",
    "Math.random": "chance and message",
    "silence when idle": "two worlds, one page",
    "timing depends on behaviour": "two worlds, one page",
    "URL depends on behaviour": "two worlds, one page",
    "debit skipped": "debit before each post",
    "resend re-randomized": "resend",
    "size depends on content": "two worlds, one page",
}


def findings(folder: Path, browser: Browser) -> list[Finding]:
    collection = collection_of(MECHANISM, 4.0)
    with audit_page(folder, browser) as page:
        return list(check_bundle_lives(page, Terms(collection, "audit", False, *generate_keypair())))


def test_the_sources_as_they_are_pass_and_spend_what_they_claim(tmp_path: Path, chromium: Browser) -> None:
    """4 million draws at epsilon 8 are in benchmarks/privacy.py."""
    build_planted(None, tmp_path)
    report = audit_bundle(
        tmp_path, domain_size=2_000, epsilon=4.0, draws=60_000, python_draws=20_000, shop="audit", demo=False, browser=chromium
    )
    assert report.ok, report
    assert len(report.findings) >= 10
    assert 0.95 * report.shipped.claimed < report.shipped.lower < report.shipped.claimed * 1.02


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_planted_fault_is_named(fault: PlantedFault, tmp_path: Path, chromium: Browser) -> None:
    wrong = {finding.name for finding in findings(build_planted(fault, tmp_path), chromium) if not finding.ok}
    assert CAUGHT_BY[fault.name] in wrong
    assert set(CAUGHT_BY) == {each.name for each in FAULTS}


def test_a_heavier_weight_is_a_violation_by_counting_alone(tmp_path: Path, chromium: Browser) -> None:
    """No knowledge of the code: only messages of two values."""
    build_planted(FAULTS[0], tmp_path)
    with audit_page(tmp_path, chromium) as page:
        collection = collection_of(MECHANISM, 4.0)
        assert audit_randomizer(MECHANISM, lambda value, n: sample(page, collection, value, n), 1, 7, 150_000).violated
        first, again = sample(page, collection, 1, 100), sample(page, collection, 1, 100)
        assert not np.array_equal(first, again)


def test_a_folder_without_a_bundle_is_refused(tmp_path: Path, chromium: Browser) -> None:
    with pytest.raises(IntentlyError, match=r"intently-reports\.js"), audit_page(tmp_path, chromium):
        pass
