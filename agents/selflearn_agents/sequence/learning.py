"""Learning from the responses to slates."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from selflearn_agents.sequence.experience import Experience
from selflearn_agents.sequence.network import Leaving, one_thread, rates, slopes, tensors
from selflearn_agents.sequence.records import LEAST, Records
from selflearn_agents.sequence.weights import Weights


def learn(
    weights: Weights,
    experience: Experience,
    incidence: NDArray[np.float64],
    records: Records,
    slates: NDArray[np.int64],
    bought: NDArray[np.int8],
    rate: float,
) -> None:
    """Takes a step against the gradient, by what was bought of slates.

    What is bought in slot k is Poisson with the mean look_k * purchases per visit, where look_k is what was bought in
    this slot until now, over what was expected.

    Args:
        weights: that are moved.
        experience: what it has told before, and is told now.
        incidence: (G, P) of the groups of states.
        records: B visits.
        slates: (B, n) shown in them.
        bought: (B, n) of it, as in `Experience`.
        rate: of the step.
    """
    counted = bought >= 0
    known = torch.from_numpy(np.where(counted, bought, 0).astype(np.float64))
    with one_thread():
        parameters = tensors(weights, learned=True)
        every = rates(parameters, torch.from_numpy(incidence), records, Leaving())
        expected = every.gather(1, torch.from_numpy(slates)) * torch.from_numpy(counted)
        loss = (torch.from_numpy(experience.look) * expected - known * expected.clamp(min=LEAST).log()).sum()
        gradient = slopes(loss / len(slates), parameters)
    experience.adam.step(weights, gradient, rate)
    experience.tally += np.stack([known.numpy().sum(axis=0), expected.detach().numpy().sum(axis=0)])
