"""What is known of an epsilon-greedy agent, and an agent that starts from it."""

from __future__ import annotations

import numpy as np
import pytest
from selflearn_agents import make_agent
from selflearn_agents.bandits.known_values import KnownValues, known_values, start_from


@pytest.fixture
def make(tiny_shop):
    def build(seed, **options):
        return make_agent("epsilon_greedy", history=tiny_shop.history, slate_size=3, seed=seed, **options)

    return build


def learn(agent, rng, visits=300):
    """Shows random slates and learns; the showings of each product in each state."""
    counts = np.zeros((agent.states, agent.products), dtype=np.int64)
    for _ in range(visits):
        states = rng.integers(20, size=2)
        slates = np.stack([rng.permutation(agent.products)[:3] for _ in states])
        agent.update(states, slates, np.zeros((2, 3)), rng.normal(size=(2, 3)))
        np.add.at(counts, (states[:, None], slates), 1)
    return counts


def test_all_that_is_known_is_there_with_its_counts(make):
    agent = make(0)
    counts = learn(agent, np.random.default_rng(1))
    known = known_values(agent)
    values = np.full(counts.shape, -np.inf)
    values[known.states, known.products] = known.values
    np.testing.assert_array_equal(values, agent.values(np.arange(agent.states)))
    found = np.zeros_like(counts)
    found[known.states, known.products] = known.counts
    np.testing.assert_array_equal(found, counts)
    cells = known.states * agent.products + known.products
    assert (np.diff(cells) > 0).all()


@pytest.mark.parametrize("options", [{}, {"prior_weight": 2.0}, {"step_size": 0.05}])
def test_an_agent_that_starts_from_it_goes_on_bit_for_bit(make, options):
    agent, other = make(0, **options), make(7, **options)  # with other ties and another start
    learn(agent, np.random.default_rng(1))
    start_from(other, known_values(agent))
    for each in (agent, other):
        learn(each, np.random.default_rng(2))
    for one, another in zip(known_values(agent), known_values(other), strict=True):
        np.testing.assert_array_equal(one, another)
    assert other.act(np.arange(20)).shape == (20, 3)


def test_what_is_not_known_is_forgotten(make):
    agent = make(0)
    nothing = np.zeros(0, dtype=np.int64)
    start_from(agent, KnownValues(nothing, nothing, np.zeros(0), nothing))
    assert np.isneginf(agent.values(np.arange(agent.states))).all()
    assert agent.act([3]).shape == (1, 3)
