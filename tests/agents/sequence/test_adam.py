"""The step of Adam against torch's."""

from __future__ import annotations

import numpy as np
import pytest
from selflearn_agents.sequence.adam import Adam
from selflearn_agents.sequence.weights import Weights

torch = pytest.importorskip("torch")


def test_the_steps_are_those_of_torch():
    rng = np.random.default_rng(3)
    weights = Weights(7, 4, 0.2, rng)
    theirs = {name: torch.from_numpy(array.copy()).requires_grad_() for name, array in vars(weights).items()}
    ours, other = Adam(weights), torch.optim.Adam(theirs.values(), lr=0.01)
    for step in range(20):
        gradient = weights.zeros()
        for name, array in vars(gradient).items():
            array += (rng.normal(size=array.shape) * (step % 3 > 0)).astype(np.float32)
            theirs[name].grad = torch.from_numpy(array.copy())
        ours.step(weights, gradient, 0.01)
        other.step()
    for name, array in vars(weights).items():
        np.testing.assert_allclose(array, theirs[name].detach().numpy(), rtol=1e-5, atol=1e-6)
