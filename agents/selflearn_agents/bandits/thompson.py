"""Thompson sampling (Thompson 1933; Agrawal and Goyal 2012; Russo et al. 2018, A Tutorial on Thompson Sampling)."""

from __future__ import annotations

from math import sqrt
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.agent import Agent
from selflearn_agents.bandits.choosing import best_normal, best_scores
from selflearn_env.core.compiling import Loop
from selflearn_env.core.numbers import is_number, is_within
from selflearn_env.core.rewards import Rewards
from selflearn_env.declared import Declared, numbers, text
from selflearn_env.shop.history import History

RESPONSES = 3  # ignored, clicked, bought
SAMPLES = ("normal", "dirichlet")
LEAST = 1e-12  # showings that a prior counts for: below, there is nothing to draw from
ROWS = 8  # visits sampled at once: few enough to stay in the cache


class ThompsonAgent(Agent):
    """Shows the products whose mean reward in the state is greatest in one draw from what is believed of it.

    Belief of the probabilities of ignored, clicked and bought, for each product in each state:

        Dirichlet(a), a = prior_weight * prior + times it was (ignored, clicked, bought) in the state

    with mean m = a / A, A = sum of a. With the default rewards r, the mean reward r . theta has under this belief

        mean = r . m,   variance = (r^2 . m - mean^2) / (A + 1)

    Each visit draws a mean reward of every product, all independent, and shows the greatest. sample="dirichlet" draws
    theta itself; "normal" draws from the normal distribution of that mean and variance, which costs a tenth. The two
    agree in the limit of many showings. Before, the belief of a rarely bought product is skewed to the right and the
    normal is not: it draws high values of such products less often, and low ones that no reward could have.

    Update: a[response] += 1, for each shown product; item rewards are not read. Cost per visit: O(P).
    """

    declared: ClassVar[Declared] = {
        "_sample": text(*SAMPLES),
        "_belief": numbers("states", "products", RESPONSES, least=0.0),
        "_reward": numbers(RESPONSES),
        "_mean": numbers("states", "products"),
        "_spread": numbers("states", "products", least=0.0),
    }

    def __init__(
        self,
        history: History,
        slate_size: int,
        rng: np.random.Generator,
        *,
        prior_weight: float = 100.0,
        sample: str = "normal",
    ):
        """Starts from the history.

        Args:
            history: what is known before: a product is bought as often as the pooled purchases per visit, clicked
                (and not bought) as often as bought, or as what is left allows, and ignored otherwise.
            slate_size: products per slate.
            rng: the generator of all that the agent draws.
            prior_weight: how many showings the prior counts for, > 0.
            sample: "normal" or "dirichlet".

        Raises:
            ValueError: a hyperparameter is out of its range.
        """
        super().__init__(history, slate_size, rng)
        if not is_number(prior_weight) or not LEAST <= prior_weight < np.inf:
            raise ValueError(
                f"prior_weight counts showings and must be > 0, got {prior_weight!r}; it may be from {LEAST:g} on"
            )
        if sample not in SAMPLES:
            raise ValueError(f"unknown sample {sample!r}; known: {', '.join(SAMPLES)}")
        self._sample = sample
        bought = np.minimum(1.0, history.incidence())
        clicked = np.minimum(bought, 1.0 - bought)
        prior = np.stack([1.0 - bought - clicked, clicked, bought], axis=-1)
        self._belief = np.ascontiguousarray(prior_weight * np.maximum(prior, 0.0))  # (S, P, 3)
        self._reward = Rewards().by_response.copy()
        self._mean, self._spread = np.empty((2, *bought.shape))  # (S, P) of the mean reward
        work_out(self._belief, self._reward, self._mean, self._spread)

    def _act(self, states: NDArray[np.int64], eligible: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
        """(B, n) the eligible products of greatest drawn mean reward; the others are drawn for, too."""
        slates = np.empty((len(states), self.slate_size), dtype=np.int64)
        for start in range(0, len(states), ROWS):
            some = states[start : start + ROWS]
            allowed = None if eligible is None else eligible[start : start + ROWS]
            if self._sample == "normal":
                uniform = self.rng.random((len(some), self.products))
                best = best_normal(self._mean, self._spread, some, uniform, self.slate_size, allowed)
            else:
                best = best_scores(self._draw(some), self.slate_size, allowed)
            slates[start : start + ROWS] = best
        return slates

    def _draw(self, states: NDArray[np.int64]) -> NDArray[np.float64]:
        """(B, P) one draw of the mean reward of each product for each visit, from the Dirichlet distribution."""
        gamma = self.rng.standard_gamma(self._belief[states])
        ignore = self._reward[0]
        total = np.maximum(gamma.sum(axis=-1), np.finfo(float).tiny)  # tiny numbers of showings may draw zeros only
        return ignore + (gamma @ (self._reward - ignore)) / total

    def _update(
        self,
        states: NDArray[np.int64],
        slates: NDArray[np.int64],
        responses: NDArray,
        item_rewards: NDArray[np.float64],
    ) -> None:
        """Counts the responses.

        Raises:
            ValueError: a response is none of 0, 1, 2; then nothing is learned.
        """
        responses = responses.astype(np.int64)
        if not is_within(responses, 3):
            wrong = responses[(responses < 0) | (responses > 2)][0]
            raise ValueError(f"responses are 0 ignored, 1 clicked, 2 bought, got {wrong}")
        learn(states, slates, responses, self._belief, self._reward, self._mean, self._spread)

    def _values(self, states: NDArray[np.int64]) -> NDArray[np.float64]:
        """(B, P) mean rewards under the belief, with the default rewards."""
        return self._mean[states]


@Loop
def learn(
    states: NDArray, slates: NDArray, responses: NDArray, belief: NDArray, reward: NDArray, mean: NDArray,
    spread: NDArray,
) -> None:  # fmt: skip
    """Counts each response."""
    for visit in range(states.size):
        state = states[visit]
        for slot in range(slates.shape[1]):
            product = slates[visit, slot]
            belief[state, product, responses[visit, slot]] += 1.0
            mean[state, product], spread[state, product] = moments(belief[state, product], reward)


@Loop
def work_out(belief: NDArray, reward: NDArray, mean: NDArray, spread: NDArray) -> None:
    """Writes mean and standard deviation (S, P) of the mean rewards, given all beliefs (S, P, 3)."""
    for state in range(mean.shape[0]):
        for product in range(mean.shape[1]):
            mean[state, product], spread[state, product] = moments(belief[state, product], reward)


@Loop
def moments(belief: NDArray, reward: NDArray) -> tuple[float, float]:
    """Mean and standard deviation of the mean reward, given the belief (3,) in a product."""
    click, buy = reward[1] - reward[0], reward[2] - reward[0]  # what they are worth more than to be ignored
    total = belief[0] + belief[1] + belief[2]
    mean = (belief[1] * click + belief[2] * buy) / total
    variance = ((belief[1] * click * click + belief[2] * buy * buy) / total - mean * mean) / (total + 1.0)
    return reward[0] + mean, sqrt(max(variance, 0.0))
