"""The hierarchical agent against a plain loop of its rule, and what it learns."""

from dataclasses import replace
from math import exp, log, sqrt

import numpy as np
import pytest

from agents.evaluation import evaluate
from agents.hierarchical import HierarchicalAgent, _levels
from selflearn_env.core.pooling import Level, Pooling

N, P = 3, 8
LEVELS = ((), 2.0), ((1,), 3.0), ((1, 3), 30.0), ((1, 3, 0), 60.0), ((1, 3, 0, 2), 20.0)


@pytest.fixture
def history(tiny_shop):
    """The tiny shop's history, with a pooling that tests can count on."""
    return replace(tiny_shop.history, pooling=Pooling(tuple(Level(tiers, weight, 0.0) for tiers, weight in LEVELS)))


def make(history, seed=0, **hyperparameters):
    return HierarchicalAgent(history, N, np.random.default_rng(seed), **hyperparameters)


class Loop:
    """The rule, product by product, with dictionaries."""

    def __init__(self, history, levels, optimism):
        self.labels, self.levels, self.optimism = history.states.table.tolist(), levels, optimism
        self.known = history.incidence()
        self.seen, self.due, self.prior = {}, {}, {}
        for level, (tiers, weight) in enumerate(levels):
            for state, label in enumerate(self.labels):
                for product in range(P):
                    key = level, tuple(label[tier] for tier in tiers), product
                    self.prior[key] = self.prior.get(key, 0) + int(history.purchases[state, product])
            for key in [key for key in self.prior if key[0] == level]:
                bought = self.prior[key]
                self.seen[key] = self.due[key] = (weight + bought) ** 2 / (weight + 2 * bought)
        self.scale = {"buy": [1.0, 1.0], "click": [1.0, 1.0]}
        self.slot = [[100.0, 100.0] for _ in range(N)]

    def keys(self, state, product):
        label = self.labels[state]
        return [(level, tuple(label[t] for t in tiers), product) for level, (tiers, _) in enumerate(self.levels)]

    def log_appeal(self, state, product):
        return log(self.known[state, product]) + sum(
            log(self.seen[key] / self.due[key]) for key in self.keys(state, product)
        )

    def score(self, state, product):
        spread = sum(1 / self.seen[key] for key in self.keys(state, product))
        return self.log_appeal(state, product) + self.optimism * sqrt(spread)

    def learn(self, state, slate, response):
        x, y = (seen / due for seen, due in self.scale.values())
        told = []
        for slot, product in enumerate(slate):
            appeal, look = exp(self.log_appeal(state, product)), self.slot[slot][0] / self.slot[slot][1]
            buy = min(1, x * appeal) * look
            click = (1 - buy) * min(1, y * sqrt(appeal)) * look
            z = {0: 0.0, 1: 0.5, 2: 1.0}[response[slot]]
            told.append((slot, product, z, buy, click, look))
        for slot, product, z, buy, click, look in told:
            m = buy + 0.5 * click
            for key in self.keys(state, product):
                factor = self.seen[key] / self.due[key]
                self.seen[key] += z
                self.due[key] += m / factor
            self.slot[slot][0] += z
            self.slot[slot][1] += m / look
        for kind, mark, scale, expected in (("buy", 2, x, 3), ("click", 1, y, 4)):
            self.scale[kind][0] += sum(one == mark for one in response)
            self.scale[kind][1] += sum(row[expected] for row in told) / scale


@pytest.mark.parametrize("optimism", [0.0, 0.8])
def test_beliefs_and_slates_are_those_of_the_plain_loop(history, optimism):
    agent, loop = make(history, optimism=optimism), Loop(history, _levels(history), optimism)
    rng = np.random.default_rng(3)
    states = np.flatnonzero(history.visits)[:12]
    for visit in range(150):
        state = int(rng.choice(states))
        slate = agent.act([state])[0].tolist()
        scores = [loop.score(state, product) for product in range(P)]
        assert [scores[product] for product in slate] == pytest.approx(sorted(scores, reverse=True)[:N], abs=1e-4)
        if visit % 10 == 0:
            x = loop.scale["buy"][0] / loop.scale["buy"][1]
            expected = [min(1, x * exp(loop.log_appeal(state, product))) for product in range(P)]
            np.testing.assert_allclose(agent.values([state])[0], expected, rtol=1e-3)
        shown = rng.permutation(P)[:N].tolist()
        response = rng.choice(3, size=N, p=[0.5, 0.2, 0.3]).tolist()
        agent.update([state], [shown], [response], [[0.0] * N])
        loop.learn(state, shown, response)


