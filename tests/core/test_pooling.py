"""Pooling against slow loops that follow its formula."""

from math import log

import numpy as np
import pytest

from selflearn_env.core.pooling import Baskets, Level, Pooling, fit_pooling

SHAPE = (2, 3, 2)
P = 4
POOLING = Pooling((Level((), 3.0, 0.0), Level((1,), 20.0, 0.0), Level((1, 0), 1.5, 0.0), Level((1, 0, 2), 7.0, 0.0)))


def make_baskets(visits=60, seed=1, shape=SHAPE, appeal=None):
    """Visits of random states; each product is bought with a chance that the state's tiers may change."""
    rng = np.random.default_rng(seed)
    state = rng.integers(np.prod(shape), size=visits)
    chance = np.full((np.prod(shape), P), 0.4) if appeal is None else appeal
    visit, product = np.nonzero(rng.random((visits, P)) < chance[state])
    return Baskets(state, visit, product, int(np.prod(shape)), P)


def loop_incidence(levels, visits, purchases, shape, state):
    """The incidence of each product in one state: incidence_l = (purchases_l + w incidence_{l-1}) / (visits_l + w)."""
    labels = [np.unravel_index(other, shape) for other in range(len(visits))]
    incidence = [sum(map(sum, purchases)) / sum(visits) / P] * P
    for level in levels:
        group = [s for s in range(len(visits)) if all(labels[s][t] == labels[state][t] for t in level.tiers)]
        for product in range(P):
            bought = sum(purchases[s][product] for s in group)
            came = sum(visits[s] for s in group)
            incidence[product] = (bought + level.weight * incidence[product]) / (came + level.weight)
    return incidence


def loop_likelihood(levels, baskets, shape):
    """Nats per visit: each visit's purchases, given the incidence that all other visits tell."""
    visits, purchases = baskets.visits().tolist(), baskets.purchases().tolist()
    total = 0.0
    for visit, state in enumerate(baskets.visit_state.tolist()):
        own = baskets.item_product[baskets.item_visit == visit].tolist()
        visits[state] -= 1
        for product in own:
            purchases[state][product] -= 1
        incidence = loop_incidence(levels, visits, purchases, shape, state)
        total += sum(log(incidence[product]) for product in own) - sum(incidence)
        visits[state] += 1
        for product in own:
            purchases[state][product] += 1
    return total / len(baskets.visit_state)


def test_baskets_count_visits_and_purchases():
    baskets = make_baskets()
    visits, purchases = np.zeros(12, int), np.zeros((12, P), int)
    for state in baskets.visit_state:
        visits[state] += 1
    for visit, product in zip(baskets.item_visit, baskets.item_product, strict=True):
        purchases[baskets.visit_state[visit], product] += 1
    np.testing.assert_array_equal(baskets.visits(), visits)
    np.testing.assert_array_equal(baskets.purchases(), purchases)


def test_mean_is_the_formula():
    baskets = make_baskets()
    visits, purchases = baskets.visits(), baskets.purchases()
    expected = [loop_incidence(POOLING.levels, visits, purchases, SHAPE, state) for state in range(12)]
    np.testing.assert_allclose(POOLING.mean(visits, purchases, SHAPE), expected, rtol=1e-12)


def test_mean_without_visits_is_the_parent():
    """Where a state has no visits, the group around it speaks for it."""
    visits, purchases = np.zeros(12, int), np.zeros((12, P), int)
    visits[0], purchases[0] = 10, [5, 2, 0, 1]
    mean = POOLING.mean(visits, purchases, SHAPE)
    np.testing.assert_allclose(mean[2], mean[4])  # other labels of the first tier chosen: both know only the top level
    rate = 8 / 10 / P
    np.testing.assert_allclose(mean[2], (np.array([5, 2, 0, 1]) + 3.0 * rate) / 13.0)


