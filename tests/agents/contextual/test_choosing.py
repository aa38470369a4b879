"""Candidates of what may be shown, and slates cut short."""

import numpy as np
from selflearn_agents import load_agent, make_agent
from selflearn_agents.contextual import features

from tests.agents.contextual.plain import candidates_of
from tests.agents.contextual.test_linear_context import N, in_order
from tests.agents.masks import few_eligible
from tests.agents.regulars.plain import seen_visits

REWARDS = np.array([-2.0, 1.0, 5.0])
SHOWN = 2


def agent_of(shop, slate_size=N):
    return make_agent("linear_context", history=shop.history, slate_size=slate_size, seed=3)


def learn(agents, seen, slates):
    """Any answers to what is shown."""
    responses = np.random.default_rng(2).integers(3, size=slates.shape).astype(np.int8)
    for agent in agents:
        agent.update(seen, slates, responses, REWARDS[responses])


def test_slates_are_the_best_candidates_that_may_be_shown(regulars_shop, monkeypatch, tmp_path):
    """Or the best of all products, where less than a slate of the candidates may."""
    monkeypatch.setattr(features, "LEADERS", 9)
    history, rng = regulars_shop.history, np.random.default_rng(5)
    agent, incidence = agent_of(regulars_shop), history.incidence().astype(np.float32)
    seen = in_order(seen_visits(rng, history.states.size, 60, 60, most=6))
    everything, enough = np.tile(np.arange(60), (60, 1)), []
    for _ in range(2):
        few = few_eligible(rng, 60, 60, N)
        x = agent.features.describe(seen, everything)
        scores = x @ agent.weights + np.sqrt(np.einsum("bpi,ij,bpj->bp", x, agent.covariance, x))
        for eligible in (few, ~few):
            slates = agent.act(seen, eligible)
            for visit, slate in enumerate(slates):
                found = np.isin(np.arange(60), list(candidates_of(agent, incidence, seen, visit, 9)))
                enough.append((found & eligible[visit]).sum() >= N)
                allowed = eligible[visit] & (found | (not enough[-1]))
                best = -np.sort(-np.where(allowed, scores[visit], -np.inf))[:N]
                assert allowed[slate].all()
                assert len(set(slate.tolist())) == N
                np.testing.assert_allclose(scores[visit, slate], best, rtol=1e-9)
        np.testing.assert_array_equal(agent.act(seen, np.ones(60, dtype=bool)), agent.act(seen))
        learn([agent], seen, slates)
    assert 0.2 < np.mean(enough) < 0.8
    agent.save(tmp_path / "agent.npz")
    np.testing.assert_array_equal(load_agent(tmp_path / "agent.npz").act(seen, few), agent.act(seen, few))


def test_slots_that_were_not_shown_say_nothing(regulars_shop):
    """An agent of longer slates learns from their first slots what one of short slates learns."""
    short, long = agent_of(regulars_shop, SHOWN), agent_of(regulars_shop)
    seen = in_order(seen_visits(np.random.default_rng(6), regulars_shop.history.states.size, 60, 30))
    for _ in range(3):
        slates = short.act(seen)
        np.testing.assert_array_equal(long.act(seen)[:, :SHOWN], slates)
        learn([short, long], seen, slates)
    np.testing.assert_array_equal(long.weights, short.weights)
