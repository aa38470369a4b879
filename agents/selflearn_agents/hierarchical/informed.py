"""A reference for our best agent: it knows how the states pool, and can be shown the responses to every product."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.hierarchical.agent import HierarchicalAgent
from selflearn_agents.hierarchical.conditioning import SURE
from selflearn_agents.hierarchical.model import Model
from selflearn_env.core.pooling import groups_of
from selflearn_env.shop.shop import Shop

FOLLOWED = 200  # products per block that are learned where all responses are seen: those that the history likes best
ROUNDS = 3  # of linearisation each time


class InformedAgent(HierarchicalAgent):
    """Knows the levels and weights from which the simulated customers were drawn, not the draw; nothing to refit."""

    privileged = True

    def __init__(self, shop: Shop, contrast: float, slate_size: int, rng: np.random.Generator):
        """Puts the levels of the simulated customers in the place of the history's.

        Args:
            shop: whose customers are simulated.
            contrast: of the environment, which divides the weights of the levels.
            slate_size: products per slate.
            rng: the generator of all that the agent draws.
        """
        super().__init__(shop.history, slate_size, rng, follow=False)
        path = [level for level in shop.customers.pooling.levels if len(level.tiers) > 1]
        groups = [groups_of(level.tiers, shop.states.shape)[0][self.model.members[0]] for level in path]
        prior = self.model.prior._replace(
            level_variance=np.array([contrast / level.weight for level in path]),
            same_group=np.array([group[:, None] == group for group in groups]),
        )
        self.model = Model(prior, self.slate_size, refits=False)

    def observe_all(self, visits: NDArray[np.int64], responses: NDArray[np.int64]) -> None:
        """Learns what all visits so far say if the response to every product was seen, shown or not.

        Each response is a normal observation of u as in `HierarchicalAgent`, here at the mean that all of them lead to:
        a few rounds of linearisation find it. What was learned before is forgotten.

        Args:
            visits: (S,) of each state.
            responses: (S, P, 2) clicks and purchases of each product.
        """
        model = self.model
        if not model.rows:
            for block, states in enumerate(model.members):
                model.follow(block, np.argsort(-model.prior_mean[states].max(axis=0), kind="stable")[:FOLLOWED])
        block, product = model.owner[: model.rows].T
        cells = model.members[block], product[:, None]
        clicked, bought = np.moveaxis(responses[cells], 2, 0)
        seen = visits[cells[0]]
        for _ in range(ROUNDS if seen.any() else 0):
            u = model.mean[: model.rows].astype(np.float64)
            buy = np.exp(u) * (bought.sum() / (seen * np.exp(u)).sum())
            click = np.exp(u / 2) * (clicked.sum() / ((seen - bought) * np.exp(u / 2)).sum())
            buy, click = np.minimum(buy, SURE), np.minimum(click, SURE)
            score = (bought - seen * buy) / (1 - buy) + 0.5 * (clicked - (seen - bought) * click) / (1 - click)
            information = seen * (buy / (1 - buy) + 0.25 * (1 - buy) * click / (1 - click))
            model.replace_observations(information, information * u + score)

    def greedy_slates(self) -> NDArray[np.int64]:
        """(S, n) the slates of greatest mean: where everything is seen, nothing need be explored."""
        return np.argsort(-self.model.means(np.arange(self.states)), axis=1, kind="stable")[:, : self.slate_size]
