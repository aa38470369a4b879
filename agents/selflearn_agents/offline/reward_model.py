"""Greedy slates by a model of rewards, as it is or as a pessimist reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.offline.item_rewards import ItemRewards, learn_rewards
from selflearn_agents.offline.learner import Learner
from selflearn_env.core.numbers import is_number
from selflearn_env.declared import Declared, permutation, real
from selflearn_env.shop.history import History

if TYPE_CHECKING:
    from selflearn_agents.logs.visit_log import VisitLog


class RewardModelLearner(Learner):
    """The direct method: fits a model of what each product earns in each slot, and shows what earns most.

    The model is that of `learn_rewards`. Its best slate is the products of greatest appeal, the greater in the slots
    that are looked at more (rearrangement inequality). The score is the appeal, a logarithm.

    Source: Dudik et al. (2014), "Doubly robust policy evaluation and optimization", of the direct method.
    """

    declared: ClassVar[Declared] = {
        "_least": real(),
        "_unit": real(),
        "_order_of_slots": permutation("slate_size"),
    }

    def __init__(self, history: History, slate_size: int, rng: np.random.Generator):
        """Starts from the history."""
        self._order_of_slots = np.arange(slate_size)
        self._least, self._unit = 0.0, 1.0  # of rewards: of what is ignored, and of one gain in the best slot
        super().__init__(history, slate_size, rng)

    def _learned(self, log: VisitLog) -> NDArray[np.float32]:
        rewards = learn_rewards(log, self.known)
        self._order_of_slots, self._least = rewards.order, rewards.least
        self._unit = rewards.unit * float(rewards.examined.max())
        return self._judged(rewards)

    def _judged(self, rewards: ItemRewards) -> NDArray[np.float32]:
        """(S, P) scores of products with these rewards."""
        return rewards.appeal

    def _first(self, row: int, products: NDArray[np.int64]) -> NDArray[np.int64]:
        """(n,) the best products, each in the slot that is due to it."""
        slate = np.empty(self.slate_size, dtype=np.int64)
        slate[self._order_of_slots] = super()._first(row, products)
        return slate

    def _values(self, states: NDArray[np.int64]) -> NDArray[np.float64]:
        """(B, P) expected reward in the slot that is looked at most, in reward units; unlearned, of the history."""
        if not self.visits:
            return super()._values(states)
        return self._least + self._unit * np.exp(super()._values(states))


class PessimisticLearner(RewardModelLearner):
    """Shows what earns most by a lower confidence bound: what the log says little of must promise the more.

    score = appeal - pessimism * spread, with the appeal of `learn_rewards`, and a variance that is the sum over the
    levels of 1 / evidence: of a Gamma variable, about that of its logarithm.

    Sources: Jin, Yang and Wang (2021), "Is pessimism provably efficient for offline RL?"; of bandits, Rashidinejad et
    al. (2021), "Bridging offline reinforcement learning and imitation learning".
    """

    declared: ClassVar[Declared] = {
        "_pessimism": real(0.0),
    }

    def __init__(self, history: History, slate_size: int, rng: np.random.Generator, *, pessimism: float = 1.0):
        """Starts from the history.

        Args:
            history: what is known before.
            slate_size: products per slate.
            rng: breaks ties.
            pessimism: standard deviations of the appeal that are taken off, >= 0.

        Raises:
            ValueError: the pessimism is negative or no number.
        """
        if not is_number(pessimism) or not 0 <= pessimism < np.inf:
            raise ValueError(f"pessimism counts standard deviations and must be >= 0, got {pessimism!r}")
        self._pessimism = float(pessimism)
        super().__init__(history, slate_size, rng)

    def _judged(self, rewards: ItemRewards) -> NDArray[np.float32]:
        return rewards.appeal - np.float32(self._pessimism) * rewards.spread(self.known)
