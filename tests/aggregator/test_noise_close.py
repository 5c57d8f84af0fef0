"""Noise on what a close publishes: drawn once, kept with the plan, the same bytes after any crash, and never drawn again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from analyzer_parts import EPOCH, copy_shop, manifest_of, pool_of, receipts_of, wanted_values
from release_parts import NOW, Shop, analyze, hand_over, reports, snapshot

from aggregator.analyzer.app import Analyzer, OutboxLoop, build
from aggregator.analyzer.book import Book
from aggregator.analyzer.guarantees import Draw
from aggregator.analyzer.opening import Opener
from aggregator.analyzer.publish_lock import PublishLock
from aggregator.analyzer.publisher import PUBLISHED, Publisher
from aggregator.analyzer.settings import AnalyzerSettings
from aggregator.analyzer.store import BucketRow
from aggregator.files import get_file
from aggregator.keys import read_hpke_keys, read_signing_key
from aggregator.pools import PoolRules
from aggregator.replay import BUT_FOR_NOISE, Published, counts_again, replay
from aggregator.transport import OutboxTransport
from contracts import Batch, Envelope, Receipt
from privacy.audit import verify_public
from privacy.estimators import Int64, support_counts
from privacy.mechanisms import mechanism_of
from privacy.noise import draw_noise
from privacy.randomizer_many import discrete_gaussian_many

NOISE = {"noise_epsilon": 2.0}
STEPS = ["planned", "ledger", "files", "manifest", "finished"]
RULES = PoolRules(size=40, rank_change_most=15, new_room=2)


class Plug(Exception):
    """Pulled: the process is gone."""


class Drawn:
    """Counts and remembers draws; what it draws is OpenDP's, or a planted fault's."""

    def __init__(self) -> None:
        self.source: Draw = draw_noise
        self.sizes: list[int] = []

    def __call__(self, sigma: float, values: int) -> Int64:
        self.sizes.append(values)
        return self.source(sigma, values)


@pytest.fixture
def drawn() -> Drawn:
    return Drawn()


def support_counts_of(shop: Shop, receipt: Receipt) -> np.ndarray:
    data = (shop.public / "files" / f"{receipt.counts}.f64").read_bytes()
    return support_counts(mechanism_of(receipt.collection), np.frombuffer(data, dtype="<f8"), receipt.reports)


def test_noise_is_off_by_default_and_leaves_no_trace(shop: Shop, drawn: Drawn) -> None:
    analyze(shop)
    assert AnalyzerSettings.model_fields["noise_epsilon"].default is None
    assert drawn.sizes == []
    for reference in manifest_of(shop).receipts:
        payload = Envelope.from_bytes(get_file(shop.public, reference)).payload_bytes()
        assert b"noise" not in payload
        assert Receipt.from_bytes(payload).to_bytes() == payload


def test_each_close_draws_once_and_states_it(shop: Shop, ready: Shop, tmp_path: Path, drawn: Drawn) -> None:
    quiet = copy_shop(ready, tmp_path / "quiet")
    analyze(quiet)
    analyze(shop, draw=drawn, **NOISE)
    assert drawn.sizes == [201, 5]
    for noised, plain in zip(receipts_of(shop), receipts_of(quiet), strict=True):
        assert noised.noise is not None
        assert noised.guarantees.noised == pytest.approx(2.0, abs=1e-3)
        assert noised.guarantees.noised is not None
        assert noised.guarantees.public == min(noised.guarantees.noised, plain.guarantees.public)
        left = support_counts_of(shop, noised) - support_counts_of(quiet, plain)
        np.testing.assert_allclose(left, np.rint(left), atol=1e-6)
        assert 0 < np.abs(left).max() < 7 * noised.noise.sigma
    item = receipts_of(shop)[0]
    assert item.noise is not None
    assert item.noise.support_most == 6, "of 201 values on F_53^2"


def test_the_auditor_finds_nothing_wrong_in_noised_files(shop: Shop) -> None:
    for at in range(3):
        hand_over(shop, EPOCH + 1 + at, reports(shop, EPOCH + 1 + at, wanted_values(100)))
        analyze(shop, now_s=NOW + 60 + at, **(NOISE if at != 1 else {}))
    report = verify_public(shop.public, read_signing_key(shop.keys / "release.key").public.hex())
    assert report.faults == ()
    assert [row.noise is not None for row in report.receipts] == [True, True, True, False, True]
    assert len(pool_of(shop).smoothed) == 4, "a pool of noised and quiet epochs"


def run_out(analyzer: Analyzer, shop: Shop) -> None:
    """All there is to do."""
    loop = OutboxLoop(analyzer, OutboxTransport(shop.outbox))
    while loop.turn():
        pass


def die_after(shop: Shop, last: str, draw: Draw) -> bytes:
    """An analyzer with noise that dies after a step of its close; returns the counts that it had planned."""
    kept: list[bytes] = []

    def step(name: str) -> None:
        if name == "planned":
            kept.append(analyzer.store.planned(1).counts)
        if name == last:
            raise Plug

    analyzer = build(shop.settings(**NOISE), lambda: NOW + 60, step, draw)
    with pytest.raises(Plug):
        run_out(analyzer, shop)
    return kept[0]


def published_counts(shop: Shop) -> bytes:
    (receipt,) = receipts_of(shop)
    return (shop.public / "files" / f"{receipt.counts}.f64").read_bytes()


@pytest.mark.parametrize("step", STEPS)
def test_a_close_interrupted_after_its_draw_gives_the_same_bytes(plain: Shop, step: str, drawn: Drawn) -> None:
    hand_over(plain, EPOCH, reports(plain, EPOCH, wanted_values(100)))
    planned = die_after(plain, step, drawn)
    analyze(plain, now_s=NOW + 3660, draw=drawn, noise_epsilon=0.5)
    assert drawn.sizes == [201]
    assert published_counts(plain) == planned


def test_planted_publisher_that_plans_anew_after_a_crash_is_seen(
    plain: Shop, drawn: Drawn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would publish a second draw over the same counts: what the test above compares then differs."""
    hand_over(plain, EPOCH, reports(plain, EPOCH, wanted_values(100)))
    planned = die_after(plain, "planned", drawn)
    honest = Publisher._publish

    def forgetful(self: Publisher, row: BucketRow) -> None:
        monkeypatch.setattr(Publisher, "_publish", honest)
        self._store._database.execute("UPDATE buckets SET state = 'open'")
        self._store._database.execute("DELETE FROM closes")
        self._close(self._store.buckets("open")[0])

    monkeypatch.setattr(Publisher, "_publish", forgetful)
    analyze(plain, draw=drawn, **NOISE)
    assert drawn.sizes == [201, 201]
    assert published_counts(plain) != planned


