"""Rules that agents keep where customers are known; for all that know customers, because they are registered."""

from __future__ import annotations

import numpy as np
import pytest
from selflearn_agents import AGENTS, Agent, load_agent, make_agent
from selflearn_agents.evaluation.serving import Serving, learned_by, seen_by

from selflearn_env.core.seen import SeenVisits
from selflearn_env.envs.people_options import PeopleOptions
from tests.agents.extras import CHEAPER, skip_without_extra

N = 3
VISITS = {1: 200, 50: 500}  # of each batch: one at a time they take most of the time
KNOWING = [name for name, agent in AGENTS.items() if agent.knows_customers]
KNOWN = [name for name in KNOWING if AGENTS[name].sure or AGENTS[name]._propensity is not Agent._propensity]
STATES_ONLY = [name for name, agent in AGENTS.items() if not (agent.knows_customers or agent.privileged or agent.extra)]
WORLDS = [{}, {"past": "none"}]


@pytest.fixture(scope="module")
def simulators(regulars_shop):
    return [PeopleOptions(slate_size=N, **options).simulator(regulars_shop) for options in WORLDS]


@pytest.fixture
def make(regulars_shop):
    def build(name, seed=0):
        skip_without_extra(name)
        cheaper = CHEAPER.get(name, {})
        return make_agent(name, history=regulars_shop.history, slate_size=N, seed=seed, **cheaper)

    return build


def serve(agent, simulator, visits, batch, seed):
    """Slates of an agent that serves and learns, and the last visits as it sees them."""
    serving, shown = Serving(simulator, batch, seed), []
    for _ in range(visits // batch):
        seen = seen_by(agent, simulator, serving.visits)
        slates = agent.act(seen)
        before = serving.visits
        outcome = serving.show(slates)
        agent.update(learned_by(agent, simulator, before), slates, outcome.response, outcome.item_reward)
        shown.append(slates)
    return np.concatenate(shown), simulator.seen(serving.visits)


def test_there_are_some():
    assert "again" in KNOWING


@pytest.mark.parametrize("name", KNOWING)
@pytest.mark.parametrize("batch", VISITS)
@pytest.mark.parametrize("world", range(len(WORLDS)))
def test_shows_distinct_products_of_the_catalogue(name, batch, world, make, simulators, regulars_shop):
    slates = serve(make(name), simulators[world], VISITS[batch], batch, seed=1)[0]
    assert slates.shape == (VISITS[batch], N)
    assert slates.min() >= 0
    assert slates.max() < regulars_shop.products
    assert all(len(set(row)) == N for row in slates.tolist())


@pytest.mark.parametrize("name", KNOWING)
@pytest.mark.parametrize("batch", VISITS)
def test_equal_seeds_give_equal_slates(name, batch, make, simulators):
    runs = [serve(make(name, seed=4), simulators[0], VISITS[batch], batch, seed=2)[0] for _ in range(2)]
    np.testing.assert_array_equal(*runs)


@pytest.mark.parametrize("name", KNOWING)
@pytest.mark.parametrize("batch", VISITS)
def test_a_loaded_agent_continues_bit_for_bit(name, batch, make, simulators, tmp_path):
    agent = make(name)
    serve(agent, simulators[0], VISITS[batch], batch, seed=3)
    agent.save(tmp_path / "agent.npz")
    loaded = load_agent(tmp_path / "agent.npz")
    runs = [serve(each, simulators[0], VISITS[batch], batch, seed=4) for each in (agent, loaded)]
    np.testing.assert_array_equal(runs[0][0], runs[1][0])
    np.testing.assert_array_equal(agent.values(runs[0][1]), loaded.values(runs[1][1]))


@pytest.mark.parametrize("name", KNOWING)
def test_customers_of_one_state_are_not_served_alike(name, make, simulators):
    agent = make(name)
    seen = serve(agent, simulators[0], 1000, batch=200, seed=5)[1]
    one = SeenVisits(np.full(len(seen), seen.state[0]), *list(vars(seen).values())[1:])
    assert len({tuple(sorted(slate)) for slate in agent.act(one).tolist()}) > 5


@pytest.mark.parametrize("name", KNOWING)
def test_values_have_one_row_per_visit(name, make, simulators, regulars_shop):
    agent = make(name)
    seen = serve(agent, simulators[0], 300, batch=10, seed=6)[1]
    values = agent.values(seen.rows(np.array([3, 0, 3])))
    assert values.shape == (3, regulars_shop.products)
    np.testing.assert_array_equal(values[0], values[2])
    assert (values[0] != values[1]).any()


@pytest.mark.parametrize("name", KNOWN)
def test_propensities_sum_to_one_over_the_catalogue(name, make, simulators, regulars_shop):
    agent = make(name)
    seen = serve(agent, simulators[0], 500, batch=20, seed=7)[1]
    slates, first = agent.act(seen), agent.marginals(seen)[:, 0]
    for slot in range(N):
        total = np.zeros(len(seen))
        for product in range(regulars_shop.products):
            changed = slates.copy()
            changed[:, slot] = product
            chance = agent.propensity(seen, changed)[:, slot]
            total += chance
            if slot == 0:
                np.testing.assert_allclose(first[:, product], chance)
        np.testing.assert_allclose(total, 1.0)


@pytest.mark.parametrize("name", KNOWING)
def test_no_visits_at_all_are_no_mistake(name, make, simulators):
    agent, seen = make(name), serve(make(name), simulators[0], 10, batch=10, seed=8)[1]
    nobody = seen.rows(np.zeros(0, dtype=np.int64))
    assert agent.act(nobody).shape == (0, N)
    agent.update(nobody, np.zeros((0, N), dtype=np.int64), np.zeros((0, N)), np.zeros((0, N)))
    assert agent.values(nobody).shape == (0, agent.products)


@pytest.mark.parametrize("name", KNOWING)
def test_what_is_seen_is_not_written_to(name, make, simulators):
    agent = make(name)
    seen = serve(agent, simulators[0], 200, batch=20, seed=9)[1]
    copies = [array.copy() for array in (*list(vars(seen).values())[:-1], *seen.record._arrays())]
    slates = agent.act(seen)
    agent.values(seen)
    agent.update(seen, slates, np.ones(slates.shape, dtype=np.int8), np.ones(slates.shape))
    for copy, array in zip(copies, (*list(vars(seen).values())[:-1], *seen.record._arrays()), strict=True):
        np.testing.assert_array_equal(copy, array)


@pytest.mark.parametrize("name", STATES_ONLY)
def test_other_agents_see_the_states(name, make, simulators):
    seen = simulators[0].seen(Serving(simulators[0], 20, 1).visits)
    by_state, by_visit = make(name), make(name)
    np.testing.assert_array_equal(by_state.act(seen.state), by_visit.act(seen))
