"""Pooling against slow loops that follow its formula."""

from math import log

import numpy as np
import pytest
from scipy import special

from selflearn_env.core.baskets import Baskets
from selflearn_env.core.pooling import CAUTIONS, Level, Pooling
from selflearn_env.core.pooling_fit import fit_levels, fit_pooling

SHAPE = (2, 3, 2)
P = 4
POOLING = Pooling((Level((), 3.0, 0.0), Level((1,), 20.0, 0.0), Level((1, 0), 0.5, 0.0), Level((1, 0, 2), 7.0, 0.0)))


def make_baskets(visits=60, seed=1, shape=SHAPE, appeal=None):
    """Visits of random states; each product is bought with a chance that the state's tiers may change."""
    rng = np.random.default_rng(seed)
    state = rng.integers(np.prod(shape), size=visits)
    chance = np.full((np.prod(shape), P), 0.4) if appeal is None else appeal
    visit, product = np.nonzero(rng.random((visits, P)) < chance[state])
    return Baskets(state, rng.integers(20, size=visits), visit, product, int(np.prod(shape)), P)


def loop_incidence(levels, visits, purchases, shape, state):
    """Of each product in one state: incidence_l = (purchases_l + w) / (visits_l + w / incidence_{l-1})."""
    labels = [np.unravel_index(other, shape) for other in range(len(visits))]
    incidence = [sum(map(sum, purchases)) / sum(visits) / P] * P
    for level in levels:
        group = [s for s in range(len(visits)) if all(labels[s][t] == labels[state][t] for t in level.tiers)]
        for product in range(P):
            bought = sum(purchases[s][product] for s in group)
            came = sum(visits[s] for s in group)
            incidence[product] = (bought + level.weight) / (came + level.weight / incidence[product])
    return incidence


def loop_likelihood(levels, baskets, shape):
    """Nats per visit: the purchases of customers with odd numbers, given what the even ones tell, and vice versa."""
    odd = baskets.visit_customer % 2 == 1
    total = 0.0
    for known, foreseen in ((odd, ~odd), (~odd, odd)):
        half = baskets.select(known)
        visits, purchases = half.visits().tolist(), half.purchases().tolist()
        incidence = [loop_incidence(levels, visits, purchases, shape, state) for state in range(len(visits))]
        for visit in np.flatnonzero(foreseen):
            own = baskets.item_product[baskets.item_visit == visit]
            rates = incidence[baskets.visit_state[visit]]
            total += sum(log(rates[product]) for product in own) - sum(rates)
    return total / len(odd)


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


def test_baskets_of_some_visits_are_theirs():
    baskets = make_baskets()
    chosen = np.random.default_rng(5).random(60) < 0.4
    found = baskets.select(chosen)
    for number, visit in enumerate(np.flatnonzero(chosen)):
        assert found.visit_state[number] == baskets.visit_state[visit]
        assert found.visit_customer[number] == baskets.visit_customer[visit]
        own = baskets.item_product[baskets.item_visit == visit]
        assert found.item_product[found.item_visit == number].tolist() == own.tolist()
    assert len(found.item_visit) == chosen[baskets.item_visit].sum()


def test_mean_without_visits_is_the_parent():
    """Where a state has no visits, the group around it speaks for it."""
    visits, purchases = np.zeros(12, int), np.zeros((12, P), int)
    visits[0], purchases[0] = 10, [5, 2, 0, 1]
    mean = POOLING.mean(visits, purchases, SHAPE)
    np.testing.assert_allclose(mean[2], mean[4])  # other labels of the first tier chosen: both know only the top level
    rate = 8 / 10 / P
    np.testing.assert_allclose(mean[2], (np.array([5, 2, 0, 1]) + 3.0) / (10 + 3.0 / rate))


def test_rare_and_popular_products_are_shrunk_alike():
    """A product that is bought ten times as often everywhere has ten times the incidence, at every level."""
    visits = np.full(12, 50)
    purchases = np.random.default_rng(3).integers(40, size=(12, 1)) * np.array([1, 1, 1, 10])
    mean = POOLING.mean(10_000 * visits, 10_000 * purchases, SHAPE)
    np.testing.assert_allclose(mean[:, 3], 10 * mean[:, 0], rtol=1e-3)


