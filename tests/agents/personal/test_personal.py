"""Our best agent for persons: where nobody is known it is the hierarchical one; what a record changes."""

from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest
from selflearn_agents import load_agent, make_agent
from selflearn_agents.evaluation import evaluate

from selflearn_env.core.items import Items
from selflearn_env.core.seen import SeenVisits

N = 4
PEOPLE = "selflearn/RetailPeople-v0"
TIRED = 2


def agent_of(shop, **hyperparameters):
    return make_agent("personal", history=shop.history, slate_size=N, seed=0, **hyperparameters)


def seen_of(shop, batch=40, steps=3, number=0):
    """Visits as the shop sees them, some of whose customers have a record."""
    simulator = gym.make(PEOPLE, shop=shop, slate_size=N).unwrapped.simulator
    rng = np.random.default_rng(number)
    run = simulator.begin(rng)
    visits = simulator.start(batch, run)
    for _ in range(steps):
        outcome = simulator.respond(visits, np.tile(np.arange(N), (batch, 1)), run)
        visits = simulator.restart(outcome.visits, outcome.terminated | outcome.truncated, run)
    return simulator.seen(visits)


def test_where_nobody_is_known_it_shows_what_the_hierarchical_agent_shows(regulars_shop):
    simulator = gym.make("selflearn/Retail-v0", shop=regulars_shop, slate_size=N).unwrapped.simulator
    agents = [agent_of(regulars_shop), make_agent("hierarchical", history=regulars_shop.history, slate_size=N, seed=0)]
    run, rng = simulator.begin(np.random.default_rng(1)), np.random.default_rng(2)
    for _ in range(30):
        visits = simulator.start(int(rng.integers(1, 40)), run)
        shown = [agent.act(visits.state) for agent in agents]
        np.testing.assert_array_equal(*shown)
        outcome = simulator.respond(visits, shown[0], run)
        for agent in agents:
            agent.update(visits.state, shown[0], outcome.response, outcome.item_reward)
    np.testing.assert_allclose(*(agent.values(np.arange(50)) for agent in agents), rtol=1e-5)


def test_the_slate_is_the_products_of_greatest_value_without_optimism(regulars_shop):
    agent, seen = agent_of(regulars_shop, optimism=0.0), seen_of(regulars_shop)
    for _ in range(3):  # newcomers first, then products that were shown
        values = agent.values(seen)
        slates = agent.act(seen)
        best = -np.sort(-values, axis=1)[:, :N]
        np.testing.assert_allclose(np.take_along_axis(values, slates, axis=1), best, rtol=1e-6)
        responses = np.random.default_rng(3).integers(3, size=slates.shape).astype(np.int8)
        unknown = replace(seen, customer=np.full(len(seen), -1))  # so that nobody tires
        agent.update(unknown, slates, responses, np.zeros(slates.shape))


def test_what_was_bought_before_is_shown_again_and_tells_of_the_taste(regulars_shop):
    agent = agent_of(regulars_shop, optimism=0.0)
    date = np.array([19_500])
    new = SeenVisits(np.array([0]), np.array([3]), date, *np.zeros((3, 1), dtype=np.int64), Items.none(1))
    bought = np.array([45, 47, 52, 58], dtype=np.int32)  # of the third kind
    record = Items(np.array([0, 4]), bought, np.full(4, 19_490))
    regular = replace(new, record=record, visits=np.array([1]))
    values, known = agent.values(new)[0], agent.values(regular)[0]
    assert set(agent.act(regular)[0].tolist()) & set(bought.tolist())
    assert (known[bought] > 2 * values[bought]).all()
    others = np.setdiff1d(np.arange(60), bought)
    kind = others // 20
    gain = known[others] / values[others]
    assert gain[kind == 2].mean() > 1.2 * gain[kind == 0].mean()


def test_trust_falls_where_records_say_nothing(regulars_shop):
    """Responses that follow the usual appeal alone: both numbers of the trust go down."""
    agent, rng = agent_of(regulars_shop), np.random.default_rng(5)
    for number in range(12):
        seen = seen_of(regulars_shop, batch=200, number=number)
        slates = agent.act(seen)
        usual = np.exp(agent.model.means_of(seen.state, slates))
        responses = 2 * (rng.random(slates.shape) < np.minimum(usual, 0.9)).astype(np.int8)
        agent.update(seen, slates, responses, np.zeros(slates.shape))
    assert (agent.effects.trust < 0.7).all()


def test_who_ignored_a_product_is_shown_another_once_that_was_learned(regulars_shop):
    agent, seen = agent_of(regulars_shop, optimism=0.0), seen_of(regulars_shop)
    agent.effects.strength[TIRED] = -5.0  # as if tired customers hardly ever responded
    agent.effects.precision *= 1e9
    before = agent.act(seen)
    agent.update(seen, before, np.zeros(before.shape, dtype=np.int8), np.full(before.shape, -2.0))
    after = replace(seen, visits=seen.visits + 1, days_since=np.zeros_like(seen.days_since))
    same = [len(set(one) & set(other)) for one, other in zip(before.tolist(), agent.act(after).tolist(), strict=True)]
    assert np.mean(same) < 1


def test_it_beats_the_agent_that_knows_nobody(regulars_shop):
    gaps = {}
    for name in ("personal", "hierarchical"):
        agent = make_agent(name, history=regulars_shop.history, slate_size=N, seed=0)
        result = evaluate(agent, PEOPLE, customers=2_000, batch=50, seed=0, progress=False, shop=regulars_shop)
        gap = result.expected_reward - result.random
        gaps[name] = gap.sum() / (result.optimal - result.random).sum()
    assert gaps["personal"] > gaps["hierarchical"] + 0.1


def test_what_it_learned_of_customers_is_kept(regulars_shop, tmp_path):
    agent = agent_of(regulars_shop)
    evaluate(agent, PEOPLE, customers=500, batch=20, seed=0, progress=False, shop=regulars_shop)
    agent.save(tmp_path / "agent.npz")
    loaded, seen = load_agent(tmp_path / "agent.npz"), seen_of(regulars_shop)
    np.testing.assert_array_equal(agent.act(seen), loaded.act(seen))
    np.testing.assert_array_equal(agent.values(seen), loaded.values(seen))
    assert (loaded.showings.ignored >= 0).any()


@pytest.mark.parametrize("optimism", [-1.0, float("nan"), "much"])
def test_a_bad_optimism_is_refused(regulars_shop, optimism):
    with pytest.raises(ValueError, match="optimism counts standard deviations"):
        agent_of(regulars_shop, optimism=optimism)
