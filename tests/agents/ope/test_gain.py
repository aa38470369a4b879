"""How much more than was logged: by the same visits, in which what is common cancels out."""

from __future__ import annotations

import numpy as np
import pytest
from selflearn_agents.ope import evaluate_offline, t_interval
from selflearn_agents.ope.terms import Terms


def test_of_a_mean_it_is_the_mean_of_differences(sampled, logger, target):
    log = sampled(logger["random"], 3000, seed=5)
    (found,) = evaluate_offline(log, target, ["sips"], resamples=0).estimates
    weight = (target.propensity(log.state, log.slate) / log.propensity).prod(axis=1)
    more = (weight - 1) * log.reward
    _, low, high = t_interval(Terms.mean(more, weight[:, None]), log.episode)
    assert (found.gain_low, found.gain_high) == pytest.approx((low, high))


def test_who_does_what_was_logged_gains_nothing(sampled, logger):
    agent = logger["epsilon_greedy"]
    result = evaluate_offline(sampled(agent, 500, seed=5), agent, logging_policy=agent, resamples=0)
    gains = result.to_frame().drop("dm")[["gain_low", "gain_high"]]
    exact = gains.drop(["dr", "cascade_dr"])
    np.testing.assert_allclose(exact, 0, atol=1e-12)
    assert (gains["gain_low"] < 1e-12).all()
    assert (gains["gain_high"] > -1e-12).all()
    assert result.logged_low < result.logged_reward < result.logged_high
