"""How much agents explore by their own estimates, measured in some visits of every chunk."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from selflearn_agents import make_agent
from selflearn_agents.baselines.uniform import RandomAgent
from selflearn_agents.evaluation import evaluate
from selflearn_agents.evaluation.recorder import CHUNKS, SAMPLES, Recorder
from selflearn_agents.evaluation.references import References
from selflearn_agents.evaluation.result import CURVES

from selflearn_env.core.visits import Visits
from tests.agents.evaluation.hand_made import HISTORY, PRODUCTS, STATES, Moment

ENV = "selflearn/Retail-v0"
N = 3


class Explorer:
    """An agent of which each value is known: that of a product is its number, plus ten times the state."""

    def __init__(self):
        self.asked = 0

    def values(self, states):
        self.asked += len(states)
        return states[:, None] * 10.0 + np.arange(PRODUCTS)


@given(
    visits=st.integers(1, 4000),
    batches=st.lists(st.integers(0, 400), min_size=1, max_size=30),
    seed=st.integers(0, 1000),
)
def test_exploration_is_measured_in_every_chunk_whatever_the_batches(visits, batches, seed):
    rng = np.random.default_rng(seed)
    agent, moment, explored, at = Explorer(), Moment(0, []), [], 0
    recorder = Recorder(visits, HISTORY, References(moment))
    while at < visits:
        batch = min(batches[at % len(batches)] or 1, visits - at)
        states = rng.integers(STATES, size=batch)
        slates = rng.permuted(np.tile(np.arange(PRODUCTS), (batch, 1)), axis=1)[:, :2]
        recorder.look_at(agent, states, slates)
        recorder.add(moment, Visits(states), slates, slates.astype(np.int8), slates.astype(float))
        explored.extend(sum(product < PRODUCTS - 2 for product in slate) / 2 for slate in slates.tolist())
        at += batch
    chunk = -(-visits // CHUNKS)
    every = max(1, chunk // SAMPLES)
    looked = [explored[begin : min(begin + chunk, visits)][::every] for begin in range(0, visits, chunk)]
    np.testing.assert_allclose(recorder.result()["exploration"], [np.mean(some) for some in looked])
    assert agent.asked == sum(len(some) for some in looked)


def test_products_of_equal_value_and_those_without_estimate_are_no_exploration():
    moment = Moment(0, [])
    recorder = Recorder(3, HISTORY, References(moment))
    flat = SimpleNamespace(values=lambda _: np.array([[1.0, 3.0, 2.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0]]))
    scarce = SimpleNamespace(values=lambda _: np.array([[1.0] + [-np.inf] * 8]))
    for agent, slate in ((flat, [1, 3]), (flat, [4, 0]), (scarce, [7, 8])):
        slates = np.array([slate])
        recorder.look_at(agent, np.zeros(1, int), slates)
        recorder.add(moment, Visits(np.zeros(1, int)), slates, slates.astype(np.int8), slates.astype(float))
    assert recorder.result()["exploration"].tolist() == [0.0, 1.0, 0.0]


@pytest.mark.parametrize(("epsilon", "share"), [(0.0, 0.0), (1.0, 5 / 8)])
def test_exploration_of_an_agent_that_explores_as_it_is_told(tiny_shop, epsilon, share):
    """Of a slate drawn from all 8 products, 5 of 8 are not among the 3 best."""
    agent = make_agent("epsilon_greedy", history=tiny_shop.history, slate_size=N, epsilon=epsilon, prior_weight=1e9)
    # Their prior weighs so much that its values stay what they are.
    result = evaluate(agent, ENV, 20_000, 100, progress=False, shop=tiny_shop, slate_size=N)
    assert result.mean("exploration") == pytest.approx(share, abs=0.06)


class Silent(RandomAgent):
    def _values(self, states):
        raise NotImplementedError("keeps them to itself")


def test_an_agent_without_estimates_has_no_exploration(tiny_shop):
    agent = Silent(tiny_shop.history, N, np.random.default_rng(1))
    result = evaluate(agent, ENV, 70, progress=False, shop=tiny_shop, slate_size=N)
    assert np.isnan(result.exploration).all()
    assert np.isnan(result.figures()["exploration"])
    assert not any(np.isnan(getattr(result, name)).any() for name in CURVES if name != "exploration")
