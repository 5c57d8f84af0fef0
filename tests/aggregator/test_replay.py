"""A replay makes the published bytes again, from the counts and from the sealed reports; whatever differs is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from release_parts import NOW, WANTED, Shop, analyze, hand_over, make_shop, reports

from aggregator.analyzer.book import Book
from aggregator.analyzer.opening import Opener
from aggregator.keys import read_hpke_keys
from aggregator.pools import PoolRules
from aggregator.release import publish_manifest, read_manifest
from aggregator.replay import Published, Replayed, counts_again, replay, shares
from aggregator.transport import OutboxTransport
from contracts import Bucket, Pool
from privacy.audit import verify_public

EPOCH = 170_000_000
RULES = PoolRules(size=40, rank_change_most=15, new_room=2)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Shop, list[bytes]]:
    """Three epochs, one with both collections; one item is sold out at the last close. And the messages that came."""
    shop = make_shop(tmp_path_factory.mktemp("shop"))
    messages: list[bytes] = []
    for at in range(3):
        wanted = [WANTED if n % 2 else (n + at) % 60 for n in range(300)]
        hand_over(shop, EPOCH + at, reports(shop, EPOCH + at, wanted))
        if at == 1:
            hand_over(shop, EPOCH + at, reports(shop, EPOCH + at, [1 + n % 4 for n in range(60)], collection=2), collection=2)
        if at == 2:
            publish_manifest(shop.public, shop.pool_key(), now_s=NOW + 30, unavailable=(3,))
        messages += [delivered.value for delivered in OutboxTransport(shop.outbox).read(0)]
        analyze(shop, now_s=NOW + 60 + at)
    return shop, messages


def again(shop: Shop, messages: list[bytes]) -> dict[Bucket, bytes]:
    book = Book({shop.bucket(EPOCH).release: shop.configuration})
    return counts_again(messages, Opener(read_hpke_keys(shop.keys)), book)


def test_everything_is_made_again_byte_for_byte(told: tuple[Shop, list[bytes]]) -> None:
    shop, messages = told
    found = list(replay(Published.read(shop.public), RULES, again(shop, [*messages, b"junk", *messages])))
    assert [(each.epoch - EPOCH, each.collection, each.counts, each.pool) for each in found] == [
        (0, 1, "equal", "equal"), (1, 1, "equal", "equal"), (1, 2, "equal", "none"), (2, 1, "equal", "equal"),
    ]  # fmt: skip
    assert all(each.equal for each in found)


def test_the_pool_was_smoothed_over_the_three_and_leaves_out_what_was_sold_out(told: tuple[Shop, list[bytes]]) -> None:
    shop, _ = told
    manifest = read_manifest(shop.public, shop.pool_key().public)
    assert manifest is not None
    pool = Pool.from_bytes((shop.public / manifest.pool.path).read_bytes())
    assert [term.epoch - EPOCH for term in pool.smoothed] == [2, 1, 0]
    assert pool.left_out == (3,)
    assert 3 not in {entry.item for entry in pool.items}
    assert next(entry for entry in pool.items if entry.item == WANTED).reason == "wanted"
    assert manifest.category_pool is not None
    found = verify_public(shop.public, Published.read(shop.public).release.roles.release)
    assert found.faults == ()


@pytest.mark.parametrize("rules", [{"size": 39}, {"smoothing_decay": 0.5}, {"false_entries": 2.0}, {"banned": (5,)}])
def test_other_rules_give_other_pools_and_it_is_said(told: tuple[Shop, list[bytes]], rules: dict[str, object]) -> None:
    shop, _ = told
    found = list(replay(Published.read(shop.public), RULES.model_copy(update=rules)))
    differ = [each for each in found if not each.equal]
    assert differ
    assert all(each.pool.startswith("made again ") for each in differ)


def test_the_prior_is_the_posterior_share_of_what_was_reported(told: tuple[Shop, list[bytes]]) -> None:
    shop, _ = told
    published = Published.read(shop.public)
    newest = max((each for each in published.receipts if each.pool), key=lambda each: each.epoch)
    found = shares(published, published.pool(newest.pool or ""))
    assert sum(found) == pytest.approx(1)
    assert found.index(max(found)) == WANTED - 1


def test_a_lost_message_is_named(told: tuple[Shop, list[bytes]]) -> None:
    shop, messages = told
    found: list[Replayed] = list(replay(Published.read(shop.public), RULES, again(shop, messages[1:])))
    assert [each.counts.split()[0] for each in found if not each.equal] == ["made"]
    found = list(replay(Published.read(shop.public), RULES, again(shop, [])))
    assert {each.counts for each in found} == {"the topic no longer holds it"}


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    from aggregator.errors import ReleaseRefused

    with pytest.raises(ReleaseRefused, match="give the public folder"):
        Published.read(tmp_path)
