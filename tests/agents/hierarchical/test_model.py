"""The model against regression on every single observation, derivatives of the likelihood, and known variances."""

import numpy as np
import pytest
from selflearn_agents.hierarchical.conditioning import begin_rows, condition, take_column
from selflearn_agents.hierarchical.model import Model
from selflearn_agents.hierarchical.prior import Prior

P = 6


def made_prior(places, rng, blocks=2, products=P):
    """Two levels, pairs of neighbouring places and single ones; states and their places in any order."""
    pairs = np.arange(places) // 2
    members = rng.permutation(blocks * places).reshape(blocks, places)
    return Prior(
        block=np.argsort(members, axis=None) // places,
        place=np.argsort(members, axis=None) % places,
        members=members,
        mean=rng.normal(-2.0, 0.5, size=(blocks * places, products)).astype(np.float32),
        common_variance=rng.uniform(0.1, 0.4, size=(blocks, products)).astype(np.float32),
        level_variance=np.array([0.3, 0.2]),
        same_group=np.array([pairs[:, None] == pairs, np.eye(places, dtype=bool)]),
    )


def covariance(model, row):
    """(Q, Q) of one row."""
    columns = np.empty((model.mean.shape[1], model.mean.shape[1]))
    for place, column in enumerate(columns):
        take_column(model.variance[row], model.covariance[row], place, column)
    return columns


def prior_moments(prior, block, product):
    """Mean (Q,) and covariance (Q, Q) of a product in a block before any response."""
    levels = np.tensordot(prior.level_variance, prior.same_group, axes=1)
    return prior.mean[prior.members[block], product], prior.common_variance[block, product] + levels


def regression(mean, covariance, places, precision, precision_mean):
    """Mean and covariance of one vector after noisy observations of some of its places."""
    across = covariance[:, places]
    weight = np.linalg.solve(covariance[np.ix_(places, places)] + np.diag(1 / precision), across.T)
    return mean + (precision_mean / precision - mean[places]) @ weight, covariance - across @ weight


@pytest.mark.parametrize("places", [1, 2, 3, 8, 13, 56])
def test_a_vector_is_conditioned_as_regression_has_it(places):
    rng = np.random.default_rng(places)
    prior = made_prior(places, rng)
    model = Model(prior, slate_size=1)
    model.follow(1, np.array([4, 2]))
    np.testing.assert_allclose(covariance(model, 0), prior_moments(prior, 1, 4)[1], rtol=1e-6)
    observed = rng.integers(places, size=30), rng.uniform(0.1, 2.0, size=30), rng.normal(size=30)
    room = np.empty(2 * places, dtype=np.float32), np.empty(places, dtype=np.float32)
    for place, precision, precision_mean in zip(*observed, strict=True):
        row = model.mean[0], model.variance[0], model.covariance[0]
        condition(*row, place, precision, precision_mean, *room)
    expected = regression(*prior_moments(prior, 1, 4), *observed)
    np.testing.assert_allclose(model.mean[0], expected[0], atol=2e-4)
    np.testing.assert_allclose(covariance(model, 0), expected[1], atol=2e-4)
    np.testing.assert_array_equal(model.mean[1], prior_moments(prior, 1, 2)[0])  # the other product learns nothing


@pytest.mark.parametrize("places", [3, 8])
def test_replaced_observations_take_the_place_of_those_so_far(places):
    rng = np.random.default_rng(places)
    prior = made_prior(places, rng)
    model = Model(prior, slate_size=P)
    states, slates = rng.integers(2 * places, size=9), np.stack([rng.permutation(P) for _ in range(9)])
    model.observe(states, slates, rng.integers(3, size=(9, P)).astype(np.int8))
    precision = rng.uniform(0.1, 2.0, size=(model.rows, places)) * (rng.random((model.rows, places)) < 0.6)
    precision_mean = precision * rng.normal(size=precision.shape)
    model.replace_observations(precision, precision_mean)
    for row, (block, product) in enumerate(model.owner[: model.rows]):
        seen = np.flatnonzero(precision[row])
        moments = prior_moments(prior, block, product)
        expected = regression(*moments, seen, precision[row, seen], precision_mean[row, seen])
        np.testing.assert_allclose(model.mean[row], expected[0], atol=1e-4)
        np.testing.assert_allclose(covariance(model, row), expected[1], atol=1e-4)


def test_rows_are_begun_once_for_each_product_and_block():
    row, block = np.full((2, 5), -1), np.array([0, 1, 0])
    owners = begin_rows(np.array([0, 1, 2]), np.array([[3, 1], [3, 3], [1, 0]]), block, row, 7)
    assert owners.tolist() == [[0, 3], [0, 1], [1, 3], [0, 0]]
    assert row.tolist() == [[10, 8, -1, 7, -1], [-1, -1, -1, 9, -1]]
    assert len(begin_rows(np.array([0]), np.array([[3, 1]]), block, row, 11)) == 0


