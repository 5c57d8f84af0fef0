"""What the analyzer folds from the outbox: each report once, by the worker that has the partition, and what is refused."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from analyzer_parts import EPOCH, manifest_of, receipts_of, wanted_values
from loop_parts import configuration
from release_parts import NOW, WANTED, Shop, analyze, hand_over, make_shop, reports, snapshot

from aggregator.analyzer.app import build
from aggregator.analyzer.folds import BucketRules, fold_batch, merge
from aggregator.analyzer.health import Health, metrics_of
from aggregator.errors import StaleGeneration
from aggregator.keys import read_hpke_keys
from aggregator.relay.store import pack
from aggregator.transport import Delivered, OutboxTransport
from contracts import Batch, pack_plaintext
from privacy.sealing import seal


def test_redelivery_in_any_order_counts_each_report_once(shop: Shop) -> None:
    analyzer = build(shop.settings(), lambda: NOW)
    deliveries = OutboxTransport(shop.outbox).read(0)
    claim = analyzer.store.claim("outbox/0")
    for _ in range(3):
        analyzer.worker.process(claim, deliveries)
        claim = analyzer.store.claim("outbox/0")
    again = [Delivered("outbox/0", deliveries[-1].offset + 1 + at, each.value) for at, each in enumerate(reversed(deliveries))]
    analyzer.worker.process(claim, again)
    assert analyzer.store.replays() == 2 * len(deliveries)
    assert [row.arrived for row in analyzer.store.buckets()] == [400, 60]
    item, category = analyze(shop).store.buckets()
    assert (item.counted, category.counted) == (400, 60)
    assert (item.refusals.duplicate, category.refusals.duplicate) == (400, 60)


def test_reports_repeated_within_and_between_batches_are_one(shop: Shop) -> None:
    """And the planted fault: rows that are added up without their ids count twice."""
    batch = Batch.from_bytes(OutboxTransport(shop.outbox).read(0)[0].value)
    rules, plain = BucketRules(1, 2**32, 1), [pack_plaintext(1, 5)] * 100
    first, again = fold_batch(batch.bodies, plain, rules), fold_batch(batch.bodies[::-1], plain, rules)
    merged = merge(np.concatenate([first, again, first[:1]]))
    assert (len(merged.messages), merged.refusals.duplicate) == (100, 101)
    assert sum(len(each) for each in (first, again)) == 200


def test_an_older_generation_cannot_commit(shop: Shop) -> None:
    analyzer = build(shop.settings(), lambda: NOW)
    deliveries = OutboxTransport(shop.outbox).read(0)
    old = analyzer.store.claim("outbox/0")
    new = analyzer.store.claim("outbox/0")
    with pytest.raises(StaleGeneration):
        analyzer.worker.process(old, deliveries[:1])
    assert analyzer.store.buckets() == []
    analyzer.worker.process(new, deliveries)
    assert analyzer.store.buckets()[0].arrived == 400


def test_each_refusal_is_counted_by_its_reason(tmp_path: Path) -> None:
    shop = make_shop(tmp_path, configuration(minimum_batch=5))
    bucket, key = shop.bucket(EPOCH), read_hpke_keys(shop.keys)[1].public
    good = [seal(pack_plaintext(1, at), key, bucket.info()) for at in range(10)]
    bad = [
        seal(pack_plaintext(1, 54 * 53), key, bucket.info()),
        seal(pack_plaintext(2, 3), key, bucket.info()),
        seal(b"\2" + bytes(7), key, bucket.info()),
        seal(pack_plaintext(1, 3), key, shop.bucket(EPOCH + 1).info()),
        os.urandom(56),
    ]
    hand_over(shop, EPOCH, [*good, *bad])
    analyze(shop)
    (receipt,) = receipts_of(shop)
    assert receipt.reports == 10
    assert receipt.refusals.model_dump() == {"unopened": 2, "duplicate": 0, "malformed": 2, "out_of_range": 1, "missing": 0}


def test_a_bucket_whose_reports_repeat_is_complete_all_the_same(plain: Shop) -> None:
    """It says 160 and holds 150 different ones: that never comes to 160 ids."""
    bodies = reports(plain, EPOCH, wanted_values(150))
    hand_over(plain, EPOCH, [*bodies, *bodies[:10]])
    (row,) = analyze(plain).store.buckets()
    assert (row.state, row.counted, row.refusals.duplicate) == ("closed", 150, 10)


def test_a_batch_that_is_sent_again_does_not_complete_a_bucket(plain: Shop) -> None:
    bucket, bodies = plain.bucket(EPOCH), reports(plain, EPOCH, wanted_values(200))
    first, second = (batch.to_bytes() for batch in pack(bucket, bodies))
    OutboxTransport(plain.outbox).put_now([(b"a", first), (b"again", first)])
    (row,) = analyze(plain).store.buckets()
    assert (row.state, row.arrived) == ("open", 100)
    OutboxTransport(plain.outbox).put_now([(b"b", second)])
    (row,) = analyze(plain).store.buckets()
    assert (row.state, row.counted) == ("closed", 200)


def test_what_cannot_be_folded_is_a_dead_letter_and_the_rest_goes_on(shop: Shop) -> None:
    outbox = OutboxTransport(shop.outbox)
    unknown = Batch.from_bytes(outbox.read(0)[0].value)
    other = Batch(type(unknown.bucket)("f" * 64, 1, EPOCH, 1), 100, 0, unknown.bodies).to_bytes()
    small = Batch(shop.bucket(EPOCH + 1), 3, 0, unknown.bodies[:3]).to_bytes()
    outbox.put_now([(b"x", b"garbage"), (b"y", other), (b"z", small)])
    analyzer = analyze(shop)
    assert [reason for _, _, reason in analyzer.store.dead_letters()] == [
        "malformed batch", "unknown release or collection", "bucket below its minimum",
    ]  # fmt: skip
    assert [row.state for row in analyzer.store.buckets()] == ["closed", "closed"]


def test_late_reports_are_counted_and_change_nothing(shop: Shop) -> None:
    analyze(shop)
    before = snapshot(shop.public)
    late = Batch(shop.bucket(EPOCH), 400, 9, tuple(reports(shop, EPOCH, [WANTED] * 5))).to_bytes()
    OutboxTransport(shop.outbox).put_now([(b"late", late)])
    analyzer = analyze(shop)
    assert analyzer.store.buckets()[0].late == 5
    assert snapshot(shop.public) == before


def test_junk_does_not_fill_a_bucket(plain: Shop) -> None:
    """The minimum is 50: 49 reports that count, with any number that do not, are not published."""
    hand_over(plain, EPOCH, [*reports(plain, EPOCH, wanted_values(49)), *(os.urandom(56) for _ in range(40))])
    hand_over(plain, EPOCH + 1, [*reports(plain, EPOCH + 1, wanted_values(50)), *(os.urandom(56) for _ in range(40))])
    analyzer = analyze(plain)
    refused, closed = analyzer.store.buckets()
    assert (refused.state, refused.outcome, closed.state) == ("refused", "below the minimum after opening", "closed")
    assert [each.epoch for each in receipts_of(plain)] == [EPOCH + 1]
    assert manifest_of(plain).ledger_entries == 1
    assert len(analyzer.store.folded(refused.id)) == 0
    text = metrics_of(analyzer.store, plain.settings(), Health(), plain.pool_key().public).decode()
    assert 'intently_analyzer_buckets_refused{reason="below the minimum after opening"} 1.0' in text
    assert 'intently_analyzer_reports{outcome="withheld"} 49.0' in text
