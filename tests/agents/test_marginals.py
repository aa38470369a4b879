"""How often each slot shows each product: the sum over all slates."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from selflearn_agents import AGENTS, Agent, make_agent

from selflearn_env import Shop
from tests.agents.extras import CHEAPER, skip_without_extra
from tests.agents.masks import few_eligible

N, P = 3, 8
NAMES = [name for name, agent in AGENTS.items() if not agent.privileged]
KNOWN = [name for name in NAMES if AGENTS[name].sure or AGENTS[name]._marginals is not Agent._marginals]
ALIKE = ["popular_by_state", "ucb"]  # of the agents that are sure, which have one rule
SUMMED = [name for name in KNOWN if not AGENTS[name].sure] + ALIKE


def teach(agent, states, visits=60):
    """Shows slates at random, and tells the agent what comes of them."""
    rng = np.random.default_rng(11)
    for _ in range(visits // 10):
        slates = rng.permuted(np.tile(np.arange(agent.products), (10, 1)), axis=1)[:, : agent.slate_size]
        responses = rng.choice(3, p=[0.6, 0.2, 0.2], size=slates.shape)
        agent.update(rng.choice(states, size=10), slates, responses, np.array([-2.0, 1.0, 5.0])[responses])
    return agent


@pytest.fixture(scope="module")
def ready(tiny_shop):
    """Agents that have learned, each made once: nothing here changes them but what they draw."""
    made = {}

    def find(name):
        skip_without_extra(name)
        if name not in made:
            agent = make_agent(name, history=tiny_shop.history, slate_size=N, seed=5, **CHEAPER.get(name, {}))
            made[name] = teach(agent, busy(tiny_shop))
        return made[name]

    return find


def busy(shop):
    return np.argsort(-shop.history.visits, kind="stable")[:4]


def enumerated(agent, state, eligible=None):
    """(n, P) the sum over all slates, by the products of their propensities."""
    slates = np.array(list(permutations(range(agent.products), agent.slate_size)))
    chance = agent.propensity(np.full(len(slates), state), slates, eligible).prod(axis=1)
    return np.stack([np.bincount(slot, weights=chance, minlength=agent.products) for slot in slates.T])


def test_those_that_know_one_know_the_other():
    given = {name for name in NAMES if AGENTS[name].sure or AGENTS[name]._propensity is not Agent._propensity}
    assert {*KNOWN} == given >= {"random", "epsilon_greedy", "gradient", "cascade_ucb", "popular", "personal"}


@pytest.mark.parametrize("name", SUMMED)
def test_they_are_the_sum_over_all_slates(name, ready, tiny_shop):
    agent, states = ready(name), np.append(busy(tiny_shop), tiny_shop.history.visits.argmin())
    marginals = agent.marginals(states)
    assert marginals.shape == (5, N, P)
    np.testing.assert_allclose(marginals, [enumerated(agent, state) for state in states], rtol=2e-6, atol=1e-12)
    np.testing.assert_allclose(marginals.sum(axis=2), 1.0)


@pytest.mark.parametrize("name", SUMMED)
def test_they_are_the_sum_over_all_slates_of_what_is_eligible(name, ready, tiny_shop):
    agent, states = ready(name), busy(tiny_shop)
    eligible = few_eligible(np.random.default_rng(2), len(states), P, N, share=0.6)
    marginals = agent.marginals(states, eligible)
    expected = [enumerated(agent, *visit) for visit in zip(states, eligible, strict=True)]
    np.testing.assert_allclose(marginals, expected, rtol=2e-6, atol=1e-12)
    assert (marginals.max(axis=1)[~eligible] == 0.0).all()


@pytest.mark.parametrize("name", SUMMED)
def test_the_first_slot_has_its_propensity_and_nothing_is_drawn(name, ready, tiny_shop):
    agent, state = ready(name), busy(tiny_shop)[0]
    before = agent.rng.bit_generator.state
    first = agent.marginals([state])[0, 0]
    assert agent.rng.bit_generator.state == before
    np.testing.assert_allclose(first, agent.propensity(np.full(P, state), np.arange(P)[:, None])[:, 0], rtol=2e-6)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in KNOWN])
def test_unknown_ones_say_so(name, ready):
    agent = ready(name)
    with pytest.raises(NotImplementedError, match=f"{type(agent).__name__} does not know how often a slot shows"):
        agent.marginals([0])


def test_a_shuffled_slate_has_each_product_alike_in_each_slot(tiny_shop):
    agent = make_agent("cascade_ucb", history=tiny_shop.history, slate_size=N, seed=1)
    for _ in range(4):  # visits 0 to 3; number 4 is shuffled
        agent.update([7], [[0, 1, 2]], np.zeros((1, N)), np.full((1, N), -2.0))
    marginals = agent.marginals([7, 8])
    np.testing.assert_allclose(marginals[0], enumerated(agent, 7))
    np.testing.assert_allclose(np.unique(marginals[0]), [0.0, 1 / N])
    assert np.unique(marginals[1]).tolist() == [0.0, 1.0]


@pytest.fixture(scope="module")
def split_shop():
    """8 products, of which segment A bought five, and the three others the rest; most states know few."""
    rng = np.random.default_rng(4)
    rows = [
        (str(invoice), f"P{product}", "", 1, pd.Timestamp("2023-03-06") + pd.Timedelta(days=invoice % 5), 1.0, buyer)
        for invoice in range(60)
        for buyer in [invoice % 12]
        for product in rng.permutation(5)[:2] + (0 if buyer % 4 == 0 else 3)
    ]
    frame = pd.DataFrame(rows, columns=["invoice", "product", "description", "quantity", "time", "price", "customer"])
    return Shop.from_transactions(frame, segments={customer: "ABCD"[customer % 4] for customer in range(12)})


@pytest.mark.parametrize("epsilon", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("visits", [0, 20, 100])
def test_epsilon_greedy_where_leaders_are_of_the_segment_or_not(epsilon, visits, split_shop):
    """Where few are known or all, and where the eligible ones of the segment may all be gone."""
    history, rng = split_shop.history, np.random.default_rng(visits)
    some = np.flatnonzero(history.visits > 0)
    states = np.concatenate([rng.choice(some, size=6), [history.visits.argmin()]])
    agent = make_agent("epsilon_greedy", history=history, slate_size=4, seed=1, epsilon=epsilon)
    teach(agent, states, visits)
    for eligible in (None, few_eligible(rng, len(states), P, 4, share=0.5)):
        masks = [None] * len(states) if eligible is None else eligible
        expected = [enumerated(agent, *visit) for visit in zip(states, masks, strict=True)]
        np.testing.assert_allclose(agent.marginals(states, eligible), expected, rtol=1e-12, atol=1e-15)
    spent = (history.segment_products[history.segment[states]] & eligible).sum(axis=1) < 4
    assert spent.any()


def test_a_sure_agent_of_ones_own_has_both(tiny_shop):
    class Mine(Agent):
        sure = True

        def _act(self, states):
            return np.tile(np.arange(N), (len(states), 1))

        def _values(self, states):
            return np.zeros((len(states), self.products))

    agent = Mine(tiny_shop.history, N, np.random.default_rng(0))
    np.testing.assert_array_equal(agent.marginals([0, 4]), np.tile(np.eye(N, P), (2, 1, 1)))
    np.testing.assert_array_equal(agent.propensity([0], [[0, 2, 1]]), [[1.0, 0.0, 0.0]])
    with pytest.raises(NotImplementedError, match="Mine shows what it will, eligible or not; its _act takes no"):
        agent.marginals([0], np.ones(P, dtype=bool))
