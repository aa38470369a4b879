"""Whoever is shown the responses to every product knows what everybody wants."""

from __future__ import annotations

import numpy as np
from selflearn_agents.hierarchical.informed import InformedAgent


def test_of_many_responses_to_every_product_it_learns_the_appeal_but_for_a_constant(tiny_shop):
    """A purchase is exp(u) as probable, and a click, where nothing was bought, exp(u / 2), each times a constant."""
    agent = InformedAgent(tiny_shop, 1.0, 3, np.random.default_rng(0))
    shape = agent.states, agent.products
    truth = np.log(np.maximum(tiny_shop.history.incidence(), 1e-3)) + np.random.default_rng(1).normal(0, 0.3, shape)
    visits = np.full(agent.states, 10**10)
    bought = (visits[:, None] * 0.2 * np.exp(truth - truth.max())).astype(np.int64)
    clicked = ((visits[:, None] - bought) * 0.4 * np.exp((truth - truth.max()) / 2)).astype(np.int64)
    agent.observe_all(visits, np.stack([clicked, bought], axis=2))
    found = agent.model.means(np.arange(agent.states))
    assert np.std(found - truth) < 0.005
    assert (agent.greedy_slates() == np.argsort(-truth, axis=1)[:, :3]).mean() > 0.99
