"""Equal to the Open Bandit Pipeline, on a small log; `obp.json` says where its numbers are from."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from selflearn_agents.agent import Agent
from selflearn_agents.ope import evaluate_offline
from selflearn_agents.ope.evidence import Evidence
from selflearn_agents.ope.switching import shrunk, switched

from tests.agents.ope.policies import P, log_of

GIVEN = json.loads((Path(__file__).parent / "obp.json").read_text())


class Listed(Agent):
    """Shows each slate with a given probability."""

    def __init__(self, history, slots, weight):
        super().__init__(history, slots, np.random.default_rng(0))
        self.slates = np.array(list(permutations(range(P), slots)))
        self.probability = np.array(weight) / np.sum(weight, axis=1, keepdims=True)

    def _act(self, states, eligible=None):
        raise NotImplementedError("it only knows how likely its slates are")

    def _values(self, states):
        raise NotImplementedError("it only knows how likely its slates are")

    def _propensity(self, states, slates, eligible=None):
        down = np.ones((len(states), self.slate_size + 1))
        for slot in range(self.slate_size):
            same = (self.slates[:, : slot + 1] == slates[:, None, : slot + 1]).all(axis=2)
            down[:, slot + 1] = (self.probability[states] * same).sum(axis=1)
        return down[:, 1:] / down[:, :-1]

    def marginals(self, visits, eligible=None):
        shows = self.slates[:, :, None] == np.arange(P)
        return np.einsum("bl,lkp->bkp", self.probability[visits], shows)


class Expected:
    """A reward model that has learned elsewhere."""

    def __init__(self, table):
        self.table = np.array(table)

    def fit(self, states, slates, item_rewards, products):
        return self

    def expected(self, states):
        return self.table[states]


def given_log(case, history):
    """A log, a target, the policy that logged, and a reward model."""
    given = GIVEN[case]
    slates, states = np.array(given["slate"]), np.array(given["state"])
    target, logger = (Listed(history, slates.shape[1], given[name]) for name in ("target_weight", "logged_weight"))
    log = log_of(states, slates, given["reward"], logger.propensity(states, slates))
    return log, target, logger, Expected(given["expected"])


@pytest.mark.parametrize("case", ["slates", "single"])
def test_as_obp_has_it(case, tiny_shop):
    """Of slates of two, and of single products, where IPS is SIPS, and so on.

    Cascade-DR is given a model of what this slot and all below earn, given the products above, and ours one of this
    slot alone: they agree as the formula of `doubly_robust` says.
    """
    log, target, logger, model = given_log(case, tiny_shop.history)
    expected = {name: value for name, value in GIVEN[case]["estimates"].items() if isinstance(value, float)}
    assert {"sips", "sn_sips"} < set(expected)
    found = evaluate_offline(log, target, list(expected), logging_policy=logger, reward_model=model, resamples=1)
    for estimate in found.estimates:
        assert estimate.value == pytest.approx(expected[estimate.estimator], rel=0, abs=1e-10), estimate.estimator


def test_thresholds_as_obp_has_them(tiny_shop):
    """Switch-DR and DRos at given thresholds. Which is best is chosen otherwise; see `switching`."""
    log, target, logger, model = given_log("single", tiny_shop.history)
    evidence = Evidence(log, target, logger, model, np.arange(len(log)) % 2)
    for changed, name, power in ((switched, "switch", 1), (shrunk, "dros", 0.5)):
        for number, expected in GIVEN["single"]["estimates"][name].items():
            weight = changed(evidence.prefix_weight, float(number) ** power)
            value = (evidence.target.direct + (weight * evidence.residual).sum(axis=1)).mean()
            assert value == pytest.approx(expected, rel=0, abs=1e-10), (name, number)
