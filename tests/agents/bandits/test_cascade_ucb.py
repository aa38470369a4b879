"""The rule of `cascade_ucb`, one slot at a time, against the agent; what it finds out about slots."""

from __future__ import annotations

import math

import numpy as np
import pytest
from selflearn_agents import make_agent
from selflearn_agents.bandits.cascade_ucb import FIRST, SLOT_WEIGHT
from selflearn_agents.evaluation import evaluate

ENV = "selflearn/Retail-v0"
P, N = 8, 3
SHUFFLED = (4, 8, 16, 32, 64)


def agent_of(shop, slate_size=N, seed=0, name="cascade_ucb", **hyperparameters):
    return make_agent(name, history=shop.history, slate_size=slate_size, seed=seed, **hyperparameters)


class Loop:
    """The documented rule, in dictionaries."""

    def __init__(self, history, scale, prior_weight):
        self.prior, self.scale, self.weight = history.incidence(), scale, prior_weight
        self.sum, self.shown, self.visits = {}, {}, {}
        self.seen, self.due = {}, {}
        self.looked = dict.fromkeys(((above, slot) for above in range(4) for slot in range(N)), 1.0)

    def mean(self, state, product):
        cell = state, product
        prior = min(1.0, self.prior[cell])
        return (self.weight * prior + self.sum.get(cell, 0.0)) / (self.weight + self.shown.get(cell, 0.0))

    def is_possible(self, state, product, q):
        """Whether q is no greater than the index."""
        p, weight = self.mean(state, product), self.weight + self.shown.get((state, product), 0.0)
        divergence = (p * math.log(p / q) if p else 0.0) + (1 - p) * math.log((1 - p) / (1 - q))
        return weight * divergence <= self.scale * math.log(1 + self.visits.get(state, 0))

    def index(self, state, product):
        low, high = self.mean(state, product), 1.0
        for _ in range(50):
            middle = (low + high) / 2
            low, high = (middle, high) if self.is_possible(state, product, middle) else (low, middle)
        return low

    def believe(self):
        """Five rounds, each slot and each case in turn."""
        level = sum(self.seen.values()) / sum(self.due.values())
        after = [1.0] * 4
        for _ in range(5):
            slots = []
            for slot in range(N):
                seen = sum(self.seen.get((above, slot), 0.0) for above in range(4))
                due = sum(after[above] * self.due.get((above, slot), 0.0) for above in range(4))
                slots.append((SLOT_WEIGHT * level + seen) / (SLOT_WEIGHT + due))
            for above in range(1, 4):
                seen = sum(self.seen.get((above, slot), 0.0) for slot in range(N))
                due = sum(slots[slot] * self.due.get((above, slot), 0.0) for slot in range(N))
                after[above] = (SLOT_WEIGHT + seen) / (SLOT_WEIGHT + due)
        for above, slot in self.looked:
            self.looked[above, slot] = after[above] * slots[slot] / (sum(slots) / N)

    def learn(self, states, slates, responses, rewards):
        showings = []
        for state, slate, response, earned in zip(states, slates, responses, rewards, strict=True):
            for slot, product in enumerate(slate):
                bought, clicked = response[:slot].count(2), response[:slot].count(1)
                above = 3 if bought > 1 else 2 if bought else 1 if clicked else 0
                showings.append((state, product, (above, slot), (earned[slot] + 2) / 7))
        learned = [one for one in showings if self.visits.get(one[0], 0) in SHUFFLED]
        means = [self.mean(state, product) for state, product, _, _ in learned]
        for (_, _, case, scaled), mean in zip(learned, means, strict=True):
            self.seen[case] = self.seen.get(case, 0.0) + scaled
            self.due[case] = self.due.get(case, 0.0) + mean
        if learned:
            self.believe()
        for state, product, case, scaled in showings:
            self.sum[state, product] = self.sum.get((state, product), 0.0) + scaled
            self.shown[state, product] = self.shown.get((state, product), 0.0) + self.looked[case]
        for state in states:
            self.visits[state] = self.visits.get(state, 0) + 1