def test_the_gains_are_those_of_the_likelihood_of_each_half_of_the_customers():
    baskets = make_baskets()
    for fitted in (fit_pooling(baskets, SHAPE).levels, fit_levels(baskets, SHAPE, [(2,), (0, 1, 2)]).levels):
        before = loop_likelihood((), baskets, SHAPE)
        for count, level in enumerate(fitted, start=1):
            likelihood = loop_likelihood(fitted[:count], baskets, SHAPE)
            assert level.gain == pytest.approx(likelihood - before, abs=1e-5)
            before = likelihood


def test_no_other_weight_of_a_level_is_more_likely():
    appeal = np.random.default_rng(2).uniform(0.05, 0.8, size=(12, P))
    baskets = make_baskets(visits=300, appeal=appeal)
    levels = fit_pooling(baskets, SHAPE).levels
    for count, level in enumerate(levels):
        best = loop_likelihood(levels[: count + 1], baskets, SHAPE)
        for weight in 2.0 ** np.arange(-2, 14):
            other = Level(level.tiers, weight, 0.0)
            assert loop_likelihood((*levels[:count], other), baskets, SHAPE) <= best + 1e-5


def test_a_single_customer_is_halved_by_visits():
    appeal = np.random.default_rng(2).uniform(0.05, 0.8, size=(12, P))
    many = make_baskets(visits=300, appeal=appeal)
    alone = Baskets(many.visit_state, np.zeros(300, int), many.item_visit, many.item_product, 12, P)
    by_turns = Baskets(many.visit_state, np.arange(300), many.item_visit, many.item_product, 12, P)
    assert fit_pooling(alone, SHAPE) == fit_pooling(by_turns, SHAPE)


@pytest.mark.parametrize("visits", [1, 2])
def test_hardly_any_visits_can_be_fitted(visits):
    baskets = make_baskets(visits=visits)
    mean = fit_pooling(baskets, SHAPE).mean(baskets.visits(), baskets.purchases(), SHAPE)
    assert np.isfinite(mean).all()
    assert (mean > 0).all()


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


@pytest.mark.parametrize("contrast", [1.0, 4.0])
def test_a_draw_is_the_gammas_of_the_top_level(contrast):
    """One level over one group: Gamma(purchases + w) / (visits + w / rate), at any contrast between states."""
    visits, purchases = np.array([50]), np.array([[30, 10, 4, 0]])
    pooling = Pooling((Level((), 8.0, 0.0),))
    rng = np.random.default_rng(13)
    draws = np.array([pooling.draw(visits, purchases, (1,), rng, contrast)[0] for _ in range(20_000)])
    shape, rate = purchases[0] + 8.0, 50 + 8.0 / (44 / 50 / P)
    np.testing.assert_allclose(draws.mean(axis=0), shape / rate, rtol=0.02)
    np.testing.assert_allclose(draws.std(axis=0), np.sqrt(shape) / rate, rtol=0.05)


@pytest.mark.parametrize("contrast", [1.0, 4.0])
def test_a_draw_goes_on_from_the_level_above(contrast):
    """Divided by its parent, a state without visits is Gamma(w) / w whatever the parent: that is the level's spread."""
    visits, purchases = np.array([0, 0, 40]), np.array([[0] * P, [0] * P, [30, 10, 4, 1]])
    pooling = Pooling((Level((), 3.0, 0.0), Level((0,), 5.0, 0.0)))
    rng = np.random.default_rng(14)
    draws = np.array([pooling.draw(visits, purchases, (3,), rng, contrast) for _ in range(20_000)])
    ratio = np.log(draws[:, 0] / draws[:, 1])  # two such states of one parent
    np.testing.assert_allclose(ratio.mean(axis=0), 0.0, atol=0.05)
    np.testing.assert_allclose(ratio.var(axis=0), 2 * special.polygamma(1, 5.0 / contrast), rtol=0.05)


