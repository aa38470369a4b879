"""The hierarchical agent against normal regression on every single response, and what it learns."""

from dataclasses import replace
from itertools import combinations
from math import exp, log, sqrt

import numpy as np
import pytest
from selflearn_agents import hierarchical
from selflearn_agents.evaluation import evaluate
from selflearn_agents.hierarchical.agent import HierarchicalAgent
from selflearn_agents.hierarchical.newcomers import LISTED
from selflearn_agents.hierarchical.variance_components import levels

from selflearn_env.core.pooling import Level, Pooling

N, P = 3, 8
LEVELS = ((), 2.0), ((1,), 3.0), ((1, 3), 30.0), ((1, 3, 0), 60.0), ((1, 3, 0, 2), 20.0)
INSIDE = {
    **{(tier,): 90.0 for tier in (0, 2, 3)},
    **dict.fromkeys(combinations((0, 2, 3), 2), 180.0),
    (0, 2, 3): 20.0,
}  # the weight of each level inside a month


@pytest.fixture
def history(tiny_shop):
    """The tiny shop's history, with a pooling that tests can count on."""
    return replace(tiny_shop.history, pooling=Pooling(tuple(Level(tiers, weight, 0.0) for tiers, weight in LEVELS)))


def make(history, seed=0, **hyperparameters):
    return HierarchicalAgent(history, N, np.random.default_rng(seed), **hyperparameters)


class Loop:
    """The rule, with all responses of a product in a block kept as normal observations of its log-appeal."""

    def __init__(self, history, optimism):
        self.optimism = optimism
        self.labels, self.known = history.states.table.tolist(), np.log(history.incidence())
        self.variance = {tiers: 1 / weight for tiers, weight in INSIDE.items()}
        self.bought = {month: [0] * P for month in range(12)}
        for label, purchases in zip(self.labels, history.purchases.tolist(), strict=True):
            for product in range(P):
                self.bought[label[1]][product] += purchases[product]
        self.told = {}
        self.came = [0] * len(self.labels)
        self.scale = {"buy": [1.0, 1.0], "click": [1.0, 1.0]}
        self.slot = [[100.0, 100.0] for _ in range(N)]

    def shared(self, tiers, s, t):
        return all(self.labels[s][tier] == self.labels[t][tier] for tier in (1, *tiers))

    def covariance(self, product, s, t):
        if not self.shared((), s, t):
            return 0.0
        bought, w = self.bought[self.labels[s][1]][product], 3.0
        common = 1 / (w + bought) + bought / (w + bought) ** 2 + bought**2 / (w + bought) ** 3
        return common + sum(v for tiers, v in self.variance.items() if self.shared(tiers, s, t))

    def belief(self, state, product):
        """Mean and variance of the log-appeal: regression on the observations of the block."""
        told = self.told.get((self.labels[state][1], product), [])
        mean, variance = self.known[state, product], self.covariance(product, state, state)
        if told:
            seen = [s for s, _, _ in told]
            noisy = self.noisy(product, told)
            with_it = np.array([self.covariance(product, state, s) for s in seen])
            weight = np.linalg.solve(noisy, with_it)
            mean += weight @ [z - self.known[s, product] for s, z, _ in told]
            variance -= weight @ with_it
        return mean, variance

    def noisy(self, product, told):
        states = [s for s, _, _ in told]
        cells = [[self.covariance(product, s, t) for t in states] for s in states]
        return np.array(cells) + np.diag([1 / information for _, _, information in told])

    def score(self, state, product):
        mean, variance = self.belief(state, product)
        return mean + self.optimism * sqrt(log(2 + self.came[state])) * sqrt(variance)

    def learn(self, states, slates, responses):
        """All visits as they look before any of them is learned."""
        x, y = (seen / due for seen, due in self.scale.values())
        expected = []
        for state, slate, response in zip(states, slates, responses, strict=True):
            for slot, product in enumerate(slate):
                u, look = self.belief(state, product)[0], self.slot[slot][0] / self.slot[slot][1]
                b = min(0.95, x * exp(u) * look)
                q = min(0.95, y * exp(u / 2) * look)
                slope = {0: -b / (1 - b) - q / (1 - q) / 2, 1: -b / (1 - b) + 0.5, 2: 1.0}[response[slot]]
                information = b / (1 - b) + (1 - b) * q / (4 * (1 - q))
                told = state, u + slope / information, information
                expected.append((slot, product, response[slot], b, (1 - b) * q, look, told))
        for slot, product, answer, b, clicks, look, told in expected:
            self.told.setdefault((self.labels[told[0]][1], product), []).append(told)
            self.slot[slot][0] += {0: 0.0, 1: 0.5, 2: 1.0}[answer]
            self.slot[slot][1] += (b + 0.5 * clicks) / look
        for kind, mark, scale, at in (("buy", 2, x, 3), ("click", 1, y, 4)):
            self.scale[kind][0] += sum(row[2] == mark for row in expected)
            self.scale[kind][1] += sum(row[at] for row in expected) / scale
        for state in states:
            self.came[state] += 1

    def fit(self, shown):
        """Three steps, each v_l times the root of (20 / 3 + a' K_l a) / (20 / 3 + trace of V^-1 K_l).

        With a = V^-1 (z - known), over every third of the products shown, given with their months in the order in which
        they were first shown.
        """
        for step in range(3):
            found, due = dict.fromkeys(self.variance, 20 / 3), dict.fromkeys(self.variance, 20 / 3)
            for month, product in shown[step::3]:
                told = self.told[month, product]
                inverse = np.linalg.inv(self.noisy(product, told))
                pull = inverse @ [z - self.known[s, product] for s, z, _ in told]
                for tiers, v in self.variance.items():
                    level = v * np.array([[self.shared(tiers, s, t) for t, _, _ in told] for s, _, _ in told])
                    found[tiers] += pull @ level @ pull
                    due[tiers] += np.trace(inverse @ level)
            for tiers in self.variance:
                self.variance[tiers] *= sqrt(found[tiers] / due[tiers])


