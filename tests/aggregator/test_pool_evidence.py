"""Smoothing over epochs, shrinkage towards the base order, and the categories' own lists."""

from __future__ import annotations

import numpy as np
import pytest

from aggregator.pools import Counts, EpochCounts, Evidence, PoolParts, PoolRules, base_pool, gather, make_pools, posterior
from aggregator.pools import evidence as evidence_module
from contracts import EpochTerm
from privacy.accounting.score import ScoreInterval, Support, summed_interval
from privacy.estimators import estimate, support_of
from privacy.mechanisms import choose_mechanism
from privacy.randomizer_many import randomize_many

ITEMS = 200
SUPPORT = Support(54 / 106, 0.02)
RULES = PoolRules(size=200, false_entries=0.5, rank_change_most=200, new_room=0)
HELD = np.array([80, 30, 10] + [0] * (ITEMS - 3))


def epoch(number: int, reports: int, held: np.ndarray, rng: np.random.Generator) -> EpochCounts:
    """Counts of an epoch in which `held` of `reports` clients hold each item."""
    supported = rng.binomial(held, SUPPORT.own) + rng.binomial(reports - held, SUPPORT.other)
    counts = (supported - reports * SUPPORT.other) / (SUPPORT.own - SUPPORT.other)
    return EpochCounts(number, f"{number:064x}", Counts(counts, SUPPORT, reports))


def test_one_epoch_alone_is_not_smoothed() -> None:
    only = epoch(9, 1000, HELD, np.random.default_rng(1))
    found = gather(only, (), RULES)
    assert found.terms == ()
    assert found.counts.tolist() == np.round(only.found.counts, 3).tolist()


def test_what_is_averaged_with_which_weight() -> None:
    rng = np.random.default_rng(2)
    other_domain = EpochCounts(8, "f" * 64, Counts([1.0] * 7, SUPPORT, 1000))
    parts = [epoch(9, 1000, HELD, rng), epoch(7, 2000, 2 * HELD, rng), epoch(2, 1000, HELD, rng), epoch(9, 500, HELD, rng)]
    rules = RULES.model_copy(update={"smoothing_epochs": 7, "smoothing_decay": 0.5})
    found = gather(parts[0], [*parts[1:], other_domain], rules)
    factors = [1000 / 1500, 250 / 1500]  # epoch 2 is too old, epoch 9 is this very one
    assert found.terms == tuple(
        EpochTerm(epoch=each.epoch, counts=each.sha256, factor=factor) for each, factor in zip(parts, factors, strict=False)
    )
    want = factors[0] * parts[0].found.counts + factors[1] * parts[1].found.counts
    assert np.abs(found.counts - want).max() < 0.001


