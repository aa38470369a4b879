"""Seed-v0 is an exact null test: whatever is shown, the same is earned on average, in closed form."""

import gymnasium as gym
import numpy as np
import pytest
from scipy import stats

TAIL = (0.025, 0.015, 0.0055, 0.002, 0.00125, 0.00124, 0.00001)
CLICKS, PURCHASES = np.array((0.50, 0.35, 0.10, *TAIL)), np.array((0.70, 0.15, 0.10, *TAIL))
ROWS, SLATES = 20_000, 200_000


def closed_form(n):
    """5 for each bought, 1 for each clicked and not bought, -2 for each other product, on average."""
    counts = np.minimum(np.arange(10), n)  # a count is cut at the size of the slate
    bought = PURCHASES @ counts
    clicked = (CLICKS @ counts) * (1 - bought / n)  # each clicked product is bought as well with bought / n
    return 5 * bought + clicked - 2 * (n - bought - clicked)


def clicked_distribution(n):
    """Clicks that are left when those that were bought as well are taken away: two subsets, uniform and apart."""
    left = np.zeros(10)
    for clicks, purchases in np.ndindex(10, 10):
        both = np.arange(clicks + 1)
        chance = stats.hypergeom.pmf(both, n, purchases, clicks)
        np.add.at(left, clicks - both, CLICKS[clicks] * PURCHASES[purchases] * chance)
    return left


def random_slates(states, products, n, rng):
    """Distinct products: a random start, then steps of a random size."""
    start, step = rng.integers(products, size=(2, len(states), 1))
    return (start + (1 + step % (products // n - 1)) * np.arange(n)) % products


def same_slate(states, products, n, rng):
    return np.tile(np.arange(n) * 7, (len(states), 1))


def slate_of_the_state(states, products, n, rng):
    return (states[:, None] * 5 + np.arange(n)) % products


def serve(policy, n, seed):
    """Rewards, responses and item rewards of 200,000 slates, and the states that they were shown to."""
    envs = gym.make_vec("selflearn/Seed-v0", ROWS, vectorization_mode="vector_entry_point", slate_size=n)
    products, rng = envs.unwrapped.shop.products, np.random.default_rng(seed)
    _, infos = envs.reset(seed=seed)
    served = []
    for _ in range(SLATES // ROWS):
        states = infos["state"]
        _, rewards, _, _, infos = envs.step(policy(states, products, n, rng))
        served.append((rewards, infos["response"], infos["item_reward"], states))
    return [np.concatenate(parts) for parts in zip(*served, strict=True)]


def close_to(values, mean):
    return abs(values.mean() - mean) <= 4 * values.std(ddof=1) / np.sqrt(values.size)


def as_expected(counts, probability):
    """Chi-square of counts; the rare kinds, in the tail, are counted together."""
    expected = probability * counts.sum()
    tail = np.count_nonzero(expected >= 5) - 1
    totals = [np.append(kinds[:tail], kinds[tail:].sum()) for kinds in (counts, expected)]
    return stats.chisquare(*totals).pvalue > 1e-4


def test_the_closed_form_of_ten_is_the_articles():
    assert PURCHASES @ np.arange(10) == pytest.approx(0.54326)
    assert CLICKS @ np.arange(10) == pytest.approx(0.74326)
    assert closed_form(10) == pytest.approx(-14.0885, abs=5e-5)


@pytest.mark.parametrize("n", [1, 3, 10, 20])
@pytest.mark.parametrize("policy", [random_slates, same_slate, slate_of_the_state])
def test_every_policy_earns_the_closed_form(policy, n):
    rewards, *_ = serve(policy, n, seed=100 + n)
    assert rewards.size == SLATES
    assert close_to(rewards, closed_form(n))


@pytest.mark.parametrize("n", [1, 3, 10, 20])
def test_the_simulator_knows_the_closed_form(n):
    simulator = gym.make("selflearn/Seed-v0", slate_size=n).unwrapped.simulator
    states = np.arange(672)
    assert simulator.expected_reward(states, simulator.optimal_slate(states)) == pytest.approx(closed_form(n))
    assert simulator.random_reward(states) == pytest.approx(closed_form(n))


@pytest.mark.parametrize("n", [10, 20])
def test_counts_and_noise_have_their_distributions(n):
    _, response, item_reward, states = serve(random_slates, n, seed=200 + n)
    bought, clicked = (response == 2).sum(axis=1), (response == 1).sum(axis=1)
    assert as_expected(np.bincount(bought, minlength=10), PURCHASES)
    assert as_expected(np.bincount(clicked, minlength=10), clicked_distribution(n))
    assert as_expected(np.bincount(states, minlength=672), np.full(672, 1 / 672))

    noise = item_reward - np.array([-2.0, 1.0, 5.0])[response]
    assert np.abs(item_reward * 100 - np.round(item_reward * 100)).max() < 1e-6
    edges = np.arange(-3, 3.1, 0.25) + 0.005  # between two multiples of a hundredth
    edges = np.concatenate([[-np.inf], edges, [np.inf]])
    assert as_expected(np.histogram(noise, edges)[0], np.diff(stats.norm.cdf(edges)))
    for kind in range(3):
        assert close_to(noise[response == kind], 0.0)
    assert abs(noise.var() - (1 + 0.01**2 / 12)) <= 4 * np.sqrt(2 / noise.size)
