"""Imitates what was shown, the more the more it earned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from selflearn_agents.offline.item_rewards import reward_of_ignored
from selflearn_agents.offline.policy import Objective, PolicyLearner
from selflearn_env.shop.history import History

if TYPE_CHECKING:
    from selflearn_agents.logs.visit_log import VisitLog


class LogLikelihoodLearner(PolicyLearner):
    """Maximises a weighted log-likelihood of the logged slates.

        objective = sum over visits and slots of  g log p_k(a_k) / max(q, least_propensity)

    with g what the slot earned above being ignored, at least 0, q its propensity, and the weights scaled to a mean of
    1. It is concave in the preferences, unlike estimates of what a policy earns. Of many visits the best policy shows
    products in proportion to what they earn, so that the order of its preferences is that of the rewards.

    Source: Aouali and Sakhi (2025), "Off-policy learning in large action spaces: optimization matters more than
    estimation", arXiv:2509.03456, of weights that are any function of reward and propensity; of single actions, which
    here are slots.
    """

    def __init__(
        self,
        history: History,
        slate_size: int,
        rng: np.random.Generator,
        *,
        sharpness: float = 1.0,
        step_size: float = 3.0,
        steps: int = 20,
        least_propensity: float = 0.1,
    ):
        """Starts from the history.

        Args:
            history: what is known before.
            slate_size: products per slate.
            rng: breaks ties.
            sharpness: of the first preferences, >= 0.
            step_size: of each step along the gradient, in preference per unit of the mean weight, >= 0.
            steps: how many, at least 1.
            least_propensity: as which smaller ones count, above 0.

        Raises:
            ValueError: a hyperparameter is out of its range.
        """
        given = {"sharpness": sharpness, "step_size": step_size, "least_propensity": least_propensity}
        super().__init__(history, slate_size, rng, steps=steps, **given)

    def _objective(self, log: VisitLog) -> Objective:
        gain = np.maximum(log.item_reward - reward_of_ignored(log), 0.0) / self._logged(log)
        mean = float(gain.mean())
        fixed = gain / mean if mean > 0 else gain
        start = np.log(self.known.incidence)
        return Objective(start, fixed, np.zeros_like(gain), value=None, examined=np.zeros(self.slate_size))
