"""Rules that agents keep where customers are known; for all that know customers, because they are registered."""

from __future__ import annotations

import numpy as np
import pytest
from selflearn_agents import AGENTS, AgentSpec, make_agent
from selflearn_agents.evaluation.serving import Serving
from selflearn_agents.testing import EVERYWHERE, Trial

from selflearn_env.core.seen import SeenVisits
from selflearn_env.envs.people_options import PeopleOptions
from tests.agents.extras import CHEAPER, skip_without_extra

N = 3
KNOWING = [name for name, agent in AGENTS.items() if agent.knows_customers]
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


def trial_of(name, shop, simulators, world):
    skip_without_extra(name)
    spec, options = AgentSpec(name, AGENTS[name], CHEAPER.get(name, {})), PeopleOptions(slate_size=N, **WORLDS[world])
    return Trial(spec, shop, options, simulators[world])


def test_there_are_some():
    assert "again" in KNOWING


@pytest.mark.parametrize("rule", EVERYWHERE, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("name", KNOWING)
def test_every_agent_keeps_every_rule(name, rule, regulars_shop, simulators):
    rule(trial_of(name, regulars_shop, simulators, 0))


@pytest.mark.parametrize("name", KNOWING)
def test_customers_without_a_past_are_shown_distinct_products(name, regulars_shop, simulators):
    EVERYWHERE[0](trial_of(name, regulars_shop, simulators, 1))


@pytest.mark.parametrize("name", KNOWING)
def test_customers_of_one_state_are_not_served_alike(name, regulars_shop, simulators):
    trial = trial_of(name, regulars_shop, simulators, 0)
    seen = trial.served(agent := trial.make(), 1000, batch=200, seed=5)[1]
    one = SeenVisits(np.full(len(seen), seen.state[0]), *list(vars(seen).values())[1:])
    assert len({tuple(sorted(slate)) for slate in agent.act(one).tolist()}) > 5


@pytest.mark.parametrize("name", KNOWING)
def test_customers_are_not_valued_alike(name, regulars_shop, simulators):
    trial = trial_of(name, regulars_shop, simulators, 0)
    seen = trial.served(agent := trial.make(), 300, batch=10, seed=6)[1]
    values = agent.values(seen.rows(np.array([3, 0])))
    assert (values[0] != values[1]).any()


@pytest.mark.parametrize("name", STATES_ONLY)
def test_other_agents_see_the_states(name, make, simulators):
    seen = simulators[0].seen(Serving(simulators[0], 20, 1).visits)
    by_state, by_visit = make(name), make(name)
    np.testing.assert_array_equal(by_state.act(seen.state), by_visit.act(seen))
