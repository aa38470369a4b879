"""The best of many against sorting, and the draws against scipy's distributions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from selflearn_agents.bandits.choosing import BINS, LEAST, best_gumbel, best_normal, best_scores, exceeded

LAWS = {True: stats.norm, False: stats.gumbel_r}


@given(scores=st.lists(st.integers(-3, 3), min_size=1, max_size=60), count=st.integers(1, 60))
def test_best_scores_are_those_of_a_stable_sort(scores, count):
    row = np.array([scores, scores[::-1]], dtype=np.float32)
    count = min(count, len(scores))
    np.testing.assert_array_equal(best_scores(row, count), np.argsort(-row, axis=1, kind="stable")[:, :count])


@pytest.mark.parametrize("is_normal", [True, False])
def test_draws_are_exceeded_with_the_given_probability(is_normal):
    tails = 10.0 ** -np.arange(1, 17)
    shares = np.concatenate([np.random.default_rng(0).random(2000), tails, 1.0 - tails[:15], [LEAST, 0.5, 0.925]])
    drawn = np.array([exceeded(share, is_normal) for share in shares.tolist()])
    np.testing.assert_allclose(drawn, LAWS[is_normal].isf(shares), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("is_normal", [True, False])
@pytest.mark.parametrize("spread", [0.0, 0.01, 3.0])
def test_no_draw_is_left_out_that_is_among_the_best(is_normal, spread):
    """Also uniform numbers at the ends of the bins, 0 among them."""
    rng = np.random.default_rng(1)
    mean, width = rng.normal(size=(4, 3000)), spread * rng.random((4, 3000))
    rows = np.array([2, 0, 2, 3, 1])
    uniform = rng.random((5, 3000))
    uniform[:, ::7] = rng.integers(BINS, size=uniform[:, ::7].shape) / BINS
    if is_normal:
        found = best_normal(mean, width, rows, uniform, 10)
    else:
        found, width = best_gumbel(mean[rows], uniform, 10), np.ones_like(mean)
    drawn = mean[rows] + width[rows] * LAWS[is_normal].isf(np.maximum(uniform, LEAST))
    best = np.take_along_axis(drawn, np.argsort(-drawn, axis=1)[:, :10], axis=1)
    np.testing.assert_allclose(np.take_along_axis(drawn, found, axis=1), best, rtol=1e-12)
