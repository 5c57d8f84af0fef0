"""What noised closes add up to: in the budget, in words, and for an auditor who recomputes them."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from shop_files import EPOCH_S, RELEASE_KEY, Changes, Shop

from contracts import Guarantees, Noise, Receipt
from privacy.accounting import guarantees
from privacy.accounting.guarantees import DELTA
from privacy.accounting.noise import noise_for, noised_epsilon
from privacy.accounting.public_check import check_noise, check_numbers, verify_files
from privacy.accounting.public_files import PublicFiles, Signed
from privacy.audit import PublicFolder, verify_public
from privacy.explanation import explain
from privacy.signing import verify_bytes
from privacy.spending_report import BudgetRow, budget

EPSILON = 1.0


def noised(receipt: Receipt) -> Receipt:
    """With the noise of epsilon 1 on the items' counts, and what it guarantees. The counts themselves are not looked at here."""
    collection = receipt.collection
    if collection.id != 1:
        return receipt
    mechanism = collection.mechanism.model_dump()
    noise = noise_for(mechanism, collection.domain_size, EPSILON, DELTA)
    stated = guarantees(
        mechanism, collection.domain_size, receipt.reports, receipt.minimum_batch, receipt.operators, DELTA, noise=noise
    )
    return receipt.model_copy(update={"noise": Noise.model_validate(noise), "guarantees": Guarantees.model_validate(stated)})


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return Shop(tmp_path_factory.mktemp("noised"), changes=Changes(receipt=noised))


def rows_of(shop: Shop) -> dict[tuple[str, str], BudgetRow]:
    return {(row.collection, row.audience): row for row in budget(shop.folder, 80_004 * EPOCH_S).clients}


def test_the_budget_has_a_row_for_the_noise_and_the_public_one_is_no_larger(shop: Shop) -> None:
    rows = rows_of(shop)
    row, public = rows["item_dwelled", "noised"], rows["item_dwelled", "public"]
    assert ("category_intent", "noised") not in rows
    assert row.per_report is not None
    assert 0.99 < row.per_report <= EPSILON
    closes = round((row.spent or 0) / row.per_report)
    noise = noise_for(shop.configuration.collections[0].mechanism.model_dump(), 600, EPSILON, DELTA)
    assert row.composed == noised_epsilon([(noise["support_most"], noise["sigma"], closes)], DELTA)
    assert public.composed is not None
    assert public.composed <= row.composed < (row.spent or 0)


def test_words_say_whom_the_noise_is_against(shop: Shop) -> None:
    told = {learner.who: " ".join(learner.learns) for learner in explain(shop.folder).learners}
    assert "even if all others of the batch tell theirs" in told["who sees what is published"]
    assert "hides nothing from it" in told["the analyzer's operator"]


def test_counts_that_are_no_noise_are_the_only_fault(shop: Shop) -> None:
    """Every number recomputes; the stand-in counts of these files are one value everywhere."""
    faults = verify_public(shop.folder, RELEASE_KEY).faults
    assert faults
    assert all(fault.place.endswith(".f64") for fault in faults), faults


def test_a_planted_smaller_noise_is_named_by_both_accountants(tmp_path: Path) -> None:
    """The statement is the honest one's, sigma is 25 % smaller."""

    def smaller(receipt: Receipt) -> Receipt:
        found = noised(receipt)
        if found.noise is None:
            return found
        return found.model_copy(update={"noise": found.noise.model_copy(update={"sigma": 0.75 * found.noise.sigma})})

    faults = [str(fault) for fault in verify_public(Shop(tmp_path, changes=Changes(receipt=smaller)).folder, RELEASE_KEY).faults]
    assert any("field guarantees.noised: states" in fault for fault in faults)
    assert any("OpenDP's maps say" in fault for fault in faults)


@pytest.mark.parametrize("sigma", [0, -1.0, 1e308, math.nan])
def test_an_impossible_sigma_is_named_by_its_number_and_stops_nobody(shop: Shop, sigma: float) -> None:
    """Our ledger refuses to write such a receipt; whoever signs one by other means must not stop an auditor."""
    files = PublicFolder(shop.folder)
    public = verify_files(files, bytes.fromhex(RELEASE_KEY), verify_bytes)
    signed = next(each for each in public.receipts if "noise" in each.document)
    strange = {**signed.document, "noise": {**signed.document["noise"], "sigma": sigma}}
    alone = PublicFiles(files, b"", verify_bytes, receipts=[Signed("receipt", b"", strange)])
    check_numbers(alone)
    check_noise(alone)
    assert "receipt, field noise.sigma" in {fault.place for fault in alone.faults}
