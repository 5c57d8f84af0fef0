"""What the analyzer publishes: pool, receipts, ledger, and the same bytes wherever its close is interrupted."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from analyzer_parts import EPOCH, manifest_of, pool_of, receipts_of, wanted_values
from release_parts import NOW, WANTED, Shop, analyze, hand_over, reports, snapshot

from aggregator.files import get_file
from aggregator.keys import read_signing_key
from aggregator.release import RECEIPTS_KEPT, publish_manifest, put_file
from aggregator.transport import OutboxTransport
from contracts import Batch, Pool, sha256_hex
from privacy.audit import verify_public


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