@pytest.mark.parametrize("optimism", [0.0, 0.8])
@pytest.mark.parametrize("batch", [1, 10])
def test_beliefs_and_slates_are_those_of_the_plain_loop(history, optimism, batch, monkeypatch):
    """The variances of the levels are fitted after 40 visits, and after 80."""
    monkeypatch.setattr(hierarchical, "FIRST", 40)
    agent, loop = make(history, optimism=optimism), Loop(history, optimism)
    rng = np.random.default_rng(3)
    often = np.argsort(-history.visits)[:40]
    states = [0, *often[history.states.table[often, 1] == history.states.table[often[0], 1]][:6].tolist()]
    for visit in range(0, 90, batch):
        state = int(rng.choice(states))
        if visit % 10 == 0:
            slate = agent.act([state])[0].tolist()
            scores = [loop.score(state, product) for product in range(P)]
            assert [scores[product] for product in slate] == pytest.approx(sorted(scores, reverse=True)[:N], abs=1e-3)
            x = loop.scale["buy"][0] / loop.scale["buy"][1]
            expected = [min(1, x * exp(loop.belief(state, product)[0])) for product in range(P)]
            np.testing.assert_allclose(agent.values([state])[0], expected, rtol=2e-3)
        came = rng.choice(states, size=batch).tolist()
        shown = [rng.permutation(P)[:N].tolist() for _ in range(batch)]
        responses = rng.choice(3, size=(batch, N), p=[0.5, 0.2, 0.3]).tolist()
        agent.update(came, shown, responses, np.zeros((batch, N)))
        loop.learn(came, shown, responses)
        if visit + batch in (40, 80):
            loop.fit([(month, agent._order[column]) for month, column in agent._whose.tolist()])
            np.testing.assert_allclose(agent._variance, list(loop.variance.values()), rtol=1e-3)


def test_the_levels_are_all_sets_of_the_other_tiers(history):
    first, weight, inner = levels(history)
    assert (first, weight) == (1, 3.0)
    assert dict(inner) == INSIDE
    variance = {size: sum(1 / w for tiers, w in inner if len(tiers) == size) for size in (1, 2, 3)}
    assert variance == pytest.approx({1: 1 / 30, 2: 1 / 60, 3: 1 / 20})  # in all, that of the history's pooling


def test_a_pooling_that_splits_nothing_alone_has_the_states_for_its_only_level(history):
    path = ((), 2.0), ((0, 1, 2, 3), 40.0)
    flat = replace(history, pooling=Pooling(tuple(Level(tiers, weight, 0.0) for tiers, weight in path)))
    assert levels(flat) == (0, 2.0, [((1, 2, 3), 40.0)])
    assert make(flat).act(np.arange(672)).shape == (672, N)


