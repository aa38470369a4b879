"""The linear agents against ridge regressions with a feature for every single state; what they learn."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from selflearn_agents.bandits.linear import LinearThompsonAgent, LinearUCBAgent, _weights
from selflearn_agents.evaluation import evaluate

from selflearn_env import Shop
from selflearn_env.core.pooling import Level, Pooling

ENV = "selflearn/Retail-v0"
N, P = 3, 8
LEVELS = ((), 2.0), ((1,), 3.0), ((1, 3), 30.0), ((1, 3, 0, 2), 20.0)
WEIGHTS = [2.0, 40.0, 3.0, 40.0, 30.0]  # intercept, segment, month, half, weekday: the last level splits by two
STATE_VARIANCE = 1 / 30 + 1 / 20


def pooled(shop, levels=LEVELS):
    """The shop's history, with a pooling that tests can count on."""
    return replace(shop.history, pooling=Pooling(tuple(Level(tiers, weight, 0.0) for tiers, weight in levels)))


@pytest.fixture
def history(tiny_shop):
    return pooled(tiny_shop)


def ucb(history, seed=0, slate_size=N, **hyperparameters):
    return LinearUCBAgent(history, slate_size, np.random.default_rng(seed), **hyperparameters)


def thompson(history, seed=0, slate_size=N, **hyperparameters):
    return LinearThompsonAgent(history, slate_size, np.random.default_rng(seed), **hyperparameters)


def expected_of(agent, state):
    """(3, P) by column: what is foreseen, the factor and its standard deviation."""
    return agent._expected(np.array([state]))[:, 0]


class Ridge:
    """Each product's regression on intercept, tiers and single states, the last as features of their own."""

    def __init__(self, history, states):
        self.known, self.states = history.incidence(), list(states)
        size = 1 + sum(history.states.shape)
        self.x = {}
        for place, state in enumerate(self.states):
            x = np.zeros(size + len(self.states))
            x[0] = x[size + place] = 1.0
            start = 1
            for tier, labels in enumerate(history.states.shape):
                x[start + history.states.table[state, tier]] = 1.0
                start += labels
            self.x[state] = x
        self.precision, self.moment = [], np.zeros((P, size + len(self.states)))
        for product in range(P):
            variance = [self.prior(WEIGHTS[0], history.purchases[:, product].sum())]
            for tier, labels in enumerate(history.states.shape):
                for label in range(labels):
                    bought = history.purchases[history.states.table[:, tier] == label, product].sum()
                    variance.append(self.prior(WEIGHTS[1 + tier], bought))
            self.precision.append(np.diag(1.0 / np.array(variance + [STATE_VARIANCE] * len(self.states))))
        self.gram, self.shared_moment = 10.0 * np.eye(2), np.array([10.0, 0.0])

    @staticmethod
    def prior(weight, bought):
        return (weight + 2.0 * bought) / (weight + bought) ** 2

    def basis(self, state, product):
        return np.array([self.known[state, product], np.sqrt(self.known[state, product])])

    def shared(self):
        best = np.linalg.solve(self.gram, self.shared_moment)
        if best.min() >= 0:
            return best
        alone = np.maximum(self.shared_moment, 0.0) / np.diag(self.gram)
        return np.array([0.0, alone[1]]) if best[0] < 0 else np.array([alone[0], 0.0])

    def foreseen(self, state, product):
        return float(self.shared() @ self.basis(state, product))

    def factor(self, state, product):
        """Mean and standard deviation."""
        x, covariance = self.x[state], np.linalg.inv(self.precision[product])
        return 1.0 + x @ covariance @ self.moment[product], np.sqrt(x @ covariance @ x)

    def learn(self, state, slate, reward):
        scaled = (np.asarray(reward) + 2.0) / 7.0
        before = [(self.factor(state, product)[0], self.foreseen(state, product)) for product in slate]
        for product, y, (factor, mean) in zip(slate, scaled, before, strict=True):
            x, noise = self.x[state], mean * (1.0 - min(mean, 0.9))
            self.precision[product] += mean**2 / noise * np.outer(x, x)
            self.moment[product] += mean**2 / noise * (y / mean - 1.0) * x
            basis = self.basis(state, product) * max(factor, 0.0)
            self.gram += np.outer(basis, basis) / noise
            self.shared_moment += basis * y / noise


