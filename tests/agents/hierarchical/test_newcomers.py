"""The lists of products never shown: no product left out scores more than the floor says."""

import numpy as np
import pytest
from selflearn_agents.hierarchical.newcomers import Newcomers, upper


@pytest.mark.parametrize("products", [12, 13, 400])
def test_no_product_left_out_scores_more_than_the_floor(products):
    rng = np.random.default_rng(products)
    newcomers, states = Newcomers(6, 12), np.array([4, 1])
    mean = rng.normal(size=(2, products)).astype(np.float32)
    mean[:, rng.permutation(products)[: products // 4]] = -np.inf
    variance = rng.random(products).astype(np.float32)
    newcomers.choose(states, mean, variance, np.array([2.0, 3.0], dtype=np.float32), 0.5)
    for bonus, added in ((0.0, 0.0), (1.0, 0.5), (2.0, 0.5)):
        score = upper(mean, np.tile(variance + np.float32(added), (2, 1)), np.float32(bonus))
        for row, state in enumerate(states):
            listed = newcomers.ids[state]
            assert len(set(listed.tolist())) == 12
            left_out = np.delete(score[row], listed)
            assert (left_out <= newcomers.floor[state]).all()
            np.testing.assert_array_equal(newcomers.mean[state], mean[row, listed])
            np.testing.assert_array_equal(newcomers.variance[state], variance[listed])


def test_what_is_shown_is_taken_off_the_lists():
    newcomers, states = Newcomers(3, 5), np.arange(2)
    mean = np.arange(20, dtype=np.float32).reshape(2, 10)
    newcomers.choose(states, mean, np.ones(10, dtype=np.float32), np.ones(2, dtype=np.float32), 0.0)
    newcomers.strike(states, np.arange(10) == 9)
    for state in states:
        gone = newcomers.mean[state] == -np.inf
        assert newcomers.ids[state, gone].tolist() == [9]