def test_it_learns_which_tiers_matter(history):
    """Products that sell on one half of the month only: the variance of that level grows, no other's as much."""
    agent = make(history)
    rng = np.random.default_rng(4)
    for _ in range(2_000):
        state = int(rng.integers(672))
        shown = rng.permutation(P)[:N]
        likes = np.where((shown % 2 == 0) == history.states.table[state, 2], 0.4, 0.04)
        agent.update([state], [shown], [2 * (rng.random(N) < likes)], np.zeros((1, N)))
    tiers = [tiers for tiers, _ in levels(history)[2]]
    growth = agent._variance / make(history)._variance
    assert tiers[growth.argmax()] == (2,)
    assert growth.max() > 2 * np.sort(growth)[-2]


def test_it_starts_from_the_historys_best_products(history):
    best = np.argsort(-history.incidence(), axis=1)[:, :N]
    np.testing.assert_array_equal(make(history, optimism=0.0).act(np.arange(672)), best)


def visits(rng, count):
    """States, slates, responses and rewards of some visits, to be learned from."""
    slates = np.stack([rng.permutation(P)[:N] for _ in range(count)])
    return rng.integers(672, size=count), slates, rng.integers(3, size=(count, N)), np.zeros((count, N))


def test_a_large_batch_is_learned_in_parts_that_grow_with_what_was_learned_before(history):
    whole, parts = make(history), make(history)
    batch = visits(np.random.default_rng(5), 300)
    whole.update(*batch)
    for begin, end in ((0, 64), (64, 128), (128, 256), (256, 300)):
        parts.update(*(each[begin:end] for each in batch))
    np.testing.assert_array_equal(whole.values(np.arange(672)), parts.values(np.arange(672)))


def test_one_visit_is_learned_alike_alone_and_in_a_batch(history):
    alone, batch = make(history), make(history)
    before = visits(np.random.default_rng(6), 64)
    for agent in (alone, batch):
        agent.update(*before)
    one = [5], [[4, 4, 1]], [[2, 0, 1]], np.zeros((1, N))
    alone.update(*one)
    learn, visit, slots = batch._learn, np.array([5, 5]), np.array([0, 2])
    learn(visit, batch._column[[4, 1]], slots, np.array([2, 1]))
    np.testing.assert_allclose(alone.values(np.arange(672)), batch.values(np.arange(672)), rtol=1e-5)
    np.testing.assert_allclose(alone._responses.tally, batch._responses.tally)


@pytest.mark.parametrize("optimism", [0.65, 4.0])
def test_slates_are_those_of_the_whole_catalogue(retail_shop, optimism):
    """Most products are never shown: they are looked at by lists, which must not change anything."""
    agent = HierarchicalAgent(retail_shop.history, 10, np.random.default_rng(7), optimism=optimism)
    assert agent.products > 10 * LISTED
    rng, everywhere = np.random.default_rng(8), np.arange(672)
    for round_ in range(12):
        states = rng.integers(672, size=200 if round_ % 2 else 1)
        slates = agent.act(states)
        agent.update(states, slates, rng.choice(3, size=slates.shape, p=[0.8, 0.1, 0.1]), np.zeros(slates.shape))
        slates, alone = agent.act(everywhere), rng.integers(672, size=20)
        np.testing.assert_array_equal(np.concatenate([agent.act([state]) for state in alone]), slates[alone])
        variance = (agent._common + agent._added)[agent._block]
        shown, (block, product) = agent._beliefs.variance[: len(agent._whose)], agent._whose.T
        variance[agent._members[block], product[:, None]] = shown
        score = agent._mean + agent._bonus[:, None] * np.sqrt(variance)
        best = -np.sort(-score, axis=1)[:, :10]
        np.testing.assert_allclose(np.take_along_axis(score, agent._column[slates], axis=1), best, rtol=1e-6)


@pytest.mark.slow
def test_slots_that_are_seen_less_are_not_held_against_the_products(tiny_shop):
    """Where examination falls with the slot, so does the belief of the slots, as far as products do not take it up."""
    agent = HierarchicalAgent(tiny_shop.history, N, np.random.default_rng(1))
    world = {"shop": tiny_shop, "customer": "position", "customer_options": {"examination": [1.0, 0.5, 0.25]}}
    evaluate(agent, "selflearn/Retail-v0", 20_000, batch=50, progress=False, **world)
    seen, due = agent._responses.tally[:, 2:]
    look = seen / due
    assert look[0] > 1.2 * look[1] > 1.2 * 1.2 * look[2]


@pytest.mark.slow
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
