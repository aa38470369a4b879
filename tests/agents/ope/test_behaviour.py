"""Whether a log shows that responses depend on the other products of a slate."""

from __future__ import annotations

import math
import sys
from collections import Counter

import numpy as np
import pytest
from scipy import stats
from selflearn_agents.ope import behaviour, diagnose, evaluate_offline
from selflearn_agents.ope.intervals import degrees_of_freedom

from tests.agents.ope.policies import log_of

STATES, SLOTS, PRODUCTS = 3, 3, 6


def logged(visits, seed, effect_above=0.0, effect_below=0.0):
    """Rewards that differ by state, slot and product, and by the appeal of the others where this is asked for."""
    rng = np.random.default_rng(seed)
    states = rng.integers(STATES, size=visits)
    appeal = np.arange(PRODUCTS) - 2.5
    scores = rng.gumbel(size=(visits, PRODUCTS)) + np.where(states[:, None] == 1, appeal, 0.0)  # who shows what differs
    slates = np.argsort(-scores, axis=1)[:, :SLOTS]
    own = appeal[slates]
    reward = own * (1.0 + states[:, None]) * np.array([1.0, 0.7, 0.5]) + rng.normal(size=slates.shape)
    above = own.cumsum(axis=1) - own
    below = own.sum(axis=1, keepdims=True) - own - above
    return log_of(states, slates, reward + effect_above * above + effect_below * below)


def plain(log, uniform):
    """Both p-values by least squares with dummy variables: of kinds met 5 times, else of three pairs."""
    visits, shown = len(log), log.slate.ravel()
    appeal = np.array([log.item_reward.ravel()[shown == product].mean() for product in range(PRODUCTS)])
    own = appeal[log.slate]
    above = own.cumsum(axis=1) - own
    below = own.sum(axis=1, keepdims=True) - own - above
    kind = [(s, k, a) for s, slate in zip(log.state, log.slate.tolist(), strict=True) for k, a in enumerate(slate)]
    met = Counter(kind)
    groups = [
        [("product", *each[1:])]
        if uniform
        else [each]
        if met[each] >= 5
        else [("state", *each[:2]), ("product", *each[1:]), ("taste", each[0], each[2])]
        for each in kind
    ]
    sizes = Counter(group for some in groups for group in some)
    names = sorted(sizes, key=str)
    dummies = np.array([[name in some for name in names] for some in groups], dtype=float)
    design = np.column_stack([above.ravel(), below.ravel(), dummies])
    slopes = np.linalg.lstsq(design, log.item_reward.ravel(), rcond=None)[0]
    inverse = np.linalg.pinv(design.T @ design)
    pull = (inverse @ (design * (log.item_reward.ravel() - design @ slopes)[:, None]).T)[:2]
    pulls = pull.reshape(2, visits, SLOTS).sum(axis=2)
    alike = [some for some in groups if min(sizes[group] for group in some) > 1]
    free = len(alike) - len({group for some in alike for group in some})
    variance = len(alike) / free * pulls @ pulls.T
    degrees = [degrees_of_freedom(each) for each in pulls]
    both = slopes[:2] @ np.linalg.inv(variance) @ slopes[:2] / 2
    far = abs(slopes[1]) / math.sqrt(variance[1, 1])
    return stats.f.sf(both, 2, min(degrees)), 2 * stats.t.sf(far, degrees[1])


@pytest.mark.parametrize(("above", "below"), [(0.0, 0.0), (0.1, 0.0), (0.0, 0.1), (-0.1, 0.1)])
def test_what_depends_on_others_is_found_and_nothing_else(above, below):
    found = behaviour(logged(4000, 1, above, below))
    assert (found.others < 1e-4) == (above != 0 or below != 0)
    assert (found.below < 1e-4) == (below != 0)


def test_false_alarms_are_as_rare_as_they_should_be():
    """Of 300 logs in which nothing is to be found some 15 have a p-value below 0.05, and half have one below 0.5."""
    found = np.array([behaviour(logged(300, seed)) for seed in range(300)])
    assert ((found < 0.05).mean(axis=0) <= 0.09).all()
    assert ((found < 0.5).mean(axis=0) > 0.4).all()


@pytest.mark.parametrize("uniform", [False, True])
@pytest.mark.parametrize("visits", [60, 150, 400])
def test_against_least_squares_with_dummy_variables(visits, uniform, monkeypatch):
    monkeypatch.setattr(sys.modules["selflearn_agents.ope.behaviour"], "ROUNDS", 1000)  # the package hides the module
    log = logged(visits, 3, 0.05, 0.02)
    assert behaviour(log, uniform) == pytest.approx(plain(log, uniform), rel=1e-3)


def test_few_rounds_are_enough():
    p_values = np.array([behaviour(logged(150, seed)) for seed in range(20)])
    exact = np.array([plain(logged(150, seed), False) for seed in range(20)])
    np.testing.assert_allclose(p_values, exact, atol=0.05)


@pytest.mark.parametrize("slates", [[[0], [1], [0]], [[0, 1], [2, 3], [4, 5]], [[0, 1], [0, 1], [0, 1]]])
def test_logs_that_cannot_tell(slates):
    """One slot; nothing twice; always the same."""
    slates = np.array(slates)
    rewards = np.random.default_rng(0).normal(size=slates.shape)
    assert all(map(math.isnan, behaviour(log_of(np.zeros(3, dtype=int), slates, rewards))))


def test_who_takes_for_granted_what_is_not_so_is_not_trusted(sampled, logger, target):
    """Customers who buy one product of a slate at most, so that all others of it matter."""
    log = sampled(logger["random"], 40_000, seed=5, customer="logit")
    result = evaluate_offline(log, target, resamples=0)
    assert max(result.behaviour) < 0.05
    frame = result.to_frame()
    assert frame.loc["sips", "verdict"].startswith("ok: ")
    assert frame.loc[["iips", "sn_iips", "pi"], "verdict"].str.contains("depend on the others of the slate").all()
    assert frame.loc[["rips", "cascade_dr"], "verdict"].str.contains("depend on the ones below").all()
    assert frame["bootstrap_low"].isna().all()


def test_a_verdict_says_what_it_takes_for_granted():
    found = diagnose(np.ones((1000, 1)), assumption="it rains")
    assert found.verdict == "ok, if it rains: 1,000 effective visits"
    assert not found.warns
    seen = diagnose(np.ones((1000, 1)), foreseen=150.0)
    assert seen.warns
    assert seen.effective == 150
    assert "its 1,000 visits count for 150.0, slates of large weight are rare in it" in seen.verdict


def test_great_weights_are_foreseen_before_a_log_has_them(sampled, policy, logger):
    """V / E_p[w] of a list that is always the same is V times the probability of showing it."""
    sure, agent = policy("popular"), logger["epsilon_greedy"]
    log = sampled(agent, 500, seed=3)
    result = evaluate_offline(log, sure, ["sips"], logging_policy=agent, resamples=0)
    states = log.state[np.unique(np.linspace(0, 499, 1000).astype(int))]
    chance = agent.propensity(states, sure.act(states)).prod(axis=1)
    assert result.support.share == 1
    assert result.support.effective == pytest.approx(500 / (1 / chance).mean())
    assert result.estimates[0].diagnosis.effective <= result.support.effective
