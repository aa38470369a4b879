"""The policies of MABWiser (Strong, Kleynhans and Kadioglu 2021) as an agent, to compare with what is in use today."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.agent import Agent
from selflearn_env.core.ranking import top
from selflearn_env.core.rewards import Rewards
from selflearn_env.plugins import missing_extra
from selflearn_env.shop.history import History


class MABWiserAgent(Agent):
    """Shows the products of which a policy of MABWiser expects most; its arms are the products.

    Policies without contexts ("UCB1", "ThompsonSampling", ...) have one bandit per state, made at the first visit.
    Those with contexts ("LinUCB", "LinTS", "LinGreedy") have one bandit for all states; the context is one 0/1 column
    per label of each tier.

    Rewards are scaled so that ignored is 0 and bought is 1, by the default rewards, and clipped to 0..1: MABWiser gives
    an arm never tried the expectation 0. "ThompsonSampling" gets 1 for a reward above that of ignored, and otherwise 0.

    Start: MABWiser wants to be fitted first. The bandit of a state is fitted to the history as if each of its visits in
    the state had been shown all products ever bought there: 1 where bought, 0 where not. With contexts that would be
    millions of rows, and the bandit starts from nothing.

    Slate: the products of greatest `predict_expectations`, best first. Update: `partial_fit` with one decision per
    slot, once per state and batch. Cost per visit: a loop in Python over the catalogue to decide and two to learn.
    """

    unsaved = "an agent of MABWiser cannot be saved: its bandits can only be pickled, and a pickle may run any program"
    extra = "mabwiser"

    def __init__(
        self,
        history: History,
        slate_size: int,
        rng: np.random.Generator,
        *,
        policy: str = "UCB1",
        policy_options: Mapping[str, Any] | None = None,
    ):
        """Makes the policy.

        Args:
            history: what is known before.
            slate_size: products per slate.
            rng: seeds the bandits, and breaks ties by an order of the products drawn here.
            policy: name of a class in `mabwiser.mab.LearningPolicy`.
            policy_options: its arguments, such as {"alpha": 0.2}; None for MABWiser's own defaults.

        Raises:
            ImportError: MABWiser is not installed.
            ValueError: there is no such policy, or its arguments do not fit it.
        """
        super().__init__(history, slate_size, rng)
        try:
            library: Any = importlib.import_module("mabwiser.mab")
        except ImportError:
            raise missing_extra('the agent "mabwiser" needs MABWiser', "mabwiser") from None
        known = {name: kind for name, kind in vars(library.LearningPolicy).items() if isinstance(kind, type)}
        if policy not in list(known):
            raise ValueError(f"unknown policy {policy!r}; known: {', '.join(known)}")
        if policy_options is not None and not isinstance(policy_options, Mapping):
            raise ValueError(f"policy_options are names and values, got {policy_options!r}")
        options = dict(policy_options or {})
        if policy == "ThompsonSampling":
            options.setdefault("binarizer", _responded)
        self._history = history
        self._order = rng.permutation(self.products)
        try:
            self._policy = known[policy](**options)
            self._kind = library.MAB  # not the module, which cannot be copied
            bandit = self._bandit()
        except (TypeError, ValueError) as error:
            raise ValueError(f"policy_options do not fit {policy}: {error}; got {policy_options!r}") from None
        self._contexts = history.states.onehot() if bandit.is_contextual else None
        self._bandits: dict[int, Any] = {}
        if self._contexts is not None:
            bandit.fit([], [], self._contexts[:0])
            self._shared = bandit
        rewards = Rewards()
        self._least, self._range = rewards.ignore, rewards.buy - rewards.ignore

    def _bandit(self) -> Any:
        return self._kind(self._order.tolist(), self._policy, seed=int(self.rng.integers(2**31)))

    def _of_state(self, state: int) -> Any:
        """The bandit of a state, fitted to the history when it is asked for first."""
        if state not in self._bandits:
            visits, purchases = self._history.visits[state], self._history.purchases[state]
            products = np.flatnonzero(purchases)
            bought = np.arange(visits) < purchases[products, None]
            self._bandits[state] = self._bandit()
            self._bandits[state].fit(np.repeat(products, visits), bought.ravel().astype(np.float64))
        return self._bandits[state]

    def _act(self, states: NDArray, eligible: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
        """(B, n) the eligible products of greatest expectation."""
        slates = np.empty((len(states), self.slate_size), dtype=np.int64)
        for row, state in enumerate(states.tolist()):
            if self._contexts is None:
                expectations = self._of_state(state).predict_expectations()
            else:
                expectations = self._shared.predict_expectations(self._contexts[[state]])
            scores = np.fromiter(expectations.values(), np.float64, self.products)
            if eligible is not None:
                scores[~eligible[row, self._order]] = -np.inf
            slates[row] = top(scores[None], self.slate_size)[0]
        return self._order[slates]

    def _update(self, states: NDArray, slates: NDArray, responses: NDArray, item_rewards: NDArray) -> None:
        """Lets the bandits learn; the responses are not read."""
        rewards = np.clip((item_rewards - self._least) / self._range, 0.0, 1.0)
        if self._contexts is not None:
            contexts = self._contexts[np.repeat(states, slates.shape[1])]
            self._shared.partial_fit(slates.ravel(), rewards.ravel(), contexts)
            return
        for state in np.unique(states).tolist():
            some = states == state
            self._of_state(state).partial_fit(slates[some].ravel(), rewards[some].ravel())

    def _values(self, states: NDArray) -> NDArray[np.float64]:
        """Not known.

        Raises:
            NotImplementedError: MABWiser tells expectations with their exploration only.
        """
        raise NotImplementedError("MABWiser has one set of expectations, with the exploration in them")


def _responded(arm: int, reward: float) -> bool:  # noqa: ARG001  MABWiser gives it
    """What "ThompsonSampling" takes for a success."""
    return reward > 0
