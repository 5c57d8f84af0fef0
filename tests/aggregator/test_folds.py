"""Folds and their merge, the late policy, and what several workers of one host may not do to each other."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from release_parts import NOW, WANTED, Shop, analyze, hand_over, make_shop, reports, snapshot

from aggregator.analyzer.app import OutboxLoop, build
from aggregator.analyzer.folds import ID_BYTES, ROW, BucketRules, Outcome, fold_batch, merge
from aggregator.analyzer.opening import Job, OpeningInProcesses
from aggregator.analyzer.policy import EARLY, LATE, LatePolicy
from aggregator.keys import read_signing_key
from aggregator.relay.store import pack
from aggregator.transport import Delivered, OutboxTransport
from contracts import ContractError
from contracts.report import unpack_plaintext
from privacy.audit import verify_public

RULES = BucketRules(collection=1, messages=1000, minimum_batch=1)
EPOCH = 170_000_000


def expected(plaintext: bytes | None) -> Outcome:
    """One report at a time, by the contract's own function."""
    if plaintext is None:
        return Outcome.UNOPENED
    try:
        collection, message = unpack_plaintext(plaintext)
    except ContractError:
        return Outcome.MALFORMED
    if collection != RULES.collection:
        return Outcome.MALFORMED
    return Outcome.COUNTED if message < RULES.messages else Outcome.OUT_OF_RANGE


near = st.builds(lambda head, tail: bytes([1, 1, 0, 0, 0, 0])[: len(head)] + tail, st.binary(max_size=6), st.binary(max_size=8))
plaintexts = st.lists(st.one_of(st.none(), st.binary(min_size=8, max_size=8), near), max_size=40)


@given(plaintexts)
def test_many_are_judged_as_one_by_one(found: list[bytes | None]) -> None:
    rows = fold_batch([bytes([at]) * 56 for at in range(len(found))], found, RULES)
    assert [Outcome(each) for each in rows["outcome"].tolist()] == [expected(text) for text in found]
    assert all(row["message"] == unpack_plaintext(text)[1] for row, text in zip(rows, found, strict=True) if row["outcome"] == 0)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), max_size=60), st.randoms())
def test_a_merge_keeps_each_id_once_in_any_order(ids: list[tuple[int, int]], order: object) -> None:
    """Few halves, so that ids share one half and not the other: sorting by one half alone would join them."""
    rows = np.array([(high, low, 10 * high + low, 0) for high, low in ids], dtype=ROW)
    order.shuffle(ids)  # type: ignore[attr-defined]
    merged = merge(rows)
    assert sorted(merged.messages.tolist()) == sorted(10 * high + low for high, low in set(ids))
    assert merged.refusals.duplicate == len(ids) - len(set(ids))


def test_the_row_is_as_wide_as_the_docstring_says() -> None:
    assert (ROW.itemsize, ID_BYTES) == (21, 16)


def test_processes_open_what_this_one_opens(tmp_path: Path) -> None:
    shop = make_shop(tmp_path)
    bodies = [*reports(shop, EPOCH, [WANTED] * 20), os.urandom(56)]
    here = build(shop.settings(), lambda: NOW + 60)
    job = Job(shop.bucket(EPOCH), here.publisher.book().rules(shop.bucket(EPOCH))[1], b"".join(bodies))  # type: ignore[index]
    pool = OpeningInProcesses(shop.keys, 2)
    try:
        there = [pool.submit(job) for _ in range(4)]
        assert all(each.result(60).tobytes() == here.worker._opening.submit(job).result().tobytes() for each in there)
    finally:
        pool.close()


POLICY = LatePolicy(early_most_s=100, late_most_s=500, incomplete_after_s=50, retention_s=1000)


@pytest.mark.parametrize(
    ("now", "refusal", "complete", "incomplete", "forgets"),
    [
        (899, EARLY, False, False, False),
        (900, "", False, False, False),
        (999, "", False, False, False),
        (1000, "", True, False, False),
        (1050, "", True, True, False),
        (1499, "", True, True, False),
        (1500, LATE, True, True, False),
        (2000, LATE, True, True, True),
    ],
)
def test_times_of_an_epoch(now: float, refusal: str, complete: bool, incomplete: bool, forgets: bool) -> None:
    """Epoch 9 of 100 s is over at 1000."""
    assert POLICY.refusal(9, 100, now) == refusal
    assert POLICY.closes(9, 100, True, now) == complete
    assert POLICY.closes(9, 100, False, now) == incomplete
    assert POLICY.forgets(9, 100, now) == forgets


