"""obp's feedback of slates: the numbers that its formulas need, and the log again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from selflearn_agents import make_agent
from selflearn_agents.logs import from_obp, record, to_obp
from selflearn_agents.ope import evaluate_offline

N, P = 2, 8


@pytest.fixture(scope="module")
def log(tiny_shop):
    agent = make_agent("epsilon_greedy", history=tiny_shop.history, slate_size=N, seed=1, epsilon=0.5)
    return record(agent, "selflearn/Retail-v0", 200, batch=20, marginals=True, shop=tiny_shop)


def test_every_shown_product_is_a_row(log, tiny_shop):
    feedback, states = to_obp(log, tiny_shop.states, P), tiny_shop.states
    assert (feedback["n_rounds"], feedback["n_unique_action"]) == (200, P)
    assert feedback["context"].shape == (200, 25)
    for row in range(400):
        visit, slot = divmod(row, N)
        assert (feedback["slate_id"][row], feedback["position"][row]) == (visit, slot)
        assert feedback["action"][row] == log.slate[visit, slot]
        assert feedback["reward"][row] == log.item_reward[visit, slot]
        assert feedback["pscore_cascade"][row] == pytest.approx(np.prod(log.propensity[visit, : slot + 1]), rel=1e-15)
        assert feedback["pscore"][row] == pytest.approx(np.prod(log.propensity[visit]), rel=1e-15)
        assert feedback["pscore_item_position"][row] == log.marginal[visit, slot]
        labels = [label for tier in states.tiers for label in tier.labels]
        on = [labels[place] for place in np.flatnonzero(feedback["context"][visit])]
        assert "_".join(on) == states.label(log.state[visit])


def test_its_formulas_give_what_ours_give(log, tiny_shop):
    """As obp has them: sum over all rows of weight times reward, by the number of slates."""
    target = make_agent("epsilon_greedy", history=tiny_shop.history, slate_size=N, seed=3, epsilon=0.3, prior="rate")
    feedback = to_obp(log, tiny_shop.states, P)
    above = target.propensity(log.state, log.slate).cumprod(axis=1)
    own = np.take_along_axis(target.marginals(log.state), log.slate[:, :, None], axis=2)[:, :, 0]
    pscores = {
        "sips": (above[:, -1:].repeat(N, axis=1), "pscore"),
        "rips": (above, "pscore_cascade"),
        "iips": (own, "pscore_item_position"),
    }
    for estimate in evaluate_offline(log, target, list(pscores), resamples=10).estimates:
        score, key = pscores[estimate.estimator]
        theirs = (score.ravel() / feedback[key] * feedback["reward"]).sum() / len(np.unique(feedback["slate_id"]))
        assert estimate.value == pytest.approx(theirs, rel=1e-12)


def test_there_and_back(log, tiny_shop):
    for each in (log, replace(log, propensity=None), replace(log, marginal=None)):
        found = from_obp(to_obp(each, tiny_shop.states, P), tiny_shop.states, agent=each.agent)
        for name in ("state", "slate", "item_reward", "marginal", "over", "agent"):
            np.testing.assert_array_equal(getattr(found, name), getattr(each, name), err_msg=name)
        assert (found.response == -1).all()
        assert (found.propensity is None) == (each.propensity is None)
        if each.propensity is not None:
            np.testing.assert_allclose(found.propensity, each.propensity, rtol=1e-15)


@pytest.fixture
def feedback():
    """Three slates, with the keys of obp's own data set, its contexts and its types; rows in any order."""
    return {
        "n_rounds": 3,
        "n_unique_action": 5,
        "slate_id": np.array([1, 0, 0, 1, 2, 2]),
        "context": np.array([[0.5, -1.0], [-0.2, 3.0], [0.5, -1.0]]),
        "action_context": np.eye(5, dtype=int),
        "action": np.array([4, 1, 0, 2, 3, 1]),
        "position": np.array([1, 0, 1, 0, 0, 1]),
        "reward": np.array([1, 0, 1, 0, 0, 0]),
        "expected_reward_factual": np.full(6, 0.5),
        "pscore_cascade": np.array([0.1, 0.5, 0.25, 0.2, 1.0, 0.125]),
        "pscore": np.array([0.1, 0.25, 0.25, 0.1, 0.125, 0.125]),
        "pscore_item_position": None,
    }


def test_feedback_of_its_own(feedback):
    log = from_obp(feedback)
    assert log.state.tolist() == [1, 0, 1]
    assert log.slate.tolist() == [[1, 0], [2, 4], [3, 1]]
    assert log.item_reward.tolist() == [[0, 1], [0, 1], [0, 0]]
    np.testing.assert_allclose(log.propensity, [[0.5, 0.5], [0.2, 0.5], [1.0, 0.125]], rtol=1e-15)
    assert log.marginal is None


def test_slates_that_are_numbered_by_floats(feedback):
    floats = from_obp({**feedback, "slate_id": feedback["slate_id"].astype(float)})
    np.testing.assert_array_equal(floats.state, from_obp(feedback).state)


def test_what_is_wrong(feedback, log, tiny_shop):
    with pytest.raises(ValueError, match="feedback of slates has reward, too; found n_rounds, "):
        from_obp({key: value for key, value in feedback.items() if key != "reward"})
    with pytest.raises(ValueError, match="contexts have 2 features, but the states have 25 labels"):
        from_obp(feedback, tiny_shop.states)
    with pytest.raises(ValueError, match="context 0 is not one-hot for each tier"):
        from_obp({**feedback, "context": np.full((3, 25), 0.1)}, tiny_shop.states)
    with pytest.raises(ValueError, match=r"context has the shape \(n_rounds, features\), n_rounds 3, got \(2, 2\)"):
        from_obp({**feedback, "context": feedback["context"][:2]})
    with pytest.raises(ValueError, match="slate_id counts from 0 to n_rounds - 1, 2, found 1 to 3"):
        from_obp({**feedback, "slate_id": feedback["slate_id"] + 1})
    with pytest.raises(ValueError, match="feedback has a row for each shown product, so one shape in all of"):
        from_obp({**feedback, "reward": feedback["reward"][:5]})
    with pytest.raises(ValueError, match=r"the log has product \d, but the products are 0\.\.2"):
        to_obp(log, tiny_shop.states, 3)
