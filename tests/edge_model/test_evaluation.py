"""The evaluation's figures against cases computed by hand, and what its record states."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from test_ranks_and_baselines import LOG, tiny

from edge_model import Evaluation, Run, SessionLog, evaluate
from edge_model.baselines import BASELINES, Popularity
from edge_model.evaluation import is_seen, percentiles, shown_ranks
from edge_model.instances import Instances, instances_for_test
from edge_model.ranks import best, ndcg, ranks
from edge_model.weights import Float32
from intently.evaluating import draw, read_evaluations


def test_it_states_its_rules_and_its_figures() -> None:
    record = evaluate(None, LOG)
    assert record.split == "by hand"
    assert (record.cut_off, record.instances, record.instances_of) == (20, 2, 2)
    assert record.tie_rule.startswith("against the model")
    assert record.candidates == "all 4 items of the log"
    # Popularity [2, 3, 1, 1]: target 2 is first; target 4 ties with item 3 and stands fourth.
    assert record.methods["popularity"].mrr20 == pytest.approx((1 + 1 / 4) / 2)
    assert set(record.methods) == set(BASELINES) - {"category_popularity"}
    assert evaluate(None, LOG, most=1).instances == 1
    assert record.ratios == {}
    assert "no user histories" in record.ratio_note
    assert "decay=" in record.methods["session_knn"].settings
    assert Evaluation.from_bytes(record.to_bytes()) == record


class Fixed:
    """Scores the same for every prefix."""

    def __init__(self, *scores: float) -> None:
        self.scores = np.array(scores, np.float32)

    def score(self, wanted: Instances) -> Float32:
        return np.broadcast_to(self.scores, (len(wanted), len(self.scores)))


def test_every_figure_by_hand() -> None:
    log = tiny([[1, 2, 3], [1, 1], [1, 2, 12, 1]], train=2)  # targets 2, 12, 1 after 1 | 1 2 | 1 2 12
    fixed = Fixed(9, 8, 7, 6, 5, 4, 3, 2, 1, 0.5, 0.4, 0.3)  # ranks 2, 12, 1
    found = evaluate(None, log, baselines={"fixed": lambda log: fixed}).methods["fixed"]
    assert (found.hr5, found.hr8, found.hr10, found.hr20) == (pytest.approx(2 / 3), pytest.approx(2 / 3), pytest.approx(2 / 3), 1)
    assert found.mrr20 == pytest.approx((1 / 2 + 1 / 12 + 1) / 3)
    assert found.ndcg20 == pytest.approx((1 / np.log2(3) + 1 / np.log2(13) + 1) / 3)
    # Shown: target 2 is first without item 1; 12 stands tenth without 1 and 2; 1 was seen and is filtered.
    assert found.hr8_shown == pytest.approx(1 / 3)
    assert found.coverage20 == 1
    # Counts: item 1 three times, 2 and 3 once, nine items never. Percentiles 1, 11/12, 11/12, 9/12 ...; all twelve are listed.
    listed = (1 + 2 * 11 / 12 + 9 * 9 / 12) / 12
    assert found.popularity_bias == pytest.approx(listed - (11 / 12 + 9 / 12 + 1) / 3)


def test_percentiles_and_seen_by_hand() -> None:
    assert percentiles(LOG).tolist() == [0, 3 / 4, 1, 2 / 4, 2 / 4]
    log = tiny([[1, 2], [1, 2, 1, 3]], train=1)
    assert is_seen(log, instances_for_test(log)).tolist() == [False, True, False]


def test_a_tie_with_a_seen_item_does_not_count_once_it_is_filtered() -> None:
    log = tiny([[1, 2], [1, 2]], train=1)
    wanted = instances_for_test(log)
    scores = np.array([[1, 1]], np.float32)
    assert ranks(scores, wanted.target).tolist() == [2]
    assert shown_ranks(log, wanted, scores, ranks(scores, wanted.target)).tolist() == [1]


VALUES = st.sampled_from([0.0, 1.0, 2.0, -np.inf, np.nan, 3.5])


@settings(max_examples=60, deadline=None)
@given(
    scores=arrays.arrays(np.float32, st.tuples(st.integers(1, 3), st.integers(1, 200)), elements=VALUES), most=st.integers(1, 30)
)
def test_best_is_a_full_sort(scores: Float32, most: int) -> None:
    clean = np.where(np.isnan(scores), -np.inf, scores)
    want = np.argsort(-clean, axis=1, kind="stable")[:, :most]
    got = best(scores, most)
    assert np.take_along_axis(clean, got - 1, axis=1).tolist() == np.take_along_axis(clean, want, axis=1).tolist()
    assert all(len(set(row)) == len(row) for row in got.tolist())


def test_best_prefers_the_lower_index_among_equals() -> None:
    assert best(np.array([[0, 5, 5, 1]], np.float32), 3).tolist() == [[2, 3, 4]]


def test_ndcg_beyond_the_cut_off_is_nothing() -> None:
    assert ndcg(np.array([21, 3]), 20) == pytest.approx(0.25)


def test_forms_of_a_model_stand_beside_the_baselines_with_their_ratios(run: Run, small_log: SessionLog) -> None:
    found = evaluate(None, small_log, most=200, float_model=lambda log: Popularity(log))
    assert next(iter(found.methods)) == "float_model"
    assert found.ratios["float_model"]["popularity"] == 1.0
    card = run.card.evaluation
    want = card.methods["model"].hr20 / card.methods["session_knn"].hr20
    assert card.ratios["model"]["session_knn"] == pytest.approx(want, abs=1e-3)
    seen: list[float] = []
    evaluate(
        None, small_log, most=300, baselines={"a": Popularity, "b": Popularity}, report=lambda share, text: seen.append(share)
    )
    assert seen == sorted(seen)
    assert seen[-1] == 1.0


def test_a_picture_of_two_evaluations_is_drawn(tmp_path: Path) -> None:
    fixed = Fixed(9, 8, 7, 6)
    record = evaluate(None, LOG, float_model=lambda log: fixed)
    (tmp_path / "small.json").write_bytes(record.to_bytes())
    (tmp_path / "large.json").write_bytes(evaluate(None, LOG).to_bytes())
    found = read_evaluations([tmp_path / "small.json", tmp_path / "large.json"])
    assert list(found) == ["small", "large"]
    draw(found, tmp_path / "out" / "plot.svg")
    text = (tmp_path / "out" / "plot.svg").read_text()
    assert "small (float)" in text
    assert text.count("session knn") == 1  # a baseline stands once for each log
    draw(found, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes()[:4] == b"\x89PNG"
