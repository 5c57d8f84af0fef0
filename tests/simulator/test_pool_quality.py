"""The simulation that says what private reports would give a shop."""

from __future__ import annotations

import numpy as np
import pytest

from aggregator.pools import PoolRules
from contracts import IntentlyError
from edge_model import SessionLog
from intently.commands.aggregate import verdict
from intently.simulator import pool_quality, simulate_shop
from intently.simulator.pool_quality import Judge, Market, log_quality, private_quality, without_counts, without_privacy

RULES = PoolRules(new_room=0)


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge.of(Market.of(simulate_shop(sessions=6_000, seed=5).log, RULES))


def test_many_reports_at_a_large_epsilon_come_near_the_truth_and_few_change_nothing(judge: Judge) -> None:
    rng = np.random.default_rng(1)
    nothing, truth = without_counts(judge), without_privacy(judge)
    many = private_quality(judge, 8.0, 200_000, 1, RULES, rng)
    few = private_quality(judge, 2.0, 200, 1, RULES, rng)
    assert truth.mass == 1.0
    assert truth.recall > 0.9  # equals at the edge
    assert nothing.mass < many.mass <= 1.0
    assert many.recall > nothing.recall
    assert abs(few.mass - nothing.mass) < 0.02
    assert many.false_entries <= 2


def test_seven_epochs_say_more_than_one(judge: Judge) -> None:
    one = private_quality(judge, 4.0, 5_000, 1, RULES, np.random.default_rng(2))
    seven = private_quality(judge, 4.0, 5_000, 7, RULES, np.random.default_rng(2))
    assert seven.mass >= one.mass
    assert seven.wanted > one.wanted


def test_intervals_cover_what_they_state(judge: Judge) -> None:
    rng = np.random.default_rng(3)
    covered = [private_quality(judge, 4.0, 5_000, epochs, RULES, rng).covered for epochs in (1, 3, 7)]
    assert min(covered) > 0.93
    assert np.mean(covered) > 0.945


def test_noise_costs_and_its_intervals_still_cover(judge: Judge) -> None:
    """Less noise than is said to be there would show as too narrow intervals (planted below), more as too few wanted items."""
    quiet, noised = (private_quality(judge, 4.0, 5_000, 3, RULES, np.random.default_rng(3), noise) for noise in (None, 0.3))
    assert noised.covered > 0.93
    assert noised.wanted < quiet.wanted
    assert noised.mass <= quiet.mass


def test_noise_that_the_intervals_do_not_know_of_is_caught(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_quality, "replace", lambda support, sigma: support)
    assert private_quality(judge, 4.0, 5_000, 1, RULES, np.random.default_rng(3), 0.3).covered < 0.9


def test_intervals_of_half_the_noise_are_caught(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    real = pool_quality.support_of

    def quiet(mechanism: object) -> object:
        support = real(mechanism)  # type: ignore[arg-type]
        return type(support)(support.own, support.other / 4)

    monkeypatch.setattr(pool_quality, "support_of", quiet)
    assert private_quality(judge, 4.0, 5_000, 1, RULES, np.random.default_rng(3)).covered < 0.9


def test_a_log_that_sees_less_is_worse(judge: Judge) -> None:
    whole, part = (log_quality(judge, 3_000, hidden, 1, np.random.default_rng(4)) for hidden in (0.0, 0.98))
    assert whole.recall > part.recall


def test_a_log_too_small_for_windows_is_refused() -> None:
    log = simulate_shop(sessions=6_000, seed=5).log
    small = SessionLog(**{**log.__dict__, "train_count": 100})
    with pytest.raises(IntentlyError, match="got 100 train sessions, want 392"):
        Market.of(small, RULES)


@pytest.mark.parametrize(
    ("log", "private", "nothing", "said"),
    [(0.9, 0.8, 0.6, "access log"), (0.7, 0.8, 0.6, "Private reports"), (0.6, 0.6, 0.6, "Neither")],
)
def test_the_verdict(log: float, private: float, nothing: float, said: str) -> None:
    assert verdict(log, private, nothing).startswith(("Your " + said, said))
