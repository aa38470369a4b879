"""The standard contextual bandit at catalogue scale: LinUCB with one weight vector for all products."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.agent import Agent
from selflearn_agents.contextual.beginning import begin
from selflearn_agents.contextual.features import Features
from selflearn_agents.contextual.loops import FEATURES, decide, learn, write_values
from selflearn_agents.eligible import EVERYTHING
from selflearn_agents.optimism import check_optimism
from selflearn_env.core.rewards import Rewards
from selflearn_env.core.seen import SeenVisits
from selflearn_env.declared import POSITIVE, Declared, about, check_positive, numbers, permutation, real
from selflearn_env.shop.history import History


class LinearContextAgent(Agent):
    """Learns what features of product, customer and visit tell about a reward, with the same weights for all products.

    This is LinUCB (Li, Chu, Langford and Schapire 2010) with shared weights, as contextual linear bandits are usually
    stated (Chu, Li, Reyzin and Schapire 2011; Abbasi-Yadkori, Pal and Szepesvari 2011). `Features` lists the d = 12
    features x. `LinearUCBAgent` has weights for each product, on the tiers of the state.

    Rewards are scaled so that ignored is 0 and bought is 1, by the default rewards:

        y = x . theta + noise,   variance of the noise = m (1 - m),   m = x . theta as foreseen, in 0.001..0.9

    The noise is the most that rewards in 0..1 with mean m can have (Bhatia and Davis 2000); the regression weights by
    it (Kirschner and Krause 2018), since what is hardly ever bought says much by being bought.

    Update: ridge regression, product after product; with C = A^-1 by the formula of Sherman and Morrison,

        A += x x' / (m (1 - m));   b += x y / (m (1 - m));   theta = A^-1 b

    Slate: the candidates of greatest x . theta + optimism * sqrt(x . C x), best first. Candidates are what the customer
    has bought, the 10 products most similar to each of these, the 40 (or two slates) of greatest incidence in the
    state, and of each topic of the persons' model as much of its month's 40 as the topic's weight in the customer's
    taste. Nothing else is ever shown, unless too few of these are eligible: then all that are eligible are candidates.

    Beginning: the weights are first 1 for "usual", "taste" and "again", which is what the persons' model foresees, and
    0 for the others; they are then fitted to the visits of a third of the history's customers, each described by what
    the customer had bought before it and by what the other two thirds did, with y whether a candidate is in the basket.
    What one customer does is not independent: by the squares of what each customer adds to the gradient (Liang and
    Zeger 1986), the mean of the eigenvalues of A^-1 times these says how many observations count as one, and they are
    weighted down by it, as Lyddon, Holmes and Walker (2019) calibrate a posterior. The history has no clicks, and what
    is shown is bought more than without: so "either" begins with a wide belief of its own, and C gets
    0.25 theta theta', as if a common factor of all weights had the standard deviation 0.5.

    The model has one weight where `PersonalAgent` has a belief per product: what it learns of single products is
    in the feature "answers" only, which is not explored.

    Cost per visit: O(N (K + 10)) to recognise a customer of N items, and O(d^2) per candidate. Memory: a number of 4
    bytes per product and group of states, K + 60 per product; nothing per customer.
    """

    sure = True
    knows_customers = True
    parts = {"features": Features}  # noqa: RUF012

    declared: ClassVar[Declared] = {
        "_optimism": real(0.0),
        "_least": real(),
        "_range": real(POSITIVE),
        "repetition": real(0.0),
        "_rank": permutation("products"),
        "weights": numbers(len(FEATURES)),
        "covariance": numbers(len(FEATURES), len(FEATURES)),
    }

    def __init__(self, history: History, slate_size: int, rng: np.random.Generator, *, optimism: float = 1.0):
        """Starts from the history.

        Args:
            history: what is known before.
            slate_size: products per slate.
            rng: the generator of the order of ties, and of the customers to whom the weights are fitted.
            optimism: standard deviations that are added to the expected reward, >= 0; alpha in LinUCB.

        Raises:
            ValueError: the optimism is negative or no number.
        """
        super().__init__(history, slate_size, rng)
        self._optimism = check_optimism(optimism)
        rewards = Rewards()
        self._least, self._range = rewards.ignore, rewards.buy - rewards.ignore
        self._rank = rng.permutation(self.products)
        self.features = Features(history, self.slate_size)
        self.weights, self.covariance, self.repetition = begin(self.features, history, rng)

    def check_kept(self) -> None:
        """Sees that the covariance is that of a belief.

        Raises:
            ValueError: it is not.
        """
        with about("covariance"):
            check_positive(self.covariance)

    def _act(self, states: SeenVisits, eligible: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
        """(B, n) the slates of greatest score."""
        features, slates = self.features, np.empty((len(states), self.slate_size), dtype=np.int64)
        known, tables, allowed = features.know(states), features.tables(), EVERYTHING if eligible is None else eligible
        decide(self.weights, self.covariance, self._optimism, known, tables, self._rank, allowed, slates)
        return slates

    def _update(self, states: SeenVisits, slates: NDArray, responses: NDArray, item_rewards: NDArray) -> None:
        """Learns visit after visit, of a product shown twice from the first; the responses are not read.

        What the features say of all visits is as it was before the first of them.
        """
        rewards = (item_rewards - self._least) / self._range
        x = self.features.describe(states, slates)
        month = self.features.household.month_of_state[states.state]
        learn(slates, month, rewards, x, self.weights, self.covariance, self.features.answers)

    def _values(self, states: SeenVisits) -> NDArray[np.float64]:
        """(B, P) expected rewards by present belief, in reward units."""
        values = np.empty((len(states), self.products))
        write_values(self.weights, self.features.know(states), self.features.tables(), values)
        return self._least + self._range * values
