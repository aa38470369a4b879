"""Who is told the model of the world has nothing left to learn of it."""

from __future__ import annotations

import numpy as np
from selflearn_agents.evaluation.lives import evaluate_lives
from selflearn_agents.personal.baskets import FIRST
from selflearn_agents.personal.informed import InformedPersonalAgent

from tests.agents.personal.test_personal import PEOPLE, N


def test_what_it_was_told_is_not_learned_anew(regulars_shop):
    agent = InformedPersonalAgent(regulars_shop, N, np.random.default_rng(0))
    told = agent.household.share.copy()
    evaluate_lives(agent, PEOPLE, 90, shop=regulars_shop)
    assert agent.baskets.items > FIRST  # others would learn from these
    np.testing.assert_array_equal(agent.household.share, told)
