"""Retail-v0: what is simulated agrees with the exact probabilities, and the seed's start earns what the seed's does."""

import gymnasium as gym
import numpy as np
import pytest

ROWS, STEPS, N = 10_000, 20, 10


def random_slates(simulator, shop, states, rng):
    return (rng.integers(shop.products, size=(len(states), 1)) + 300 * np.arange(N)) % shop.products


def popular_slates(simulator, shop, states, rng):
    return shop.history.best_sellers(N)[states]


def best_slates(simulator, shop, states, rng):
    return simulator.optimal_slate(states)


def slates_with_repeats(simulator, shop, states, rng):
    return np.take_along_axis(simulator.optimal_slate(states), rng.integers(N, size=(len(states), N)), axis=1)


@pytest.fixture(scope="module", params=[random_slates, popular_slates, best_slates, slates_with_repeats])
def served(request):
    """States, slates, rewards and responses of 200,000 visits."""
    envs = gym.make_vec("selflearn/Retail-v0", ROWS, vectorization_mode="vector_entry_point").unwrapped
    rng = np.random.default_rng(31)
    _, infos = envs.reset(seed=31)
    parts = []
    for _ in range(STEPS):
        states = infos["state"]
        slates = request.param(envs.simulator, envs.shop, states, rng)
        _, rewards, _, _, infos = envs.step(slates)
        parts.append((states, slates, rewards, infos["response"]))
    return envs.simulator, *(np.concatenate(part) for part in zip(*parts, strict=True))


def test_simulated_means_match_the_expected_reward(served):
    simulator, states, slates, rewards, _ = served
    surprise = rewards - simulator.expected_reward(states, slates)
    assert abs(surprise.mean()) <= 4 * surprise.std(ddof=1) / np.sqrt(surprise.size)


def test_responses_are_as_frequent_as_their_probabilities(served):
    """In each slot, and among the products of each level of probability."""
    simulator, states, slates, _, response = served
    probability = simulator.response_probability(states, slates)
    for kind in range(3):
        exact, happened = probability[..., kind], response == kind
        error = np.sqrt((exact * (1 - exact)).sum(axis=0))
        assert (np.abs(happened.sum(axis=0) - exact.sum(axis=0)) <= 4 * error).all()
        for level in np.array_split(np.argsort(exact, axis=None), 8):
            chance = exact.ravel()[level]
            error = np.sqrt((chance * (1 - chance)).sum())
            assert abs(happened.ravel()[level].sum() - chance.sum()) <= 4 * error


def test_repeats_earn_what_an_ignored_product_earns(retail_shop):
    simulator = gym.make("selflearn/Retail-v0").unwrapped.simulator
    states = np.arange(672)
    best = simulator.optimal_slate(states)
    once = simulator.response_probability(states, best)
    repeated = best.copy()
    repeated[:, 4] = best[:, 1]
    twice = simulator.response_probability(states, repeated)
    np.testing.assert_array_equal(np.delete(twice, 4, axis=1), np.delete(once, 4, axis=1))
    assert (twice[:, 4] == [1.0, 0.0, 0.0]).all()


def test_the_best_sellers_earn_the_seeds_purchases_and_clicks(retail_shop):
    simulator = gym.make("selflearn/Retail-v0").unwrapped.simulator
    probability = simulator.response_probability(np.arange(672), retail_shop.history.best_sellers(10)).sum(axis=1)
    _, clicks, purchases = simulator.state_probability @ probability
    assert purchases == pytest.approx(0.54326, abs=1e-5)
    assert clicks == pytest.approx(0.74326, abs=1e-5)


def test_best_beats_popular_beats_random(retail_shop):
    simulator = gym.make("selflearn/Retail-v0").unwrapped.simulator
    states, share = np.arange(672), simulator.state_probability
    best = simulator.expected_reward(states, simulator.optimal_slate(states))
    popular = simulator.expected_reward(states, retail_shop.history.best_sellers(10))
    random = simulator.random_reward(states)
    assert (best >= popular).all()
    assert (best > random).all()
    assert share @ random < share @ popular < share @ best