@pytest.mark.parametrize("optimism", [0.0, 1.0])
@pytest.mark.parametrize(
    ("buy", "positive"), [((0.05, 0.05), [0, 1]), ((0.3, 0.3), [1, 1]), ((0.9, 0.0), [0, 1]), ((0.0, 0.9), [1, 0])]
)
def test_beliefs_and_slates_are_those_of_the_ridge_regressions(history, optimism, buy, positive):
    """Products of less and of greater incidence are bought with two probabilities, so that b1 or b2 may come to 0."""
    rng = np.random.default_rng(3)
    states = np.argsort(-history.visits)[:6].tolist()
    agent, ridge = ucb(history, optimism=optimism), Ridge(history, states)
    for visit in range(200):
        state = int(rng.choice(states))
        if visit % 10 == 0:
            pairs = [(ridge.foreseen(state, product), *ridge.factor(state, product)) for product in range(P)]
            mean, factor, deviation = np.array(pairs).T
            np.testing.assert_allclose(agent.values([state])[0], -2 + 7 * mean * factor, atol=2e-4)
            np.testing.assert_allclose(expected_of(agent, state)[2][agent._column], deviation, rtol=1e-3)
            score = mean * (factor + optimism * deviation)
            shown = agent.act([state])[0]
            np.testing.assert_allclose(score[shown], np.sort(score)[::-1][:N], atol=1e-4)
        slate = rng.permutation(P)[:N].tolist()
        often = history.incidence()[state, slate] > 0.4
        bought, clicked = rng.random((2, N)) < [np.take(buy, often), np.full(N, 0.1)]
        response = np.where(bought, 2, clicked)
        reward = np.array([-2.0, 1.0, 5.0])[response]
        agent.update([state], [slate], [response], [reward])
        ridge.learn(state, slate, reward)
    assert [value > 0 for value in ridge.shared()] == positive


def test_drawn_scores_have_the_mean_and_the_deviation_of_the_regressions(history):
    """The share of visits in which each product is shown first, against draws made here."""
    rng = np.random.default_rng(4)
    states = np.argsort(-history.visits)[:3].tolist()
    agent, ridge = thompson(history, slate_size=1, spread=0.7), Ridge(history, states)
    for _ in range(60):
        state, slate = int(rng.choice(states)), [int(rng.integers(P))]
        reward = rng.choice([-2.0, 1.0, 5.0], size=1)
        agent.update([state], [slate], [[0]], [reward])
        ridge.learn(state, slate, reward)
    pairs = [(ridge.foreseen(states[0], product), *ridge.factor(states[0], product)) for product in range(P)]
    mean, factor, deviation = np.array(pairs).T
    draws = mean * (factor + 0.7 * deviation * rng.standard_normal((40_000, P)))
    expected = np.bincount(draws.argmax(axis=1), minlength=P) / 40_000
    shown = np.bincount(agent.act(np.full(20_000, states[0])).ravel(), minlength=P) / 20_000
    assert (expected > 0.02).sum() > 2
    np.testing.assert_allclose(shown, expected, atol=0.02)


def test_without_spread_the_draws_do_not_matter(history):
    slates = [agent.act(np.arange(672)) for agent in (ucb(history, optimism=0.0), thompson(history, spread=0.0))]
    np.testing.assert_array_equal(*slates)
    np.testing.assert_array_equal(slates[0], np.argsort(-history.incidence(), axis=1)[:, :N])


def test_weights_are_those_of_the_levels_that_split_by_the_tier(tiny_shop):
    assert _weights(pooled(tiny_shop)) == (WEIGHTS, pytest.approx(STATE_VARIANCE))
    flat = ((), 2.0), ((0, 1, 2, 3), 40.0)
    assert _weights(pooled(tiny_shop, flat)) == ([2.0, 160.0, 160.0, 160.0, 160.0], pytest.approx(1 / 40))


def test_any_tiers_will_do(tiny_log):
    segments = {customer: "AB"[customer % 2] for customer in range(100, 140)}
    shop = Shop.from_transactions(tiny_log, segments=segments, period="week")
    agent = ucb(shop.history)
    result = evaluate(agent, ENV, 500, batch=10, progress=False, shop=shop)
    assert np.isfinite(result.expected_reward).all()
    assert agent.values([shop.states.size - 1]).shape == (1, P)


@pytest.mark.parametrize("make", [ucb, thompson])
def test_many_visits_at_once_are_learned_one_after_the_other(make, history):
    one, many = make(history), make(history)
    rng = np.random.default_rng(5)
    states = rng.integers(4, size=40)
    slates = np.stack([rng.permutation(P)[:N] for _ in states])
    rewards = rng.choice([-2.0, 1.0, 5.0], size=(40, N))
    many.update(states, slates, np.zeros((40, N)), rewards)
    for row in range(40):
        one.update(states[row : row + 1], slates[row : row + 1], np.zeros((1, N)), rewards[row : row + 1])
    np.testing.assert_array_equal(one.values(np.arange(672)), many.values(np.arange(672)))
    np.testing.assert_array_equal(one.act(np.arange(672)), many.act(np.arange(672)))


def test_what_it_learns_in_a_state_it_expects_most_where_most_tiers_agree(history):
    """A product that is always bought in one state, and others that answer as foreseen."""
    agent = ucb(history)
    state = int(np.argmax(history.visits))
    before = agent.values(np.arange(672))[:, 4]
    for _ in range(30):
        agent.update([state], [[4, 0, 1]], [[2, 0, 0]], [[5.0, *agent.values([state])[0, :2]]])
    risen = (agent.values(np.arange(672))[:, 4] - before) / (before + 2.0)
    alike = (history.states.table == history.states.table[state]).sum(axis=1)
    mean = [risen[alike == agreed].mean() for agreed in range(5)]
    assert mean == sorted(mean)
    assert mean[4] > mean[3] + 0.02
    month = history.states.table[:, 1] == history.states.table[state, 1]
    assert risen[month & (alike == 1)].mean() > risen[~month & (alike == 1)].mean()  # w is least for the month