def test_the_gains_are_those_of_the_likelihood_with_each_visit_left_out():
    baskets = make_baskets()
    fitted = fit_pooling(baskets, SHAPE).levels
    before = loop_likelihood((), baskets, SHAPE)
    for count, level in enumerate(fitted, start=1):
        likelihood = loop_likelihood(fitted[:count], baskets, SHAPE)
        assert level.gain == pytest.approx(likelihood - before, abs=1e-5)
        before = likelihood


def test_no_other_weight_of_a_level_is_more_likely():
    appeal = np.random.default_rng(2).uniform(0.05, 0.8, size=(12, P))
    baskets = make_baskets(visits=120, appeal=appeal)
    levels = fit_pooling(baskets, SHAPE).levels
    for count, level in enumerate(levels):
        best = loop_likelihood(levels[: count + 1], baskets, SHAPE)
        for weight in 2.0 ** np.arange(0, 18):
            other = Level(level.tiers, weight, 0.0)
            assert loop_likelihood((*levels[:count], other), baskets, SHAPE) <= best + 1e-5


@pytest.mark.parametrize("tier", range(3))
def test_the_tier_that_matters_comes_first(tier):
    label = np.indices(SHAPE).reshape(3, -1)[tier]
    appeal = np.where(np.arange(P) % 2 == label[:, None] % 2, 0.7, 0.1)
    levels = fit_pooling(make_baskets(visits=600, appeal=appeal), SHAPE).levels
    assert levels[0].tiers == ()
    assert levels[1].tiers == (tier,)
    assert levels[1].gain > 0.1
    assert sorted(levels[-1].tiers) == [0, 1, 2]
    assert levels[-1].gain < 0.02


def test_each_level_extends_the_one_before_down_to_the_single_state(tiny_shop):
    for pooling in (tiny_shop.history.pooling, tiny_shop.customers.pooling):
        for wide, narrow in zip(pooling.levels, pooling.levels[1:], strict=False):
            assert narrow.tiers[: len(wide.tiers)] == wide.tiers
            assert len(narrow.tiers) > len(wide.tiers)
        assert sorted(pooling.levels[-1].tiers) == [0, 1, 2, 3]


def test_states_that_tell_nothing_stay_close_to_their_parent():
    """All states alike: the pooled incidence hardly depends on the state."""
    baskets = make_baskets(visits=2000)
    mean = fit_pooling(baskets, SHAPE).mean(baskets.visits(), baskets.purchases(), SHAPE)
    assert np.ptp(mean, axis=0).max() < 0.5 * np.ptp(baskets.purchases() / baskets.visits()[:, None], axis=0).max()


def test_draws_have_the_posterior_mean_on_average():
    baskets = make_baskets()
    arguments = baskets.visits(), baskets.purchases(), SHAPE
    rng = np.random.default_rng(12)
    draws = np.array([POOLING.draw(*arguments, rng) for _ in range(5000)])
    error = draws.std(axis=0) / np.sqrt(len(draws))
    assert (np.abs(draws.mean(axis=0) - POOLING.mean(*arguments)) <= 4 * error).all()


def test_the_spread_of_a_draw_is_the_gammas():
    """One level over one group: Gamma(purchases + w rate) / (visits + w), with the standard deviation of that."""
    visits, purchases = np.array([50]), np.array([[30, 10, 4, 0]])
    pooling = Pooling((Level((), 8.0, 0.0),))
    rng = np.random.default_rng(13)
    draws = np.array([pooling.draw(visits, purchases, (1,), rng)[0] for _ in range(20_000)])
    shape = purchases[0] + 8.0 * 44 / 50 / P
    np.testing.assert_allclose(draws.std(axis=0), np.sqrt(shape) / 58.0, rtol=0.05)


def test_equal_generators_give_equal_draws_and_others_differ():
    baskets = make_baskets()
    arguments = baskets.visits(), baskets.purchases(), SHAPE
    one, same, other = (POOLING.draw(*arguments, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).all()
    assert (one >= 0).all()
