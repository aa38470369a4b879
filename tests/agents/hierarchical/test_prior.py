"""The levels, means and variances that the history supports."""

from dataclasses import replace

import numpy as np
import pytest
from selflearn_agents.hierarchical.prior import history_prior, levels

from selflearn_env.core.pooling import Level, Pooling
from tests.agents.hierarchical.reference import INSIDE, P, pooled


def test_the_levels_are_all_sets_of_the_other_tiers(tiny_shop):
    first, weight, inner = levels(pooled(tiny_shop.history))
    assert (first, weight) == (1, 3.0)
    assert dict(inner) == INSIDE
    variance = {size: sum(1 / w for tiers, w in inner if len(tiers) == size) for size in (1, 2, 3)}
    assert variance == pytest.approx({1: 1 / 30, 2: 1 / 60, 3: 1 / 20})  # in all, that of the history's pooling


def test_a_pooling_that_splits_nothing_alone_has_the_states_for_its_only_level(tiny_shop):
    path = ((), 2.0), ((0, 1, 2, 3), 40.0)
    flat = replace(tiny_shop.history, pooling=Pooling(tuple(Level(tiers, weight, 0.0) for tiers, weight in path)))
    assert levels(flat) == (0, 2.0, [((1, 2, 3), 40.0)])
    prior = history_prior(flat)
    assert prior.members.shape == (4, 168)
    np.testing.assert_array_equal(prior.same_group, [np.eye(168)])


def test_every_state_has_its_place_in_its_block(tiny_shop):
    prior = history_prior(pooled(tiny_shop.history))
    np.testing.assert_array_equal(prior.members[prior.block, prior.place], np.arange(672))
    np.testing.assert_array_equal(prior.block, tiny_shop.states.table[:, 1])


def test_the_mean_is_the_logarithm_of_the_incidence_and_purchases_lower_the_common_variance(tiny_shop):
    history = pooled(tiny_shop.history)
    prior = history_prior(history)
    np.testing.assert_allclose(np.exp(prior.mean), history.incidence(), rtol=1e-5)
    for month in range(12):
        for product in range(P):
            k, w = history.purchases[prior.block == month][:, product].sum(), 3.0
            expected = 1 / (w + k) + k / (w + k) ** 2 + k**2 / (w + k) ** 3
            assert prior.common_variance[month, product] == pytest.approx(expected, rel=1e-6)