def test_a_crash_before_the_plan_is_kept_leaves_a_draw_that_nobody_saw(plain: Shop, drawn: Drawn) -> None:
    hand_over(plain, EPOCH, reports(plain, EPOCH, wanted_values(100)))

    def torn(sigma: float, values: int) -> Int64:
        draw_noise(sigma, values)
        raise Plug

    drawn.source = torn
    before = snapshot(plain.public)
    with pytest.raises(Plug):
        analyze(plain, draw=drawn, **NOISE)
    assert snapshot(plain.public) == before
    drawn.source = draw_noise
    analyze(plain, draw=drawn, **NOISE)
    assert drawn.sizes == [201, 201]
    assert len(receipts_of(plain)) == 1


def test_of_two_workers_that_plan_the_same_close_one_draw_is_published(plain: Shop, drawn: Drawn) -> None:
    """Even past the lock: both plan, the store takes the first, the other's draw is thrown away."""
    hand_over(plain, EPOCH, reports(plain, EPOCH, wanted_values(100)))

    def slowly(sigma: float, values: int) -> Int64:
        analyze(plain, draw=drawn, **NOISE)  # another worker closes the bucket meanwhile
        return drawn(sigma, values)

    slow = build(plain.settings(**NOISE), lambda: NOW + 60, draw=slowly)
    slow.publisher._lock = PublishLock(plain.folder / "slow.publishing")
    run_out(slow, plain)
    assert drawn.sizes == [201, 201]
    assert [receipt.reports for receipt in receipts_of(plain)] == [100]
    assert len((plain.public / "ledger.jsonl").read_bytes().splitlines()) == 1
    assert len(list((plain.public / "files").glob("*.f64"))) == 1


