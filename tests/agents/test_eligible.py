"""What may not be shown is not shown; the rest is chosen as if the catalogue had nothing else."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
from selflearn_agents import AGENTS, Agent, make_agent
from selflearn_agents.bandits.value_table import LEADERS

from selflearn_env import Shop
from tests.agents.extras import CHEAPER, skip_without_extra

NAMES = [name for name, agent in AGENTS.items() if not agent.privileged]
LEARNERS = [name for name in NAMES if AGENTS[name]._update is not Agent._update]
SAVED = [name for name in NAMES if AGENTS[name].unsaved is None]
N, P = 3, 8

# Where slots do not explore, a slate is the beginning of one ranking of all products.
SURE = {"epsilon_greedy": {"epsilon": 0.0, "prior": 0.0}}
NO_RANKING = {
    "random": "it draws slot by slot, as many numbers as a slate has",
    "cascade_ucb": "it shuffles some slates, and what it learns of a slot is relative to the average of n slots",
}
BY_VALUE = {  # hyperparameters with which the slate is what has the greatest values
    "bestsellers": {},
    "popular": {},
    "popular_by_segment": {},
    "popular_by_state": {},
    "quantity": {},
    "epsilon_greedy": {"epsilon": 0.0, "prior": "rate"},
    "ucb": {"scale": 0.0},
    "cascade_ucb": {"scale": 0.0},
    "thompson": {"prior_weight": 1e12},
    "linear_ucb": {"optimism": 0.0},
    "linear_thompson": {"spread": 0.0},
    "gradient": {"sharpness": 1e5},
    "again": {},
    "item_neighbours": {},
    "sequence": {},
    "hierarchical": {"optimism": 0.0},
    "personal": {"optimism": 0.0},
}


def learned(name, shop, slate_size, visits=60, **hyperparameters):
    """An agent that has learned from slates of N products; the same from the same, whatever its own slate size."""
    skip_without_extra(name)
    hyperparameters = CHEAPER.get(name, {}) | hyperparameters
    agent = make_agent(name, history=shop.history, slate_size=slate_size, seed=5, **hyperparameters)
    rng = np.random.default_rng(11)
    some = np.argsort(-shop.history.visits, kind="stable")[:4]
    for _ in range(visits // 10):
        slates = rng.permuted(np.tile(np.arange(shop.products), (10, 1)), axis=1)[:, :N]
        responses = rng.choice(3, p=[0.6, 0.2, 0.2], size=slates.shape)
        agent.update(rng.choice(some, size=10), slates, responses, np.array([-2.0, 1.0, 5.0])[responses])
    return agent


@pytest.fixture(scope="module")
def ready(tiny_shop):
    """Copies of agents that have learned, each of which is made once if it can be."""
    made = {}

    def copy(name, slate_size=N, **hyperparameters):
        if name not in SAVED:
            return learned(name, tiny_shop, slate_size, **hyperparameters)
        key = name, slate_size, tuple(hyperparameters.items())
        if key not in made:
            made[key] = learned(name, tiny_shop, slate_size, **hyperparameters)
        return deepcopy(made[key])

    return copy


@pytest.fixture(scope="module")
def states(tiny_shop):
    """Those of many visits, of which the agents have learned, and one without any."""
    visits = tiny_shop.history.visits
    return np.random.default_rng(3).choice([*np.argsort(-visits, kind="stable")[:5], visits.argmin()], size=60)


def masks(batch, products, share=0.5, least=N, seed=9):
    """(B, P) random ones, with at least so many products in each row."""
    draws = np.random.default_rng(seed).random((batch, products))
    return draws <= np.maximum(share, np.sort(draws, axis=1)[:, [least - 1]])


def first_eligible(ranking, eligible, count=N):
    """(B, n) the first eligible products of each row of a ranking (B, P)."""
    pairs = zip(ranking.tolist(), eligible, strict=True)
    return [[product for product in row if allowed[product]][:count] for row, allowed in pairs]


@pytest.mark.parametrize("name", [name for name in NAMES if name not in NO_RANKING])
def test_the_slate_is_the_ranking_without_what_is_not_eligible(name, ready, states):
    """The same agent with slates of the whole catalogue tells the ranking; what it draws is the same."""
    eligible = masks(len(states), P)
    whole = ready(name, P, **SURE.get(name, {})).act(states)
    slates = ready(name, **SURE.get(name, {})).act(states, eligible)
    assert slates.tolist() == first_eligible(whole, eligible)


@pytest.mark.parametrize("name", [name for name in BY_VALUE if name in NAMES])
def test_the_slate_has_the_greatest_values_of_what_is_eligible(name, ready, states):
    agent, eligible = ready(name, **BY_VALUE[name]), masks(len(states), P)
    values = agent.values(states)
    slates = agent.act(states, eligible)
    if name == "cascade_ucb":  # in any order, where it shuffles
        slates = np.take_along_axis(slates, (-np.take_along_axis(values, slates, 1)).argsort(1), 1)
    best = -np.sort(-np.where(eligible, values, -np.inf), axis=1)[:, :N]
    np.testing.assert_allclose(np.take_along_axis(values, slates, axis=1), best, rtol=1e-6)


@pytest.mark.parametrize("name", LEARNERS)
def test_what_was_not_shown_is_not_learned_from(name, ready, tiny_shop, states):
    """An agent whose slates are larger learns from N slots what one learns that has no more slots."""
    agent = ready(name, N + 2)
    assert agent.act(states).shape == (len(states), N + 2)
    if name == "mabwiser":  # which has no values
        np.testing.assert_array_equal(agent.act(states)[:, :N], ready(name).act(states))
    elif name not in NO_RANKING:
        np.testing.assert_array_equal(agent.values(states), ready(name).values(states))
    else:
        learned, fresh = agent.values(states), make_agent(name, history=tiny_shop.history, slate_size=N + 2, seed=5)
        assert np.isfinite(learned).all()
        assert (learned != fresh.values(states)).any()


def test_an_agent_that_takes_no_mask_says_so(tiny_shop):
    class Mine(AGENTS["random"]):
        def _act(self, states):
            return np.tile(np.arange(N), (len(states), 1))

    agent = Mine(tiny_shop.history, N, np.random.default_rng(0))
    with pytest.raises(NotImplementedError, match="Mine shows what it will, eligible or not; its _act takes no"):
        agent.act([0], np.ones(P, dtype=bool))


WIDE = 3 * LEADERS  # products of a shop in which leaders are few


@pytest.fixture(scope="module")
def wide_shop():
    """A shop of many products: segment A buys 12 of them, the others any."""
    rng = np.random.default_rng(4)
    rows = [
        (str(invoice), f"P{product:03}", "", 1, pd.Timestamp("2023-03-06") + pd.Timedelta(days=invoice % 2), 1.0, buyer)
        for invoice in range(120)
        for buyer in [invoice % 40]
        for product in rng.permutation(12 if buyer % 4 == 0 else WIDE)[: 4 if buyer % 4 == 0 else 30]
    ]
    frame = pd.DataFrame(rows, columns=["invoice", "product", "description", "quantity", "time", "price", "customer"])
    shop = Shop.from_transactions(
        frame, segments={customer: "ABCD"[customer % 4] for customer in range(40)}, history_share=1.0
    )
    assert shop.products > 2 * LEADERS
    return shop


@pytest.mark.parametrize(
    ("name", "hyperparameters"),
    [
        ("ucb", {}),
        ("ucb", {"kind": "ucb1", "prior": "zero"}),
        ("ucb", {"prior_weight": 0.0}),
    ],
)
@pytest.mark.parametrize("share", [0.1, 0.8])
def test_where_most_of_the_best_are_not_eligible(name, hyperparameters, share, wide_shop):
    busiest = np.argsort(-wide_shop.history.visits, kind="stable")[[0, 1, 6]]
    visits = np.repeat(busiest, 8)
    eligible = masks(len(visits), wide_shop.products, share)
    shown = {"visits": 600, **hyperparameters}
    whole = learned(name, wide_shop, wide_shop.products, **shown).act(visits)
    assert learned(name, wide_shop, N, **shown).act(visits, eligible).tolist() == first_eligible(whole, eligible)


def plain_slates(agent, history, visits, eligible, epsilon):
    """The rule of `epsilon_greedy` as a loop over lists, with the numbers that the agent draws next."""
    draws = deepcopy(agent.rng).random((len(visits), 2, N))
    for visit, state in enumerate(visits.tolist()):
        values, pool = agent.values([state])[0], history.segment_products[history.segment[state]]
        slate = []
        for coin, share in draws[visit].T:
            left = [product for product in agent._order if eligible[visit, product] and product not in slate]
            known = [product for product in left if values[product] > -np.inf]
            if coin < epsilon or not known:
                choices = [product for product in left if pool[product]] or left
                slate.append(choices[int(share * len(choices))])
            else:
                slate.append(max(known, key=lambda product: values[product]))
        yield slate


@pytest.mark.parametrize("prior", ["quantity", 0.0])
@pytest.mark.parametrize("share", [0.03, 0.1, 0.9])
def test_epsilon_greedy_is_a_plain_loop_over_what_is_eligible(prior, share, wide_shop):
    """In segment A, whose products may all be gone; where few are known, and where all are and many tie."""
    history, epsilon = wide_shop.history, 0.4
    agent = learned("epsilon_greedy", wide_shop, N, visits=200, epsilon=epsilon, prior=prior)
    visits = np.repeat(np.flatnonzero(history.visits > 0), 12)
    pool = history.segment_products[history.segment[visits]]
    eligible = masks(len(visits), wide_shop.products, share)
    assert share > 0.1 or ((pool & eligible).sum(axis=1) < N).any()
    expected = list(plain_slates(agent, history, visits, eligible, epsilon))
    assert agent.act(visits, eligible).tolist() == expected


def test_propensities_of_epsilon_greedy_where_the_segment_has_nothing_left(wide_shop):
    """Over all products for the last slot: they sum to one, and those of the catalogue share what explores."""
    history = wide_shop.history
    agent = learned("epsilon_greedy", wide_shop, N, visits=0, epsilon=0.4)
    state = int(np.flatnonzero((history.segment == 0) & (history.visits > 0))[0])
    pool = np.flatnonzero(history.segment_products[0])
    eligible = np.ones(wide_shop.products, dtype=bool)
    eligible[pool[2:]] = False
    every = np.arange(wide_shop.products)
    slates = np.column_stack([np.tile(pool[:2], (every.size, 1)), every])
    probability = agent.propensity(np.full(every.size, state), slates, eligible)[:, -1]
    np.testing.assert_allclose(probability.sum(), 1.0)
    others = np.setdiff1d(every, pool)
    np.testing.assert_allclose(probability[others], 1 / others.size)
    assert (probability[pool] == 0).all()
