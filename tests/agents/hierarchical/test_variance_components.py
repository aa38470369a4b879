"""The fit of the variances finds those from which observations were drawn; inverses by halves."""

import numpy as np
import pytest
from selflearn_agents.hierarchical.variance_components import fit, inverse


@pytest.mark.parametrize("size", [1, 5, 8, 9, 17, 56])
def test_an_inverse_by_halves_is_the_inverse(size):
    root = np.random.default_rng(size).normal(size=(4, size, size))
    matrices = root @ root.transpose(0, 2, 1) + np.eye(size)
    np.testing.assert_allclose(inverse(matrices.astype(np.float32)), np.linalg.inv(matrices), atol=1e-4)


def test_variances_move_to_those_of_the_draw():
    """Two levels, pairs of places and single ones; places that were not observed say nothing."""
    rng = np.random.default_rng(2)
    together = np.stack([np.kron(np.eye(5), np.ones((2, 2))), np.eye(10)]).astype(np.float32)
    true, common, rows = np.array([0.5, 0.1]), np.full(400, 0.2, dtype=np.float32), 400
    covariance = 0.2 + np.tensordot(true, together, axes=1)
    u = rng.multivariate_normal(np.zeros(10), covariance, size=rows)
    information = (rng.uniform(5.0, 20.0, size=u.shape) * (rng.random(u.shape) < 0.7)).astype(np.float32)
    observed = u + rng.normal(size=u.shape) / np.sqrt(np.maximum(information, 1.0))
    variance = np.array([0.2, 0.2])
    for _ in range(30):
        variance = fit(variance, together, common, information, (information * observed).astype(np.float32))
    np.testing.assert_allclose(variance, true, rtol=0.15)