def test_the_levels_are_the_first_split_with_each_other_tier_and_the_state(history):
    levels = dict(_levels(history))
    assert list(levels) == [(), (1,), (1, 0), (1, 2), (1, 3), (0, 1, 2, 3)]
    assert list(levels.values())[:5] == [2.0, 3.0, 30.0, 30.0, 30.0]
    assert levels[0, 1, 2, 3] == pytest.approx(1 / (1 / 60 + 1 / 20))


def test_a_pooling_that_splits_nothing_alone_is_taken_as_it_is(history):
    levels = ((), 2.0), ((0, 1, 2, 3), 40.0)
    flat = replace(history, pooling=Pooling(tuple(Level(tiers, weight, 0.0) for tiers, weight in levels)))
    assert _levels(flat) == list(levels)
    assert make(flat).act(np.arange(672)).shape == (672, N)


def test_it_starts_from_the_historys_best_products(history):
    best = np.argsort(-history.incidence(), axis=1)[:, :N]
    np.testing.assert_array_equal(make(history, optimism=0.0).act(np.arange(672)), best)


def test_many_visits_at_once_are_learned_one_after_the_other(history):
    one, many = make(history), make(history)
    rng = np.random.default_rng(5)
    states = rng.integers(672, size=40)
    slates = np.stack([rng.permutation(P)[:N] for _ in states])
    responses = rng.integers(3, size=(40, N))
    many.update(states, slates, responses, np.zeros((40, N)))
    for row in range(40):
        one.update(states[row : row + 1], slates[row : row + 1], responses[row : row + 1], np.zeros((1, N)))
    np.testing.assert_array_equal(one.act(np.arange(672)), many.act(np.arange(672)))


def test_slots_that_are_seen_less_are_not_held_against_the_products(tiny_shop):
    """Where examination falls with the slot, so does the belief of the slots, as far as products do not take it up."""
    agent = HierarchicalAgent(tiny_shop.history, N, np.random.default_rng(1))
    world = {"shop": tiny_shop, "customer": "position", "customer_options": {"examination": [1.0, 0.5, 0.25]}}
    evaluate(agent, "selflearn/Retail-v0", 20_000, batch=50, progress=False, **world)
    seen, due = agent._slot
    look = seen / due
    assert look[0] > 1.2 * look[1] > 1.2 * 1.2 * look[2]


@pytest.mark.parametrize("customer", ["independent", "position", "cascade", "logit"])
def test_it_learns_what_the_history_does_not_know(tiny_shop, customer):
    """More regret in the first tenth than in the last, and less than the best of the history's lists."""
    agent = HierarchicalAgent(tiny_shop.history, N, np.random.default_rng(2))
    result = evaluate(
        agent, "selflearn/Retail-v0", 30_000, batch=50, progress=False, shop=tiny_shop, customer=customer, contrast=4
    )
    assert result.mean("regret", 0.9) < 0.7 * result.mean("regret", 0.0, 0.1)


def test_in_the_null_world_it_earns_what_everybody_earns(seed_shop):
    agent = HierarchicalAgent(seed_shop.history, 10, np.random.default_rng(3))
    result = evaluate(agent, "selflearn/Seed-v0", 5_000, batch=10, progress=False)
    np.testing.assert_allclose(result.expected_reward, -14.0885, atol=1e-3)


@pytest.mark.parametrize("optimism", [-0.1, np.nan, np.inf, "1", None, True])
def test_a_bad_optimism_is_named(history, optimism):
    with pytest.raises(ValueError, match="optimism counts standard deviations and must be >= 0, got"):
        make(history, optimism=optimism)