def test_equal_generators_give_equal_draws_and_others_differ():
    baskets = make_baskets()
    arguments = baskets.visits(), baskets.purchases(), SHAPE
    one, same, other = (POOLING.draw(*arguments, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).all()
    assert (one >= 0).all()


@pytest.mark.parametrize("caution", [4.0, 16.0])
def test_caution_divides_the_variance_of_a_draw_and_leaves_its_mean(caution):
    visits, purchases = np.array([50]), np.array([[30, 10, 4, 0]])
    pooling = Pooling((Level((), 8.0, 0.0),))
    rng = np.random.default_rng(13)
    draws = np.array([pooling.draw(visits, purchases, (1,), rng, caution=caution)[0] for _ in range(20_000)])
    shape, rate = purchases[0] + 8.0, 50 + 8.0 / (44 / 50 / P)
    np.testing.assert_allclose(draws.mean(axis=0), shape / rate, rtol=0.02)
    np.testing.assert_allclose(draws.std(axis=0), np.sqrt(shape / caution) / rate, rtol=0.05)


def test_the_divergence_is_what_a_visit_loses(monkeypatch):
    monkeypatch.setattr("selflearn_env.core.pooling.CELLS", 3 * P)  # in many parts
    baskets = make_baskets()
    visits, purchases = baskets.visits(), baskets.purchases()
    visits[4] = 0
    mean = POOLING.mean(visits, purchases, SHAPE)
    other = np.random.default_rng(6).uniform(0.1, 0.9, size=mean.shape)
    other[2, 1] = 0.0  # a draw may be
    expected = 0.0
    for state, count in enumerate(visits.tolist()):
        for m, d in zip(mean[state].tolist(), np.maximum(other[state], 1e-12).tolist(), strict=True):
            expected += count * (m * log(m / d) - m + d) / visits.sum()
    posterior = POOLING.posterior(visits, purchases, SHAPE)
    assert posterior.divergence(other, visits) == pytest.approx(expected, rel=1e-12)
    assert posterior.divergence(mean, visits) == pytest.approx(0.0, abs=1e-12)


def season_world(visits, seed):
    """Baskets of 1,500 products that sell by the label of the second tier, and the incidence in the states."""
    rng, products = np.random.default_rng(seed), 1500
    appeal = rng.lognormal(size=products) * rng.gamma(1.0, size=(3, products))
    appeal = (8 * appeal / appeal.sum(axis=1, keepdims=True))[np.indices(SHAPE).reshape(3, -1)[1]]
    state = rng.integers(12, size=visits)
    visit, product = np.nonzero(rng.random((visits, products)) < appeal[state])
    return Baskets(state, np.arange(visits), visit, product, 12, products), appeal


def expected_score(incidence, appeal):
    """Log-likelihood of a visit of another customer, in nats, beside a constant."""
    return float((appeal * np.log(np.maximum(incidence, 1e-12)) - incidence).sum(axis=1).mean())


@pytest.mark.parametrize(("visits", "thin"), [(200, True), (400, True), (1500, False)])
@pytest.mark.parametrize("seed", range(2))
def test_the_world_of_a_thin_log_is_cautious_and_better_than_popularity(visits, thin, seed):
    baskets, appeal = season_world(visits, seed)
    pooling, counts = fit_pooling(baskets, SHAPE), (baskets.visits(), baskets.purchases(), SHAPE)
    popularity = fit_levels(baskets, SHAPE, [()]).mean(*counts)
    tried = []

    def generator():
        tried.append(np.random.default_rng(3))
        return tried[-1]

    world, plain = pooling.world(*counts, generator), pooling.draw(*counts, np.random.default_rng(3))
    assert expected_score(world, appeal) > expected_score(popularity, appeal) + 0.02
    if thin:
        assert expected_score(plain, appeal) < expected_score(popularity, appeal) - 1
        # It is the least caution that will do.
        gain, expected = sum(level.gain for level in pooling.levels[1:]), pooling.posterior(*counts)
        draws = [pooling.draw(*counts, np.random.default_rng(3), caution=caution) for caution in CAUTIONS]
        losses = [expected.divergence(draw, counts[0]) for draw in draws[: len(tried)]]
        assert losses[-1] <= gain < losses[-2]
        np.testing.assert_array_equal(world, draws[len(tried) - 1])
    else:
        np.testing.assert_array_equal(world, plain)