def test_a_relay_that_lies_about_the_epoch_does_not_freeze_the_pool(tmp_path: Path) -> None:
    """Found in review: a far epoch was published at once, and every true epoch after it was too old to order the pool."""
    shop = make_shop(tmp_path)
    soon, far = EPOCH + 100, EPOCH + 10**6
    hand_over(shop, soon, reports(shop, soon, [WANTED] * 60))
    hand_over(shop, far, reports(shop, far, [WANTED] * 60))
    hand_over(shop, EPOCH, reports(shop, EPOCH, [WANTED] * 60))
    analyzer = analyze(shop)
    assert [(row.bucket.epoch, row.state) for row in analyzer.store.buckets()] == [(EPOCH, "closed"), (soon, "open")]
    assert [reason for _, _, reason in analyzer.store.dead_letters()] == [EARLY]
    later = analyze(shop, now_s=(soon + 1) * 10)
    assert [row.state for row in later.store.buckets()] == ["closed", "closed"]


def test_a_lost_batch_does_not_keep_its_bucket_open_for_ever(tmp_path: Path) -> None:
    shop = make_shop(tmp_path)
    first, second, third = pack(shop.bucket(EPOCH), reports(shop, EPOCH, [WANTED] * 250))
    OutboxTransport(shop.outbox).put_now([(b"1", first.to_bytes()), (b"3", third.to_bytes())])
    (row,) = analyze(shop, incomplete_after_s=3600).store.buckets()
    assert row.state == "open"
    over = (EPOCH + 1) * 10
    (row,) = analyze(shop, now_s=over + 3600, incomplete_after_s=3600).store.buckets()
    assert (row.state, row.counted, row.refusals.missing) == ("closed", 150, 100)
    before = snapshot(shop.public)
    OutboxTransport(shop.outbox).put_now([(b"2", second.to_bytes())])
    (row,) = analyze(shop, now_s=over + 3700).store.buckets()
    assert row.late == 100
    assert snapshot(shop.public) == before


def test_ended_buckets_are_forgotten_and_do_not_open_again(tmp_path: Path) -> None:
    shop = make_shop(tmp_path)
    hand_over(shop, EPOCH, reports(shop, EPOCH, [WANTED] * 60))
    analyze(shop)
    later = (EPOCH + 1) * 10 + 3 * 86_400
    analyzer = build(shop.settings(late_most_s=86_400, retention_days=2), lambda: later)
    analyzer.publisher.forget()
    assert analyzer.store.buckets() == []
    value = pack(shop.bucket(EPOCH), reports(shop, EPOCH, [WANTED] * 60))[0].to_bytes()
    analyzer.worker.process(analyzer.store.claim("outbox/0"), [Delivered("outbox/0", 99, value)])
    assert analyzer.store.buckets() == []
    assert [reason for _, _, reason in analyzer.store.dead_letters()] == [LATE]


def test_two_workers_publish_one_after_the_other(tmp_path: Path) -> None:
    """Found in review: both closed at once, and the second ledger entry did not follow the first."""
    shop = make_shop(tmp_path)
    hand_over(shop, EPOCH, reports(shop, EPOCH, [WANTED] * 60))
    hand_over(shop, EPOCH, reports(shop, EPOCH, [1 + at % 4 for at in range(60)], collection=2), collection=2)
    other = build(shop.settings(), lambda: NOW + 60)
    meanwhile: list[int] = []
    first = build(shop.settings(), lambda: NOW + 60, lambda step: meanwhile.append(other.publisher.close_complete()))
    loop = OutboxLoop(first, OutboxTransport(shop.outbox))
    loop.turn()
    assert meanwhile == [0] * 10
    hand_over(shop, EPOCH + 1, reports(shop, EPOCH + 1, [WANTED] * 60))
    OutboxLoop(other, OutboxTransport(shop.outbox)).turn()
    report = verify_public(shop.public, read_signing_key(shop.keys / "release.key").public.hex())
    assert report.ok, report.faults
    assert report.ledger_entries == 3


def test_batches_folded_by_two_workers_make_one_bucket(tmp_path: Path) -> None:
    shop = make_shop(tmp_path)
    hand_over(shop, EPOCH, reports(shop, EPOCH, [WANTED if at % 2 else 0 for at in range(300)]))
    alone = Shop(tmp_path / "alone", shop.configuration, shop.release)
    shutil.copytree(shop.folder, alone.folder, ignore=shutil.ignore_patterns("alone"))
    analyze(alone)
    values = [each.value for each in OutboxTransport(shop.outbox).read(0)]
    workers = [build(shop.settings(), lambda: NOW + 60) for _ in range(2)]
    claims = [worker.store.claim(f"kafka/{at}") for at, worker in enumerate(workers)]
    for at, value in enumerate([*values, *values]):  # each batch reaches both
        turn = (at + at // 3) % 2
        workers[turn].worker.process(claims[turn], [Delivered(claims[turn].partition, at, value)])
    assert workers[0].publisher.close_complete() == 1
    (row,) = workers[1].store.buckets()
    assert (row.counted, row.refusals.duplicate) == (300, 300)
    pools = [path for path in (alone.public / "files").glob("*.f64")]
    assert [(shop.public / "files" / path.name).exists() for path in pools] == [True]
