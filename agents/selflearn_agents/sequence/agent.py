"""A recurrent network over what the customer bought before."""

from __future__ import annotations

import importlib
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.agent import Agent
from selflearn_agents.regulars.again import incidence_by_group
from selflearn_agents.sequence.experience import Experience
from selflearn_agents.sequence.records import Records
from selflearn_agents.sequence.weights import Weights
from selflearn_env.core.numbers import is_number
from selflearn_env.core.ranking import top
from selflearn_env.core.seen import SeenVisits
from selflearn_env.declared import Declared, indexes, numbers, permutation, real
from selflearn_env.plugins import missing_extra
from selflearn_env.shop.history import History

WIDEST = 4_096  # numbers for a product
TOGETHER = 16  # visits, of which it learns at once
CELLS = 2**20  # visits x products worked on at once


class SequenceAgent(Agent):
    """Predicts the next basket with a small recurrent network; the deep learning baseline.

    Purchases per visit of product p, in state s, of a customer with a record of items i:

        incidence of p in s * exp(b_p + e_p . t + a)  +  sum over the items i of p of exp(c_i)

    with the history's pooled incidence (`History.incidence`). A gated recurrent unit (GRU4Rec: Hidasi et al. 2016)
    reads the last visits of the record, each as the sum of its products' embeddings e_p over the root of their number,
    as in DREAM (Yu et al. 2016), with the days between. t and a are linear in what it remembers. The second sum is the
    repeat of RepeatNet (Ren et al. 2019): c_i is a small network of what is remembered and of the item, how long ago
    it was bought, how many visits ago, and how usual it is at present. Of whom nothing is known, t and a are 0 and
    there are no items: before it learns from responses, the agent shows them what `popular` does.

    Training: every visit of the history from those before it, by the Poisson likelihood, until customers held out of
    the training are foreseen no better; b is 0. Update: a step of Adam for every 16 visits, by the likelihood of
    what was bought of the slates; the item rewards are not read. It does not explore.

    Slate: the products of greatest purchases per visit. Cost per visit: O(P D), with P products of D numbers each, to
    decide, and as much to learn. Memory: O(P (D + groups of states)).
    """

    sure = True
    knows_customers = True
    extra = "sb3"
    parts = {"weights": Weights, "experience": Experience}  # noqa: RUF012

    declared: ClassVar[Declared] = {
        "_step_size": real(0.0),
        "_incidence": numbers("groups", "products", least=0.0),
        "_group": indexes("groups", "states"),
        "_mean": numbers("products", least=0.0),
        "_order": permutation("products"),
    }

    def __init__(
        self,
        history: History,
        slate_size: int,
        rng: np.random.Generator,
        *,
        dim: int = 16,
        epochs: int = 5,
        step_size: float = 2e-3,
    ):
        """Trains the network on the history; a large history is looked at in part.

        Args:
            history: what is known before.
            slate_size: products per slate.
            rng: the generator of the first weights, of the training, and of the order of ties.
            dim: numbers that describe a product, at least 1.
            epochs: of the training, at most; 0 for none.
            step_size: of each weight in a step by responses, about; 0 to learn nothing from them.

        Raises:
            ImportError: torch is not installed.
            ValueError: a number is too small or too great.
        """
        super().__init__(history, slate_size, rng)
        for name, value, least, most in (("dim", dim, 1, WIDEST), ("epochs", epochs, 0, np.inf)):
            if not is_number(value) or value % 1 or value < least:
                raise ValueError(f"{name} is a whole number and at least {least}, got {value!r}")
            if value > most:
                raise ValueError(f"{name} is at most {most:,}, got {value!r}")
        if not is_number(step_size) or not 0 <= step_size < np.inf:
            raise ValueError(f"step_size must be >= 0, got {step_size!r}")
        self._step_size = float(step_size)
        training = _needing_torch("training")
        self._group, self._incidence = incidence_by_group(history)
        self._mean = self._incidence.mean(axis=0)
        self._order = rng.permutation(self.products)
        lessons = training.Lessons(history, self._group, self._incidence, self._mean)
        weights = Weights(self.products, int(dim), lessons.bought_again(), rng)
        self.weights = training.train(weights, lessons, int(epochs), rng)
        self.experience = Experience(self.weights, self.slate_size)

    def _act(self, visits: SeenVisits, eligible: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
        """(B, n) the eligible products that are bought most."""
        size, slates = max(1, CELLS // self.products), np.empty((len(visits), self.slate_size), dtype=np.int64)
        for at in range(0, len(visits), size):
            some = np.arange(at, min(at + size, len(visits)))
            values = self._values(visits.rows(some))
            if eligible is not None:
                values = np.where(eligible[some], values, -np.inf)
            slates[some] = self._order[top(values[:, self._order], self.slate_size)]
        return slates

    def _update(self, visits: SeenVisits, slates: NDArray, responses: NDArray, item_rewards: NDArray) -> None:
        """Learns, so many visits at a time, however many come together."""
        at = 0
        while self._step_size and at < len(visits):
            some = np.arange(at, min(at + TOGETHER - len(self.experience), len(visits)))
            self.experience.add(visits.rows(some), slates[some], responses[some])
            at += some.size
            if len(self.experience) == TOGETHER:
                seen, *shown = self.experience.take()
                learning = _needing_torch("learning")
                learning.learn(
                    self.weights, self.experience, self._incidence, self._read(seen), *shown, self._step_size
                )

    def _values(self, visits: SeenVisits) -> NDArray[np.float64]:
        """(B, P) purchases per visit."""
        return _needing_torch("network").predicted(self.weights, self._incidence, self._read(visits))

    def _read(self, visits: SeenVisits) -> Records:
        return Records.read(visits, self._group, self._incidence, self._mean)


def _needing_torch(module: str) -> Any:
    """A module of this package that imports torch, which is loaded when an agent needs it.

    Raises:
        ImportError: torch is not installed.
    """
    try:
        importlib.import_module("torch")
    except ImportError:
        raise missing_extra('the agent "sequence" needs torch', "sb3") from None
    return importlib.import_module(f"selflearn_agents.sequence.{module}")
