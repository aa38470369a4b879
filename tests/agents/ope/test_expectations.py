"""Unbiased estimators are so to the last digits, where every slate comes as often as its policy shows it."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from selflearn_agents.ope.estimators import ESTIMATORS
from selflearn_agents.ope.evidence import Evidence
from selflearn_agents.ope.pseudo_inverse import pi_weight

from tests.agents.ope.policies import SLATES, N, P, log_of, probability_of_slates

STATES = np.arange(5, 672, 23)
ALWAYS = ("sips", "sn_sips", "dr", "sn_dr")
CASCADE = (*ALWAYS, "rips", "sn_rips", "cascade_dr", "sn_cascade_dr")
SLOTS = (*CASCADE, "iips", "sn_iips", "aips")


class AnyModel:
    """Expects rewards that have nothing to do with the shop."""

    def fit(self, states, slates, item_rewards, products):
        return self

    def expected(self, states):
        return np.sin(states[:, None, None] + 3.0 * np.arange(N)[:, None] + np.arange(P))


def expectation(name, log, target, probability, logging_policy=None):
    """Of an estimator, given how often each visit of the log happens."""
    fold = np.arange(len(log)) % 2
    terms = ESTIMATORS[name].terms(Evidence(log, target, logging_policy, AnyModel(), fold))
    return ((probability @ terms.top) / (probability @ terms.bottom)).sum()


def every_slate(agent, simulator):
    """The log of all slates in some states, with the expected rewards; and how often each visit happens."""
    states, slates = np.repeat(STATES, len(SLATES)), np.tile(SLATES, (len(STATES), 1))
    earned = simulator.response_probability(states, slates) @ simulator.rewards.by_response
    probability = probability_of_slates(agent, STATES).ravel() / len(STATES)
    shown = probability > 0
    log = log_of(states[shown], slates[shown], earned[shown], agent.propensity(states[shown], slates[shown]))
    return log, probability[shown]


@pytest.mark.parametrize("logged", ["random", "epsilon_greedy"])
@pytest.mark.parametrize(
    ("customer", "unbiased"), [("logit", ALWAYS), ("cascade", CASCADE), ("independent", SLOTS), ("position", SLOTS)]
)
def test_under_their_assumptions(customer, unbiased, logged, simulator_of, logger, target):
    simulator, agent = simulator_of(customer), logger[logged]
    log, probability = every_slate(agent, simulator)
    earned = simulator.expected_reward(np.repeat(STATES, len(SLATES)), np.tile(SLATES, (len(STATES), 1)))
    exact = probability_of_slates(target, STATES).ravel() @ earned / len(STATES)
    assert abs(probability @ log.reward - exact) > 0.01
    for name in unbiased:
        assert expectation(name, log, target, probability, agent) == pytest.approx(exact, abs=1e-9), name
    if customer in ("independent", "position") and logged == "random":  # slates add up, and the inverse is known
        for name in ("pi", "sn_pi"):
            assert expectation(name, log, target, probability) == pytest.approx(exact, abs=1e-9), name
    for name in {"cascade": ["iips"], "logit": ["iips", "rips"]}.get(customer, []):
        assert abs(expectation(name, log, target, probability, agent) - exact) > 1e-4, name


def test_the_pseudo_inverse_where_slots_are_drawn_apart(target):
    """Slots drawn independently, each in its own way; rewards that are sums of parts nobody knows."""
    rng = np.random.default_rng(8)
    own = rng.dirichlet(np.ones(P), size=(len(STATES), N))
    part = rng.normal(size=(len(STATES), N, P))
    pairs = np.stack(np.meshgrid(np.arange(P), np.arange(P), indexing="ij"), axis=-1).reshape(-1, N)
    at, slates = np.repeat(np.arange(len(STATES)), len(pairs)), np.tile(pairs, (len(STATES), 1))
    chance = own[at[:, None], np.arange(N), slates]
    log = log_of(STATES[at], slates, part[at[:, None], np.arange(N), slates], chance, marginal=chance)
    exact = (target.marginals(STATES) * part).sum() / len(STATES)
    probability = chance.prod(axis=1) / len(STATES)
    for name in ("pi", "sn_pi", "iips"):
        assert expectation(name, log, target, probability) == pytest.approx(exact, abs=1e-9), name


@pytest.mark.parametrize(("slots", "products"), [(2, 8), (3, 4), (4, 4), (1, 3)])
def test_the_closed_inverse_is_the_pseudo_inverse(slots, products):
    """Of uniform slates without repeats, against the matrix itself."""
    slates = np.array(list(permutations(range(products), slots)))
    marks = np.zeros((len(slates), slots, products))
    np.put_along_axis(marks, slates[:, :, None], 1, axis=2)
    marks = marks.reshape(len(slates), -1)
    target = np.random.default_rng(3).dirichlet(np.ones(len(slates))) @ marks
    expected = marks @ np.linalg.pinv(marks.T @ marks / len(slates)) @ target
    table = target.reshape(slots, products)

    class Given:
        is_uniform = True

    given = Given()
    given.slots, given.products, given.target = slots, products, Given()
    given.target.shown = table[np.arange(slots), slates]
    given.target.covered = table.mean(axis=0)[slates].sum(axis=1)
    np.testing.assert_allclose(pi_weight(given), expected, atol=1e-10)
