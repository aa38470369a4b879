"""Climbs along estimates of what a policy earns: by propensity weights alone, or with a reward model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from selflearn_agents.offline.item_rewards import learn_rewards
from selflearn_agents.offline.policy import Objective, PolicyLearner
from selflearn_env.shop.history import History

if TYPE_CHECKING:
    from selflearn_agents.logs.visit_log import VisitLog


class IPSGradientLearner(PolicyLearner):
    """Maximises what inverse propensity scores of single slots say that the policy earns.

        objective = sum over visits and slots of  (r - b_k) p_k(a_k) / max(q, least_propensity)

    with r the reward of the slot, b_k the mean reward of slot k, and q the propensity. It is what the policy would earn
    above b if it chose for each slot, the others above being as logged: weights of single slots, not of whole slates,
    with less variance and a bias where customers, or the policy, care for what stands above.

    Sources: Strehl et al. (2010), "Learning from logged implicit exploration data"; Swaminathan and Joachims (2015),
    "Batch learning from logged bandit feedback through counterfactual risk minimization"; of slots, Li et al. (2018),
    "Offline evaluation of ranking policies with click models".
    """

    def __init__(
        self,
        history: History,
        slate_size: int,
        rng: np.random.Generator,
        *,
        sharpness: float = 6.0,
        step_size: float = 10.0,
        steps: int = 20,
        least_propensity: float = 0.1,
    ):
        """Starts from the history.

        Args:
            history: what is known before.
            slate_size: products per slate.
            rng: breaks ties.
            sharpness: of the first preferences, >= 0.
            step_size: of each step along the gradient, in preference per reward unit, >= 0.
            steps: how many, at least 1.
            least_propensity: as which smaller ones count, above 0.

        Raises:
            ValueError: a hyperparameter is out of its range.
        """
        given = {"sharpness": sharpness, "step_size": step_size, "least_propensity": least_propensity}
        super().__init__(history, slate_size, rng, steps=steps, **given)

    def _objective(self, log: VisitLog) -> Objective:
        scaled = (log.item_reward - log.item_reward.mean(axis=0)) / self._logged(log)
        start = np.log(self.known.incidence)
        return Objective(start, np.zeros_like(scaled), scaled, value=None, examined=np.zeros(self.slate_size))


class DRGradientLearner(PolicyLearner):
    """Maximises the doubly robust estimate of what the policy earns, from where the reward model points.

        objective = sum over visits and slots of
            sum over the products left of p_k(p) q_k(p) + (r - q_k(a_k)) p_k(a_k) / max(q, least_propensity)

    with q_k(p) the reward that `learn_rewards` expects of product p in slot k, of the same log, and the others as in
    `IPSGradientLearner`. The start is the appeal of that model, in the place of the history's incidence: from the
    history, the policy comes to show the few best products before it has an order of the others.

    Source: Dudik et al. (2014), "Doubly robust policy evaluation and optimization"; of slots, Kiyohara et al. (2022),
    "Doubly robust off-policy evaluation for ranking policies under the cascade behavior model".
    """

    def __init__(
        self,
        history: History,
        slate_size: int,
        rng: np.random.Generator,
        *,
        sharpness: float = 6.0,
        step_size: float = 1.0,
        steps: int = 20,
        least_propensity: float = 0.1,
    ):
        """Starts from the history.

        Args:
            history: what is known before.
            slate_size: products per slate.
            rng: breaks ties.
            sharpness: of the first preferences, >= 0.
            step_size: of each step along the gradient, in preference per reward unit, >= 0.
            steps: how many, at least 1.
            least_propensity: as which smaller ones count, above 0.

        Raises:
            ValueError: a hyperparameter is out of its range.
        """
        given = {"sharpness": sharpness, "step_size": step_size, "least_propensity": least_propensity}
        super().__init__(history, slate_size, rng, steps=steps, **given)

    def _objective(self, log: VisitLog) -> Objective:
        rewards = learn_rewards(log, self.known)
        value = np.float32(rewards.unit) * np.exp(rewards.appeal)
        predicted = rewards.least + rewards.examined * value[log.state[:, None], log.slate]
        scaled = (log.item_reward - predicted) / self._logged(log)
        return Objective(rewards.appeal, np.zeros_like(scaled), scaled, value, rewards.examined)