def test_what_is_refused_or_late_draws_nothing(plain: Shop, drawn: Drawn) -> None:
    junk = [bytes([n]) * 56 for n in range(11)]
    hand_over(plain, EPOCH, reports(plain, EPOCH, wanted_values(49)) + junk)
    analyzer = analyze(plain, draw=drawn, **NOISE)
    assert [row.state for row in analyzer.store.buckets()] == ["refused"]
    hand_over(plain, EPOCH + 1, reports(plain, EPOCH + 1, wanted_values(60)))
    analyze(plain, budget_epsilon=1.0, draw=drawn, **NOISE)
    assert drawn.sizes == []
    hand_over(plain, EPOCH + 2, reports(plain, EPOCH + 2, wanted_values(60)))
    analyze(plain, draw=drawn, **NOISE)
    published = snapshot(plain.public)
    again = Batch(plain.bucket(EPOCH + 2), 60, 9, tuple(reports(plain, EPOCH + 2, wanted_values(20)))).to_bytes()
    OutboxTransport(plain.outbox).put_now([(b"late", again)])
    late = analyze(plain, draw=drawn, **NOISE)
    assert drawn.sizes == [201]
    assert [row.late for row in late.store.buckets("closed")] == [20]
    assert snapshot(plain.public) == published


def test_a_store_restored_from_before_the_close_does_not_draw_again(plain: Shop, drawn: Drawn) -> None:
    """The same reports come again from the topic; the ledger knows the bucket, so nothing more of it is published."""
    bodies = reports(plain, EPOCH, wanted_values(100))
    hand_over(plain, EPOCH, bodies)
    analyze(plain, draw=drawn, **NOISE)
    published = snapshot(plain.public)
    for path in [*plain.folder.glob("analyzer.sqlite*"), *plain.folder.glob("outbox.sqlite*")]:
        path.unlink()
    hand_over(plain, EPOCH, bodies)
    analyzer = analyze(plain, draw=drawn, **NOISE)
    assert drawn.sizes == [201]
    assert [(row.state, row.outcome) for row in analyzer.store.buckets()] == [("refused", PUBLISHED)]
    assert snapshot(plain.public) == published


# -- replay -------------------------------------------------------------------------------------------------------------------

FAULTS: dict[str, Draw] = {
    "none": draw_noise,
    "left out": lambda sigma, values: np.zeros(values, dtype=np.int64),
    "too small by 40 %": lambda sigma, values: discrete_gaussian_many(0.6 * sigma, values, np.random.default_rng(7)),
    "sensitivity of 1": lambda sigma, values: discrete_gaussian_many(sigma / 4, values, np.random.default_rng(7)),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_replay_compares_pools_to_the_byte_and_counts_but_for_one_draw(plain: Shop, drawn: Drawn, fault: str) -> None:
    """The receipt says the same in all of them: what was really drawn shows beside the messages."""
    hand_over(plain, EPOCH, reports(plain, EPOCH, wanted_values(300)))
    messages = [delivered.value for delivered in OutboxTransport(plain.outbox).read(0)]
    drawn.source = FAULTS[fault]
    analyze(plain, draw=drawn, **NOISE)
    book = Book({plain.bucket(EPOCH).release: plain.configuration})
    again = counts_again(messages, Opener(read_hpke_keys(plain.keys)), book)
    (found,) = replay(Published.read(plain.public), RULES, again)
    assert found.pool == "equal"
    assert found.counts == BUT_FOR_NOISE if fault == "none" else "its receipt says" in found.counts
    assert found.equal == (fault == "none")
    faults = verify_public(plain.public, read_signing_key(plain.keys / "release.key").public.hex()).faults
    if fault == "left out":
        assert any("it is not in them" in str(each) for each in faults), "seen from the public files alone"
    if fault == "none":
        assert faults == ()