def test_rounding_does_not_add_up(history):
    """Thousands of showings of the same products in the same states, in tables of 4-byte numbers."""
    states = np.argsort(-history.visits)[:2].tolist()
    agent, ridge = ucb(history, slate_size=1), Ridge(history, states)
    rng = np.random.default_rng(6)
    visits = rng.choice(states, size=4000)
    rewards = rng.choice([-2.0, 1.0, 5.0], size=(4000, 1), p=[0.6, 0.2, 0.2])
    for state, reward in zip(visits.tolist(), rewards, strict=True):
        ridge.learn(state, [2], reward)
    agent.update(visits, np.full((4000, 1), 2), np.zeros((4000, 1)), rewards)
    for state in states:
        factor, deviation = ridge.factor(state, 2)
        _, found_factor, found_deviation = expected_of(agent, state)[:, agent._column[2]]
        assert found_factor == pytest.approx(factor, rel=1e-3)
        assert found_deviation == pytest.approx(deviation, rel=1e-2)


def test_rewards_beyond_the_default_ones_do_no_harm(history):
    agent = ucb(history)
    rng = np.random.default_rng(7)
    for reward in (-50.0, 40.0):
        states = rng.integers(672, size=300)
        slates = np.stack([rng.permutation(P)[:N] for _ in states])
        agent.update(states, slates, np.zeros(slates.shape), np.full(slates.shape, reward))
        assert (agent._shared >= 0).all()
        assert np.isfinite(agent.values(np.arange(672))).all()
        agent.act(np.arange(672))


def test_a_certain_slate_has_a_propensity_and_a_drawn_one_has_none(history):
    agent = ucb(history)
    slate = agent.act([7])
    np.testing.assert_array_equal(agent.propensity([7], slate), [[1.0, 1.0, 1.0]])
    np.testing.assert_array_equal(agent.propensity([7], slate[:, ::-1]), [[0.0, 0.0, 0.0]])
    with pytest.raises(NotImplementedError, match="LinearThompsonAgent does not know the probabilities"):
        thompson(history).propensity([7], slate)


@pytest.mark.parametrize("make", [ucb, thompson])
@pytest.mark.parametrize("customer", ["independent", "position", "cascade", "logit"])
def test_it_learns_what_the_history_does_not_know(make, tiny_shop, customer):
    """More regret in the first tenth than in the last."""
    agent = make(tiny_shop.history, seed=2)
    result = evaluate(agent, ENV, 10_000, batch=50, progress=False, shop=tiny_shop, customer=customer, contrast=4)
    assert result.mean("regret", 0.9) < 0.75 * result.mean("regret", 0.0, 0.1)


def test_it_leaves_a_prior_that_is_wrong(tiny_shop):
    """The two products that the history sells best are never bought, the third always."""
    agent = ucb(tiny_shop.history, slate_size=1)
    order = np.argsort(-tiny_shop.history.incidence()[5])
    for _ in range(200):
        slates = agent.act([5])
        bought = slates == order[2]
        agent.update([5], slates, 2 * bought, np.where(bought, 5.0, -2.0))
    assert agent.act([5]).tolist() == [[order[2]]]


def test_in_the_null_world_it_earns_what_everybody_earns(seed_shop):
    result = evaluate(ucb(seed_shop.history, slate_size=10), "selflearn/Seed-v0", 1_000, batch=10, progress=False)
    np.testing.assert_allclose(result.expected_reward, -14.0885, atol=1e-3)


def test_slates_of_a_large_catalogue_are_the_best_of_one_draw(retail_shop):
    agent = thompson(retail_shop.history, slate_size=10)
    twin = copy.deepcopy(agent)
    states = np.array([3, 500, 3])
    slates = agent.act(states)
    uniform = twin.rng.random((3, twin.products))
    for visit, state in enumerate(states.tolist()):
        foreseen, factor, deviation = expected_of(twin, state).astype(np.float64)
        drawn = foreseen * (factor + 0.2 * deviation * stats.norm.isf(uniform[visit]))
        assert slates[visit].tolist() == twin._order[np.argsort(-drawn, kind="stable")[:10]].tolist()
    assert slates[0].tolist() != slates[2].tolist()


@pytest.mark.parametrize("bad", [-0.1, np.nan, np.inf, "1", None, True])
def test_bad_hyperparameters_are_named(history, bad):
    with pytest.raises(ValueError, match="optimism counts standard deviations and must be >= 0, got"):
        ucb(history, optimism=bad)
    with pytest.raises(ValueError, match="spread is a factor of standard deviations and must be >= 0, got"):
        thompson(history, spread=bad)