def test_all_rows_of_a_block_are_reached_in_the_order_in_which_they_were_begun():
    model = Model(made_prior(4, np.random.default_rng(0)), slate_size=1)
    for block, products in ((1, [2]), (0, [1, 5]), (1, [0, 3]), (0, [4])):
        model.follow(block, np.array(products))
    for block, expected in ((0, [1, 5, 4]), (1, [2, 0, 3])):
        products, row = [], model.first[block]
        while row >= 0:
            products.append(int(model.owner[row, 1]))
            row = model.following[row]
        assert products == expected
        assert model.owner[model.last[block], 1] == expected[-1]


def one_response(u, response, tally, slot=0):
    """Precision and score of one response to a product of log-appeal u, and the model afterwards."""
    prior = made_prior(1, np.random.default_rng(0), products=tally.shape[1] - 2)
    prior.mean[:] = u
    model = Model(prior, slate_size=tally.shape[1] - 2)
    model.tally[:] = tally
    responses = np.zeros((1, tally.shape[1] - 2), dtype=np.int8)
    responses[0, slot] = response
    model.observe(prior.members[0], np.arange(responses.size)[None], responses)
    precision = float(model.precision[slot, 0])
    return precision, float(model.precision_mean[slot, 0]) - precision * np.float32(u), model


def test_the_score_is_the_slope_of_the_likelihood_and_the_information_its_expected_bend():
    tally = np.ones((2, 2 + 4)) * np.random.default_rng(0).uniform(0.5, 1.0, size=(2, 6))
    x, y, *looks = tally[0] / tally[1]

    def likelihood(u, response, look):
        b, q = x * np.exp(u) * look, y * np.exp(u / 2) * look
        return np.log([(1 - b) * (1 - q), (1 - b) * q, b][response])

    for u in (-4.0, -2.0, -1.2):
        for slot, look in enumerate(looks):
            slopes, step = [], 1e-4
            for response in range(3):
                up, down = (likelihood(u + side * step, response, look) for side in (1, -1))
                slopes.append((up - down) / (2 * step))
                information, score, _ = one_response(u, response, tally, slot)
                assert score == pytest.approx(slopes[-1], abs=2e-6)
            chance = np.exp([likelihood(u, response, look) for response in range(3)])
            assert information == pytest.approx(chance @ np.square(slopes), rel=1e-5)  # Fisher's


def test_scale_and_slots_are_ratios_of_what_was_seen_to_what_was_expected():
    prior = made_prior(1, np.random.default_rng(0), products=2)
    prior.mean[:] = np.log([0.2, 0.1])
    model = Model(prior, slate_size=2)
    model.observe(prior.members[0], np.array([[0, 1]]), np.array([[2, 1]], dtype=np.int8))
    clicks = 0.8 * np.sqrt(0.2) + 0.9 * np.sqrt(0.1)
    np.testing.assert_allclose(model.tally[:, :2], [[2.0, 2.0], [1.3, 1.0 + clicks]], rtol=1e-6)
    by_slot = 0.2 + 0.4 * np.sqrt(0.2), 0.1 + 0.45 * np.sqrt(0.1)
    expected = [[101.0, 100.5], [100.0 + by_slot[0], 100.0 + by_slot[1]]]
    np.testing.assert_allclose(model.tally[:, 2:], expected, rtol=1e-6)


def test_variances_move_to_those_of_the_draw():
    """Places that were not observed say nothing."""
    rng, rows = np.random.default_rng(2), 400
    prior = made_prior(10, rng, blocks=1, products=rows)
    prior.mean[:], prior.common_variance[:] = 0.0, 0.2
    true = np.array([0.5, 0.1])
    u = rng.multivariate_normal(np.zeros(10), 0.2 + np.tensordot(true, prior.same_group, axes=1), size=rows)
    precision = rng.uniform(5.0, 20.0, size=u.shape) * (rng.random(u.shape) < 0.7)
    observed = u + rng.normal(size=u.shape) / np.sqrt(np.maximum(precision, 1.0))
    model = Model(prior._replace(level_variance=np.array([0.2, 0.2])), slate_size=1)
    model.follow(0, np.arange(rows))
    model.replace_observations(precision, precision * observed)
    for _ in range(30):
        model.refit()
    np.testing.assert_allclose(model.level_variance, true, rtol=0.15)
    assert model.prior.level_variance is model.level_variance


def test_a_model_that_does_not_refit_keeps_its_variances(monkeypatch):
    monkeypatch.setattr("selflearn_agents.hierarchical.model.FIRST_REFIT", 5)
    rng = np.random.default_rng(0)
    prior = made_prior(4, rng)
    fixed, fitted = Model(prior, slate_size=P, refits=False), Model(prior, slate_size=P)
    states, slates = rng.integers(8, size=6), np.stack([rng.permutation(P) for _ in range(6)])
    for model in (fixed, fitted):
        model.observe(states, slates, np.full((6, P), 2, dtype=np.int8))
    np.testing.assert_array_equal(fixed.level_variance, prior.level_variance)
    assert (fitted.level_variance != prior.level_variance).all()
