"""The figures of one run, and the run on disk."""

from __future__ import annotations

import numpy as np
import pytest
from selflearn_agents import make_agent
from selflearn_agents.evaluation import EvaluationResult, evaluate
from selflearn_agents.evaluation.exact import gini, share_of_gap
from selflearn_agents.evaluation.result import CURVES

from tests.agents.evaluation.hand_made import BROKEN, broken, run_of, same


@pytest.mark.parametrize(
    ("showings", "expected"),
    [
        ([5, 5, 5, 5], 0.0),
        ([0, 0, 0, 7], 3 / 4),
        ([0, 9, 0, 0, 0, 0, 0, 0, 0, 0], 9 / 10),
        ([1, 3], 1 / 4),
        ([3, 1, 2], 2 / 9),  # ascending (1, 2, 3) times (-2, 0, 2), by 3 * 6
        ([0, 0, 1, 1], 1 / 2),
        ([4], 0.0),
    ],
)
def test_gini_by_hand(showings, expected):
    assert gini(np.array(showings)) == pytest.approx(expected)
    assert gini(1000 * np.array(showings)) == pytest.approx(expected)


def test_gini_goes_row_by_row_and_is_nan_where_nothing_was_shown():
    np.testing.assert_allclose(gini(np.array([[0, 0], [1, 3], [2, 0]])), [np.nan, 0.25, 0.5])


def test_share_of_gap_by_hand():
    found = share_of_gap(np.array([1.0, 3.0, 2.0, 5.0]), np.array([1.0, 1.0, 3.0, 5.0]), np.array([3.0, 3.0, 5.0, 5.0]))
    np.testing.assert_allclose(found, [0.0, 1.0, -0.5, np.nan])


def test_means_weigh_chunks_by_their_visits():
    run = run_of("a", 0, [1.0, 2.0, 6.0], every=4)
    run.visits[-1] = 9  # the last chunk has one visit
    object.__setattr__(run, "visit_count", 9)
    assert run.mean("expected_reward") == pytest.approx((4 * 1 + 4 * 2 + 6) / 9)
    assert run.mean("expected_reward", 0.0, 8 / 9) == pytest.approx(1.5)
    assert run.mean("expected_reward", 0.9) == 6.0
    assert run.mean("expected_reward", 0.0, 0.1) == 1.0  # no chunk ends there: the first


def test_the_gap_of_many_visits_is_that_of_their_means():
    run = run_of("a", 0, [1.0, 4.0], random=[0.0, 2.0], optimal=[2.0, 4.0])
    np.testing.assert_allclose(run.gap, [0.5, 1.0])
    assert run.gap_between() == pytest.approx((2.5 - 1.0) / (3.0 - 1.0))
    assert run.gap_between(0.5) == 1.0


def test_figures_by_hand():
    run = run_of("a", 3, [0.2] * 9 + [0.8], shown=[[3, 0, 0, 0], [0, 1, 0, 0]], purchases=0.25, exploration=np.nan)
    figures = run.figures()
    assert figures["agent"] == "a"
    assert (figures["seed"], figures["visits"], figures["batch"]) == (3, 100, 1)
    assert (figures["gap"], figures["gap_late"]) == pytest.approx((0.26, 0.8))
    assert (figures["reward_early"], figures["reward_late"]) == pytest.approx((0.2, 0.8))
    assert figures["coverage"] == 0.5
    assert figures["gini"] == pytest.approx(gini(np.array([3, 1, 0, 0])))
    assert figures["purchases"] == 0.25
    assert np.isnan(figures["exploration"])
    assert (figures["slates_per_second"], figures["agent_slates_per_second"]) == (50.0, 100.0)


def test_a_frame_has_a_row_per_chunk():
    frame = run_of("a", 3, [0.2, 0.4], privileged=True).frame()
    assert list(frame.columns) == ["agent", "seed", "visits", *CURVES, "gap"]
    assert frame["agent"].tolist() == ["a (privileged)"] * 2
    assert frame["visits"].tolist() == [10, 20]
    assert frame["gap"].tolist() == [0.2, 0.4]


@pytest.mark.parametrize("name", ["epsilon_greedy", "random"])
def test_a_run_is_read_as_it_was_written(name, tiny_shop, tmp_path):
    agent = make_agent(name, history=tiny_shop.history, slate_size=3, seed=1)
    result = evaluate(agent, "selflearn/Retail-v0", 333, 10, 4, progress=False, shop=tiny_shop)
    path = tmp_path / "run.npz"
    result.save(path)
    assert same(EvaluationResult.load(path), result)
    EvaluationResult.load(path).save(path)
    assert same(EvaluationResult.load(path), result)


def test_nan_curves_and_numbers_are_kept(tmp_path):
    result = run_of("ümlaut(x='\\n')", 2, [0.1, 1 / 3], exploration=np.nan, shown=[[2**40, 0]])
    result.save(tmp_path / "run.npz")
    assert same(EvaluationResult.load(tmp_path / "run.npz"), result)


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_file_is_no_run(how, tmp_path):
    path = tmp_path / "run.npz"
    broken(path, how)
    with pytest.raises(ValueError, match=r"run\.npz: "):
        EvaluationResult.load(path)


def test_a_run_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no such file"):
        EvaluationResult.load(tmp_path / "run.npz")