@pytest.mark.parametrize(("scale", "weight"), [(1.0, 10.0), (0.3, 2.5)])
@pytest.mark.parametrize("batch", [1, 5])
def test_slates_and_values_are_those_of_the_loop(scale, weight, batch, tiny_shop):
    agent = agent_of(tiny_shop, scale=scale, prior_weight=weight)
    loop = Loop(tiny_shop.history, scale, weight)
    rng = np.random.default_rng(1)
    for _ in range(200 // batch):
        states = rng.integers(4, size=batch)
        slates = agent.act(states)
        for state, slate in zip(states.tolist(), slates.tolist(), strict=True):
            index = [loop.index(state, product) for product in range(P)]
            shown = [index[product] for product in slate]
            shuffled = loop.visits.get(state, 0) in SHUFFLED
            best = sorted(index, reverse=True)[:N]
            if shuffled:
                shown, best = sorted(shown), sorted(best)
            assert shown == pytest.approx(best, abs=1e-8)
        responses = rng.choice(3, size=(batch, N), p=[0.6, 0.2, 0.2]).astype(np.int8)
        responses[np.cumsum(responses == 2, axis=1) - (responses == 2) > 0] = 0  # who buys leaves
        rewards = np.array([-2.0, 1.0, 5.0])[responses]
        agent.update(states, slates, responses, rewards)
        loop.learn(states.tolist(), slates.tolist(), responses.tolist(), rewards.tolist())
        np.testing.assert_allclose(agent._looked.ravel(), list(loop.looked.values()), rtol=1e-9)
    values = agent.values(np.arange(4))
    for state, product in np.ndindex(values.shape):
        assert values[state, product] == pytest.approx(-2 + 7 * loop.mean(state, product), abs=1e-9)


def test_what_is_looked_at_half_as_often_counts_for_half_a_showing(tiny_shop):
    """By hand, with w = 10: ignored below a purchase, where nobody looks, a product keeps its mean."""
    agent = agent_of(tiny_shop, prior_weight=10.0)
    agent._looked = np.array([[1.0, 0.5, 1.5], [1, 1, 1], [1, 1e-9, 0.25], [1, 1, 1]])
    before = (agent.values([0])[0] + 2) / 7
    agent.update([0], [[5, 2, 7]], [[0, 0, 2]], [[-2.0, -2.0, 5.0]])
    agent.update([0], [[1, 3, 4]], [[2, 0, 0]], [[5.0, -2.0, -2.0]])
    after = (agent.values([0])[0] + 2) / 7
    expected = before.copy()
    expected[[5, 2, 7]] = 10 * before[5] / 11, 10 * before[2] / 10.5, (10 * before[7] + 1) / 11.5
    expected[[1, 3, 4]] = (10 * before[1] + 1) / 11, before[3], 10 * before[4] / 10.25
    np.testing.assert_allclose(after, expected)


def test_where_nothing_was_shuffled_it_is_ucb(tiny_shop):
    agent, other = agent_of(tiny_shop), agent_of(tiny_shop, name="ucb")
    rng = np.random.default_rng(2)
    for _ in range(FIRST):
        states = np.arange(20)
        slates = agent.act(states)
        np.testing.assert_array_equal(slates, other.act(states))
        responses = rng.integers(3, size=slates.shape)
        for each in (agent, other):
            each.update(states, slates, responses, np.array([-2.0, 1.0, 5.0])[responses])
    np.testing.assert_array_equal(agent.values(states), other.values(states))


def test_the_visits_4_8_16_are_shuffled_each_apart(tiny_shop):
    agent = agent_of(tiny_shop)
    for visit in range(20):
        slates = agent.act(np.zeros(200, dtype=np.int64))
        orders = len(np.unique(slates, axis=0))
        assert orders == (6 if visit in SHUFFLED else 1)
        assert len(np.unique(np.sort(slates, axis=1), axis=0)) == 1
        agent.update([0], slates[:1], np.zeros((1, N)), np.full((1, N), -2.0))


def test_propensities_of_a_shuffled_slate(tiny_shop):
    agent = agent_of(tiny_shop)
    for _ in range(FIRST):
        agent.update([0], [[0, 1, 2]], np.zeros((1, N)), np.full((1, N), -2.0))
    a, b, c = agent.act([0])[0].tolist()
    other = next(product for product in range(P) if product not in (a, b, c))
    slates = [[c, a, b], [c, c, b], [a, other, b], [other, a, b], [b, c, other]]
    expected = [[1 / 3, 1 / 2, 1], [1 / 3, 0, 0], [1 / 3, 0, 0], [0, 0, 0], [1 / 3, 1 / 2, 0]]
    np.testing.assert_allclose(agent.propensity([0] * 5, slates), expected)


def looked_at(shop, customer, **customer_options):
    """(4, n) what an agent has found out about slots among these customers."""
    agent = agent_of(shop, seed=3)
    options = {"customer": customer, "customer_options": customer_options}
    evaluate(agent, ENV, 40_000, batch=20, seed=3, progress=False, shop=shop, **options)
    return agent._looked


def test_it_finds_how_far_customers_look(tiny_shop):
    """Relative to the mean of 1, 0.5, 0.2, whatever was responded to above."""
    looked = looked_at(tiny_shop, "position", examination=[1.0, 0.5, 0.2])
    np.testing.assert_allclose(looked[0], np.array([1.0, 0.5, 0.2]) / np.mean([1.0, 0.5, 0.2]), rtol=0.2)
    np.testing.assert_allclose(looked[1:, 1:], looked[[0, 0, 0], 1:], atol=0.2)


def test_it_finds_that_buyers_leave(tiny_shop):
    looked = looked_at(tiny_shop, "cascade", leave=1.0)
    np.testing.assert_allclose(looked[:2, 1:], 1.0, atol=0.25)
    assert (looked[2, 1:] < 0.3).all()  # nobody buys twice here


def test_it_finds_nothing_where_all_slots_are_alike(tiny_shop):
    looked = looked_at(tiny_shop, "independent")
    np.testing.assert_allclose(looked[:, 1:], 1.0, atol=0.25)


@pytest.mark.parametrize(
    ("hyperparameters", "message"),
    [
        ({"scale": -0.5}, "scale multiplies the bonus and must be >= 0, got -0.5"),
        ({"prior_weight": np.inf}, "prior_weight counts showings and must be >= 0, got inf"),
    ],
)
def test_bad_hyperparameters(hyperparameters, message, tiny_shop):
    with pytest.raises(ValueError, match=message):
        agent_of(tiny_shop, **hyperparameters)
