"""Slates of what may be shown, and slates cut short, where customers are known."""

from dataclasses import replace

import numpy as np
import pytest
from selflearn_agents import load_agent, make_agent
from selflearn_agents.personal import leaders
from selflearn_agents.personal.loops import appeal_after

from selflearn_env.core.seen import SeenVisits
from tests.agents.masks import few_eligible
from tests.agents.personal.test_leaders import scores_of
from tests.agents.personal.test_personal import N, seen_of

SHOWN = 2


def agent_of(shop, name="personal", slate_size=N):
    return make_agent(name, history=shop.history, slate_size=slate_size, seed=0, optimism=0.1)


def answers(slates):
    """Many products rise; others are ignored, and customers tire of them."""
    responses = np.where(slates % 3 == 0, 2, 0).astype(np.int8)
    return responses, np.where(responses == 2, 5.0, -2.0)


def after_the_price(agent, seen, scores):
    """The scores, less what it costs to show what was ignored."""
    recalled = agent.showings.recall(seen)
    for visit in range(len(seen)):
        mood = np.exp(agent.effects.strength[5] * recalled.bored[visit])
        for p in recalled.product[recalled.start[visit] : recalled.start[visit + 1]]:
            scores[visit, p] = appeal_after(scores[visit, p], agent.price, agent.worth, agent.model.factors[0], mood)
    return scores


@pytest.mark.parametrize(("name", "listed"), [("personal", 512), ("personal", 5), ("patient", 20)])
def test_slates_are_the_best_of_what_may_be_shown(name, listed, regulars_shop, monkeypatch, tmp_path):
    """The lists of leaders are of 60, 5 and 20 of 60 products, of which about six may be shown."""
    monkeypatch.setattr(leaders, "LISTED", listed)
    agent, rng, tired, risen = agent_of(regulars_shop, name), np.random.default_rng(5), 0, 0
    if name == "patient":
        agent.prospect.matrix[:], agent.prospect.vector[:] = np.eye(2), [0.0, 3.0]
    for number in range(10):
        seen = seen_of(regulars_shop, batch=30, steps=2, number=number // 2)
        seen = replace(seen, visits=seen.visits + number % 2)  # the same customers, once more
        tired += agent.showings.recall(seen).product.size
        eligible = few_eligible(rng, len(seen), 60, N)
        for visits in (seen, SeenVisits.of_states(np.repeat(seen.state[:3], 10))):
            scores = after_the_price(agent, visits, scores_of(agent, visits))
            for allowed in (eligible, ~eligible):
                slates = agent.act(visits, allowed)
                best = -np.sort(-np.where(allowed, scores, -np.inf), axis=1)[:, :N]
                assert np.take_along_axis(allowed, slates, axis=1).all()
                assert all(len(set(slate)) == N for slate in slates.tolist())
                np.testing.assert_allclose(np.take_along_axis(scores, slates, axis=1), best, rtol=1e-6, atol=1e-12)
        slates = agent.act(seen)
        np.testing.assert_array_equal(agent.act(seen, np.ones((60,), dtype=bool)), slates)
        agent.update(seen, slates, *answers(slates))
        risen = max(risen, agent.leaders.count.max())
    assert risen > 0
    assert tired > 100
    assert agent.price > 0 if name == "patient" else agent.price == 0
    agent.save(tmp_path / "agent.npz")
    np.testing.assert_array_equal(load_agent(tmp_path / "agent.npz").act(seen, eligible), agent.act(seen, eligible))


def test_slots_that_were_not_shown_say_nothing(regulars_shop):
    """An agent of longer slates learns from their first slots what one of short slates learns."""
    short, long = agent_of(regulars_shop, slate_size=SHOWN), agent_of(regulars_shop)
    for agent in (short, long):
        agent.baskets.next_learning = 50.0
    for number in range(6):
        seen = seen_of(regulars_shop, batch=30, steps=number, number=1)
        slates = short.act(seen)
        np.testing.assert_array_equal(long.act(seen)[:, :SHOWN], slates)
        np.testing.assert_array_equal(long.propensity(seen, slates), 1.0)
        for agent in (short, long):
            agent.update(seen, slates, *answers(slates))
    np.testing.assert_array_equal(long.values(seen), short.values(seen))
    np.testing.assert_array_equal(long.showings.bored, short.showings.bored)
    np.testing.assert_array_equal(long.effects.strength, short.effects.strength)
    assert long.baskets.next_learning > 50.0
    assert long.showings.bored.any()
    assert (long.showings.ignored[:, :, SHOWN:] < 0).all()


def test_a_slot_that_was_shown_before_is_forgotten_where_fewer_are_shown(regulars_shop):
    agent, seen = agent_of(regulars_shop), seen_of(regulars_shop)
    slates = agent.act(seen)
    agent.update(seen, slates, np.zeros_like(slates), np.full(slates.shape, -2.0))
    agent.update(seen, slates[:, :1], np.zeros((len(seen), 1), dtype=np.int8), np.full((len(seen), 1), -2.0))
    np.testing.assert_array_equal(agent.baskets.shown[seen.customer, 1:], -1)
    np.testing.assert_array_equal(agent.showings.ignored[seen.customer, 0, 1:], -1)


def test_what_boredom_costs_is_learned_from_the_slots_that_were_shown(regulars_shop):
    short, long = (agent_of(regulars_shop, "patient", size) for size in (SHOWN, N))
    for number in range(6):
        seen = seen_of(regulars_shop, batch=30, steps=number, number=1)
        slates = short.act(seen)
        for agent in (short, long):
            agent.update(seen, slates, *answers(slates))
    np.testing.assert_array_equal(long.prospect.vector, short.prospect.vector)
    assert long.price == pytest.approx(short.price * SHOWN / N)
