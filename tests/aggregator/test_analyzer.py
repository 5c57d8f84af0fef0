"""The analyzer over the outbox: exactly once, fenced, and closes that give the same bytes wherever they are interrupted."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from loop_parts import configuration
from release_parts import NOW, WANTED, Shop, analyze, hand_over, make_shop, reports, snapshot

from aggregator.analyzer.app import build
from aggregator.analyzer.folds import BucketRules, fold_batch, merge
from aggregator.analyzer.health import Health, metrics_of
from aggregator.errors import StaleGeneration
from aggregator.files import get_file
from aggregator.keys import create_keys, read_hpke_keys, read_signing_key
from aggregator.relay.store import pack
from aggregator.release import RECEIPTS_KEPT, publish_manifest, put_file, read_manifest
from aggregator.transport import Delivered, OutboxTransport
from contracts import RECEIPT_TYPE, Batch, Envelope, Manifest, Pool, Receipt, pack_plaintext, sha256_hex
from privacy.audit import verify_public
from privacy.sealing import seal
from privacy.signing import verify

EPOCH = 170_000_000


def wanted_values(n: int = 400) -> list[int]:
    """Half want one item, the rest report NONE or something in the base pool."""
    return [WANTED if at % 2 else at % 60 for at in range(n)]


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A shop with one bucket of each collection in its outbox; copied by each test."""
    shop = make_shop(tmp_path_factory.mktemp("shop"))
    hand_over(shop, EPOCH, reports(shop, EPOCH, wanted_values()))
    hand_over(shop, EPOCH, reports(shop, EPOCH, [1 + at % 4 for at in range(60)], collection=2), collection=2)
    return shop


@pytest.fixture
def shop(ready: Shop, tmp_path: Path) -> Shop:
    shutil.copytree(ready.folder, tmp_path / "shop")
    return Shop(tmp_path / "shop", ready.configuration, ready.release)


def manifest_of(shop: Shop) -> Manifest:
    found = read_manifest(shop.public, shop.pool_key().public)
    assert found is not None
    return found


def receipts_of(shop: Shop) -> list[Receipt]:
    envelopes = [Envelope.from_bytes(get_file(shop.public, reference)) for reference in manifest_of(shop).receipts]
    return [Receipt.from_bytes(verify(each, RECEIPT_TYPE, shop.pool_key().public)) for each in envelopes]


def test_reports_become_a_pool_receipts_and_a_ledger(shop: Shop) -> None:
    analyzer = analyze(shop)
    manifest = manifest_of(shop)
    pool = Pool.from_bytes(get_file(shop.public, manifest.pool))
    entry = next(each for each in pool.items if each.item == WANTED)
    assert entry.reason == "wanted"
    assert entry.low <= 200 <= entry.high
    assert (pool.epoch, pool.reports, pool.collection) == (EPOCH, 400, 1)
    assert [each.item for each in pool.items[-2:]] != [], "room for new items"
    item, category = receipts_of(shop)
    assert (item.reports, category.reports) == (400, 60)
    assert item.pool == manifest.pool.sha256
    assert category.pool is None, "category_intent orders no pool"
    assert item.operators == 1
    assert item.guarantees.shuffled is None
    assert (shop.public / "files" / f"{item.counts}.f64").exists()
    assert manifest.ledger_entries == 2
    assert len((shop.public / "ledger.jsonl").read_bytes().splitlines()) == 2
    assert manifest.version == 3
    assert [row.state for row in analyzer.store.buckets()] == ["closed", "closed"]


def test_ids_and_messages_are_scrubbed_after_the_close(shop: Shop) -> None:
    bodies = [body for delivered in OutboxTransport(shop.outbox).read(0) for body in Batch.from_bytes(delivered.value).bodies]
    analyzer = analyze(shop)
    analyzer.store.close()
    left = b"".join(path.read_bytes() for path in shop.folder.glob("*.sqlite*"))
    from aggregator.analyzer.folds import report_id

    assert not any(report_id(body) in left for body in bodies)


STEPS = ["planned", "ledger", "files", "manifest", "finished"]


@pytest.mark.parametrize("at", range(2 * len(STEPS)))
def test_a_close_interrupted_anywhere_gives_the_same_bytes(shop: Shop, tmp_path: Path, at: int) -> None:
    """Both closes together take ten steps; pull the plug after each of them, then start again an hour later."""
    whole = Shop(tmp_path / "whole", shop.configuration, shop.release)
    shutil.copytree(shop.folder, whole.folder)
    analyze(whole)
    assert analyze_until(shop, at) == (STEPS * 2)[: at + 1]
    before_second_plan = at < len(STEPS)
    analyze(shop, now_s=NOW + 60 if before_second_plan else NOW + 3660)
    assert snapshot(shop.public) == snapshot(whole.public)


def analyze_until(shop: Shop, at: int) -> list[str]:
    """An analyzer that dies after step `at`; returns the steps that it has done."""
    done: list[str] = []

    class Plug(Exception):
        pass

    def pull(step: str) -> None:
        done.append(step)
        if len(done) == at + 1:
            raise Plug

    with pytest.raises(Plug):
        analyze(shop, pull)
    return done


@pytest.mark.parametrize("at", range(len(STEPS)))
def test_a_close_interrupted_before_all_settings_change_gives_the_same_bytes(plain: Shop, tmp_path: Path, at: int) -> None:
    hand_over(plain, EPOCH, reports(plain, EPOCH, wanted_values(100)))
    whole = Shop(tmp_path / "whole", plain.configuration, plain.release)
    shutil.copytree(plain.folder, whole.folder)
    analyze(whole)
    analyze_until(plain, at)
    analyze(
        plain, now_s=NOW + 3660, operators=2, delta=1e-6, budget_epsilon=0.5, manifest_lifetime_s=8 * 86_400,
        pool={"size": 20, "rank_change_most": 3, "new_room": 1, "threshold_reports": 30, "false_entries": 2},
    )  # fmt: skip
    assert snapshot(plain.public) == snapshot(whole.public)