def misses(rounds: int = 1500) -> tuple[float, float, float]:
    """(misses of popular items, of the others, each over what is stated; false entries a pool), three epochs averaged."""
    rng, popular, rare, false = np.random.default_rng(3), 0, 0, 0
    for _ in range(rounds):
        found = gather(epoch(5, 1000, HELD, rng), [epoch(4, 2000, 2 * HELD, rng), epoch(3, 500, HELD // 2, rng)], RULES)
        missed = (found.low > HELD).astype(int) + (found.high < HELD)
        popular, rare = popular + int(missed[:3].sum()), rare + int(missed[3:].sum())
        false += int((found.low[3:] > 0).sum())
    stated = 2 * rounds * 0.5 / ITEMS
    return popular / (3 * stated), rare / (197 * stated), false / rounds


def test_the_interval_of_a_sum_holds_as_often_as_stated() -> None:
    popular, rare, false = misses()
    assert popular <= 1
    assert rare <= 1
    assert 0.15 < false <= 0.5


def test_a_sum_with_the_variance_of_its_newest_epoch_times_its_factor_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted: the older epochs' noise is forgotten."""

    def forgetful(parts: list[tuple[Support, int, float]], confidence: float) -> ScoreInterval:
        return summed_interval(parts[:1], confidence)

    monkeypatch.setattr(evidence_module, "summed_interval", forgetful)
    assert misses(100)[2] > 0.5


def test_smoothing_narrows_the_interval() -> None:
    rng = np.random.default_rng(4)
    alone = gather(epoch(5, 1000, HELD, rng), (), RULES)
    summed = gather(epoch(5, 1000, HELD, rng), [epoch(number, 1000, HELD, rng) for number in (4, 3, 2)], RULES)
    assert summed.interval.base < 0.4 * alone.interval.base


def test_the_skewness_bound_of_a_sum_is_not_below_a_single_epochs() -> None:
    whole = summed_interval([(SUPPORT, 1000, 1.0)], 0.99)
    halves = summed_interval([(SUPPORT, 1000, 0.5), (SUPPORT, 1000, 0.5)], 0.99)
    assert halves.base == pytest.approx(whole.base / 2)
    assert halves.down == pytest.approx(whole.down / 2)


def recall(score: np.ndarray, truth: np.ndarray, most: int = 50) -> float:
    """Share of the true best that stand among the best by score; equals are ordered by item, which is the base order here."""
    best = set(np.argsort(-truth, kind="stable")[:most])
    return len(best & set(np.argsort(-score, kind="stable")[:most])) / most


def zipf_epoch(reports: int, epsilon: float, rng: np.random.Generator, moved: int) -> tuple[Evidence, np.ndarray]:
    """Items 1..2000 by a Zipf law of which `moved` items left their rank, reported at an epsilon."""
    share = 1.0 / (np.arange(2000) + 20)
    place = rng.permutation(2000)[:moved]
    share[place] = share[rng.permutation(place)]
    share /= share.sum()
    mechanism = choose_mechanism(2000, epsilon)
    values = rng.choice(np.arange(1, 2001), reports, p=share)
    found = estimate(mechanism, randomize_many(mechanism, values, rng))
    newest = EpochCounts(3, "0" * 64, Counts(found.counts[1:], support_of(mechanism), reports))
    return gather(newest, (), RULES), share


def test_few_reports_leave_the_base_order_and_many_move_it() -> None:
    rng = np.random.default_rng(6)
    base = list(range(1, 2001))
    noise, truth = zipf_epoch(2_000, 2.0, rng, 400)
    assert recall(posterior(noise, base), truth) >= recall(-np.arange(2000.0), truth)
    assert recall(noise.counts, truth) < 0.3  # what raw counts would have done
    clear, truth = zipf_epoch(400_000, 8.0, rng, 400)
    assert recall(posterior(clear, base), truth) > max(0.9, recall(-np.arange(2000.0), truth))


def test_a_base_pool_that_knows_nothing_is_overruled() -> None:
    rng = np.random.default_rng(7)
    found, truth = zipf_epoch(400_000, 8.0, rng, 0)
    shuffled = (rng.permutation(2000) + 1).tolist()
    assert recall(posterior(found, shuffled), truth) > 0.9


def test_banned_and_sold_out_items_stand_in_no_pool() -> None:
    rng = np.random.default_rng(8)
    base = base_pool("s", True, range(1, ITEMS + 1), RULES)
    rules = RULES.model_copy(update={"banned": (1,)})
    categories = tuple(1 + item % 3 for item in range(ITEMS))
    parts = PoolParts(base, base, rules, unavailable=frozenset({2}), categories=categories)
    pool, lists = make_pools(parts, epoch(5, 1000, HELD, rng), 1)
    assert lists is not None
    assert not {1, 2} & {entry.item for entry in pool.items}
    assert not {1, 2} & {item for each in lists.lists for item in each.items}
    assert [each.category for each in lists.lists] == [1, 2, 3]
    assert {item for each in lists.lists for item in each.items} == set(range(3, ITEMS + 1))


def test_a_category_takes_its_share_of_the_pool_and_no_more() -> None:
    base = base_pool("s", True, range(1, ITEMS + 1), RULES)
    rules = RULES.model_copy(update={"size": 20, "category_share_most": 0.25})
    categories = tuple(1 if item < 100 else 2 + item % 5 for item in range(ITEMS))
    parts = PoolParts(base, base, rules, categories=categories)
    quiet = EpochCounts(5, "0" * 64, Counts(np.zeros(ITEMS), SUPPORT, 1000))
    items = [entry.item for entry in make_pools(parts, quiet, 1)[0].items]
    taken = [categories[item - 1] for item in items]
    assert len(items) == 20
    assert max(taken.count(category) for category in set(taken)) == 5


@pytest.mark.parametrize("slope", [-0.7, 0.0, 3.0])
def test_many_bounds_at_once_are_the_bounds_one_by_one_to_the_last_bit(slope: float) -> None:
    interval = ScoreInterval(z=4.1, base=812.5, slope=slope, down=1.7, up=0.9)
    counts = np.random.default_rng(3).normal(0.0, 2_000.0, 5_000)
    low, high = evidence_module.bounds_around(interval, counts)
    assert [*zip(low.tolist(), high.tolist(), strict=True)] == [interval.around(count) for count in counts.tolist()]
