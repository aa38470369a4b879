"""Thompson sampling (Thompson 1933; Agrawal and Goyal 2012; Russo et al. 2018, A Tutorial on Thompson Sampling)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.agent import Agent
from selflearn_env.core.numbers import is_number
from selflearn_env.core.ranking import top
from selflearn_env.core.rewards import Rewards
from selflearn_env.shop.history import History

SAMPLES = ("normal", "dirichlet")
ROWS = 8  # visits sampled at once: few enough to stay in the cache


class ThompsonAgent(Agent):
    """Shows the products whose mean reward in the state is greatest in one draw from what is believed of it.

    Belief of the probabilities of ignored, clicked and bought, for each product in each state:

        Dirichlet(a), a = prior_weight * prior + times it was (ignored, clicked, bought) in the state

    with mean m = a / A, A = sum of a. With the default rewards r, the mean reward r . theta has under this belief

        mean = r . m,   variance = (r^2 . m - mean^2) / (A + 1)

    Each visit draws a mean reward of every product, all independent, and shows the greatest. sample="dirichlet" draws
    theta itself; "normal" draws from the normal distribution of that mean and variance, which costs a fifth. The two
    agree in the limit of many showings. Before, the belief of a rarely bought product is skewed to the right and the
    normal is not: it draws high values of such products less often, and low ones that no reward could have.

    Update: a[response] += 1, for each shown product; item rewards are not read. Cost per visit: O(P).
    """

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
        if not is_number(prior_weight) or not 0 < prior_weight < np.inf:
            raise ValueError(f"prior_weight counts showings and must be > 0, got {prior_weight!r}")
        if sample not in SAMPLES:
            raise ValueError(f"unknown sample {sample!r}; known: {', '.join(SAMPLES)}")
        self._sample = sample
        bought = np.minimum(1.0, history.incidence())
        clicked = np.minimum(bought, 1.0 - bought)
        prior = np.stack([1.0 - bought - clicked, clicked, bought], axis=-1)
        self._belief = np.ascontiguousarray(prior_weight * np.maximum(prior, 0.0))  # (S, P, 3)
        self._reward = Rewards().by_response.copy()
        mean, spread = self._moments(self._belief)
        self._mean, self._spread = np.ascontiguousarray(mean), np.ascontiguousarray(spread)  # (S, P)

    def _act(self, states: NDArray) -> NDArray[np.int64]:
        """(B, n) the products of greatest drawn mean reward."""
        slates = np.empty((len(states), self.slate_size), dtype=np.int64)
        for start in range(0, len(states), ROWS):
            some = slice(start, start + ROWS)
            slates[some] = top(self._draw(states[some]), self.slate_size)
        return slates

    def _draw(self, states: NDArray[np.int64]) -> NDArray[np.float64]:
        """(B, P) one draw of the mean reward of each product for each visit."""
        if self._sample == "normal":
            drawn = self.rng.standard_normal((len(states), self.products))
            drawn *= self._spread.take(states, axis=0)
            drawn += self._mean.take(states, axis=0)
            return drawn
        gamma = self.rng.standard_gamma(self._belief[states])
        ignore = self._reward[0]
        total = np.maximum(gamma.sum(axis=-1), np.finfo(float).tiny)  # tiny numbers of showings may draw zeros only
        return ignore + (gamma @ (self._reward - ignore)) / total

    def _update(self, states: NDArray, slates: NDArray, responses: NDArray, item_rewards: NDArray) -> None:
        """Counts the responses.

        Raises:
            ValueError: a response is none of 0, 1, 2; then nothing is learned.
        """
        responses = responses.astype(np.int64)
        if np.count_nonzero(responses.view(np.uint64) > 2):
            wrong = responses[(responses < 0) | (responses > 2)][0]
            raise ValueError(f"responses are 0 ignored, 1 clicked, 2 bought, got {wrong}")
        cells = slates + (states * self.products)[:, None]
        np.add.at(self._belief.reshape(-1), (3 * cells + responses).ravel(), 1.0)
        mean, spread = self._moments(self._belief.reshape(-1, 3).take(cells, axis=0))
        self._mean.reshape(-1)[cells] = mean
        self._spread.reshape(-1)[cells] = spread

    def _moments(self, belief: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Mean and standard deviation of the mean reward, given beliefs (..., 3)."""
        ignore, click, buy = self._reward
        above = click - ignore, buy - ignore  # what a click and a purchase are worth more
        total = belief.sum(axis=-1)
        clicked, bought = belief[..., 1] * above[0], belief[..., 2] * above[1]
        mean = (clicked + bought) / total
        variance = ((clicked * above[0] + bought * above[1]) / total - mean * mean) / (total + 1.0)
        return ignore + mean, np.sqrt(np.maximum(variance, 0.0))

    def _values(self, states: NDArray) -> NDArray[np.float64]:
        """(B, P) mean rewards under the belief, with the default rewards."""
        return self._mean[states]