@pytest.fixture
def plain(tmp_path: Path) -> Shop:
    """A shop with two keys for reports and nothing in its outbox."""
    create_keys(tmp_path / "plain" / "keys", (1, 2))
    return make_shop(tmp_path / "plain")


def pool_of(shop: Shop) -> Pool:
    return Pool.from_bytes(get_file(shop.public, manifest_of(shop).pool))


@pytest.mark.parametrize("sizes", [(60, 400), (400, 60)])
def test_of_the_buckets_of_an_epoch_the_largest_makes_the_pool(plain: Shop, tmp_path: Path, sizes: tuple[int, int]) -> None:
    """Whichever closes first; and no item moves further than if the largest had come alone."""
    alone = Shop(tmp_path / "alone", plain.configuration, plain.release)
    shutil.copytree(plain.folder, alone.folder)
    hand_over(alone, EPOCH, reports(alone, EPOCH, wanted_values(400)))
    analyze(alone)
    for key_id, size in enumerate(sizes, start=1):
        hand_over(plain, EPOCH, reports(plain, EPOCH, wanted_values(size), key_id=key_id), key_id=key_id)
        analyze(plain)
    assert pool_of(plain).reports == 400
    assert manifest_of(plain).pool == manifest_of(alone).pool
    receipts = receipts_of(plain)
    assert [each.reports for each in receipts] == list(sizes)
    assert manifest_of(plain).ledger_entries == 2
    assert receipts[1].pool == (manifest_of(plain).pool.sha256 if sizes[1] == 400 else None)


def test_an_older_epoch_is_published_but_does_not_replace_a_newer_pool(plain: Shop) -> None:
    hand_over(plain, EPOCH + 1, reports(plain, EPOCH + 1, wanted_values(60)))
    analyze(plain)
    newer = manifest_of(plain).pool
    hand_over(plain, EPOCH, reports(plain, EPOCH, wanted_values(400)))
    analyze(plain)
    assert manifest_of(plain).pool == newer
    receipt = receipts_of(plain)[-1]
    assert (receipt.epoch, receipt.reports, receipt.pool) == (EPOCH, 400, None)
    assert (plain.public / "files" / f"{receipt.counts}.f64").exists()
    assert manifest_of(plain).ledger_entries == 2


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


def test_a_spent_budget_refuses_the_close(shop: Shop) -> None:
    analyzer = analyze(shop, budget_epsilon=3.9)
    assert [row.state for row in analyzer.store.buckets()] == ["refused", "refused"]
    assert receipts_of(shop) == []
    assert len(analyzer.store.folded(1)) == 0


def test_a_budget_that_holds_one_close_lets_one_close_pass(shop: Shop) -> None:
    hand_over(shop, EPOCH + 1, reports(shop, EPOCH + 1, wanted_values(60)))
    analyzer = analyze(shop, budget_epsilon=4.5)
    states = [(row.bucket.epoch - EPOCH, row.bucket.collection, row.state) for row in analyzer.store.buckets()]
    assert states == [(0, 1, "closed"), (0, 2, "closed"), (1, 1, "refused")]


def test_the_auditor_finds_nothing_wrong_and_names_a_flipped_byte(shop: Shop) -> None:
    analyze(shop)
    release_key = read_signing_key(shop.keys / "release.key").public.hex()
    report = verify_public(shop.public, release_key)
    assert report.ok, report.faults
    assert report.ledger_entries == 2
    path = shop.public / manifest_of(shop).pool.path
    data = bytearray(path.read_bytes())
    data[20] ^= 1
    path.write_bytes(data)
    faults = verify_public(shop.public, release_key).faults
    assert any(path.name in str(fault) for fault in faults), faults


def test_a_release_published_meanwhile_keeps_the_old_reports(shop: Shop) -> None:
    analyze(shop)
    publish_manifest(shop.public, shop.pool_key(), now_s=NOW + 70, unavailable=[7, 3, 7])
    hand_over(shop, EPOCH + 1, reports(shop, EPOCH + 1, wanted_values(60)))
    analyze(shop, now_s=NOW + 80)
    manifest = manifest_of(shop)
    assert manifest.version == 5
    assert manifest.availability.unavailable == (3, 7)
    assert [receipt.epoch for receipt in receipts_of(shop)] == [EPOCH, EPOCH, EPOCH + 1]


def test_the_manifest_names_at_most_so_many_receipts(shop: Shop) -> None:
    made = [put_file(shop.public, b"receipt %d" % number, ".json") for number in range(RECEIPTS_KEPT + 5)]
    publish_manifest(shop.public, shop.pool_key(), now_s=NOW, receipts=made)
    assert manifest_of(shop).receipts == tuple(made[5:])


def test_the_same_messages_in_another_order_give_the_same_receipt(ready: Shop, tmp_path: Path) -> None:
    found = []
    for name, reverse in (("a", False), ("b", True)):
        copy = Shop(tmp_path / name, ready.configuration, ready.release)
        shutil.copytree(ready.folder, copy.folder)
        bodies = [b for d in OutboxTransport(copy.outbox).read(0)[:4] for b in Batch.from_bytes(d.value).bodies]
        Path(copy.outbox).unlink()
        hand_over(copy, EPOCH, bodies[::-1] if reverse else bodies)
        analyze(copy)
        found.append(sha256_hex((copy.public / "manifest.json").read_bytes()))
    assert found[0] == found[1]
