"""Most products are left out of sight, and yet the slates are those of greatest score."""

import numpy as np
import pytest
from selflearn_agents import make_agent
from selflearn_agents.evaluation import evaluate
from selflearn_agents.personal import leaders
from selflearn_agents.personal.effects import HALF_LIVES
from selflearn_agents.personal.loops import attend

from tests.agents.personal.test_personal import PEOPLE, N, seen_of


def scores_of(agent, seen):
    """(B, P) by the formula, for all products."""
    model, states = agent.model, seen.state
    spread = np.sqrt(model.common_variance[model.block[states]] + model.added_variance).astype(np.float64)
    for visit, state in enumerate(states):
        rows = model.row[model.block[state]]
        shown = rows >= 0
        spread[visit, shown] = np.sqrt(model.variance[rows[shown], model.place[state]])
    bonus = agent._optimism * np.sqrt(np.log1p(1.0 + model.visit_count[states]))
    hoped = np.minimum(model.means(states) + bonus[:, None] * spread, 0.0)
    people, record = agent.household, seen.record
    scores = people.foresee_all(seen, people.recognise(seen), hoped, agent.effects.trust)
    attend(
        scores, record.start, record.product, record.day, seen.date, *agent.showings.recall(seen),
        agent.effects.strength, HALF_LIVES,
    )  # fmt: skip
    return scores / np.exp(agent.effects.strength[5] * agent.showings.recall(seen).bored)[:, None]


@pytest.mark.parametrize(
    ("listed", "risen"), [(512, 128), (5, 128), (20, 2)], ids=["usual", "short lists", "few risen"]
)
def test_the_slates_are_those_of_greatest_score(regulars_shop, monkeypatch, listed, risen):
    monkeypatch.setattr(leaders, "LISTED", listed)
    monkeypatch.setattr(leaders, "RISEN", risen)
    agent, most = make_agent("personal", history=regulars_shop.history, slate_size=N, seed=0, optimism=0.1), 0
    for number in range(30):
        seen = seen_of(regulars_shop, batch=30, steps=2, number=number)
        slates, scores = agent.act(seen), scores_of(agent, seen)
        best = -np.sort(-scores, axis=1)[:, :N]
        np.testing.assert_allclose(np.take_along_axis(scores, slates, axis=1), best, rtol=1e-6)
        responses = np.where(slates % 3 == 0, 2, 0).astype(np.int8)  # many rise
        agent.update(seen, slates, responses, np.zeros(slates.shape))
        most = max(most, agent.leaders.count.max())
    assert most == risen if risen < 10 else most > 10


def test_few_products_are_looked_at_and_lists_outlast_many_visits(regulars_shop, monkeypatch):
    made = []
    monkeypatch.setattr(
        leaders.Leaders,
        "_list",
        lambda self, *given, list_=leaders.Leaders._list: made.append(1) or list_(self, *given),
    )
    agent = make_agent("personal", history=regulars_shop.history, slate_size=N, seed=0)
    evaluate(agent, PEOPLE, customers=2_000, batch=1, seed=0, progress=False, shop=regulars_shop)
    assert 0 < len(made) < 300
