"""Learning from the responses to slates."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from selflearn_agents.sequence.experience import Experience
from selflearn_agents.sequence.network import Leaving, one_thread, rates, slopes, tensors
from selflearn_agents.sequence.records import Records
from selflearn_agents.sequence.training import LEAST
from selflearn_agents.sequence.weights import Weights

VISITS = 16  # per step


def learn(
    weights: Weights,
    experience: Experience,
    incidence: NDArray[np.float64],
    records: Records,
    slates: NDArray[np.int64],
    bought: NDArray[np.bool_],
    counted: NDArray[np.bool_],
    rate: float,
) -> None:
    """Adds to the gradient, and takes a step when there have been so many visits.

    What is bought in slot k is Poisson with the mean look_k * purchases per visit, where look_k is what was bought in
    this slot until now, over what was expected.

    Args:
        weights: that are learned.
        experience: until now.
        incidence: (G, P) of the groups of states.
        records: at most VISITS - experience.waiting visits.
        slates: (B, n) shown in them.
        bought: (B, n) of it.
        counted: (B, n) the slots that count.
        rate: of the step.
    """
    with one_thread():
        parameters = tensors(weights, learned=True)
        every = rates(parameters, torch.from_numpy(incidence), records, Leaving())
        expected = every.gather(1, torch.from_numpy(slates)) * torch.from_numpy(counted)
        look = torch.from_numpy(experience.tally[0] / experience.tally[1])
        known = torch.from_numpy((bought & counted).astype(np.float64))
        loss = (look * expected - known * expected.clamp(min=LEAST).log()).sum()
        experience.gradient.add(slopes(loss, parameters))
    experience.tally += np.stack([known.numpy().sum(axis=0), expected.detach().numpy().sum(axis=0)])
    experience.waiting += len(slates)
    if experience.waiting >= VISITS:
        for array in vars(experience.gradient).values():
            array /= experience.waiting
        experience.adam.step(weights, experience.gradient, rate)
        experience.gradient, experience.waiting = weights.zeros(), 0
