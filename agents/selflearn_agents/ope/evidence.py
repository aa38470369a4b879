"""What a log and two policies say together, worked out once for all estimators, and only when one asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.agent import Agent
from selflearn_agents.logs.visit_log import VisitLog
from selflearn_agents.ope.behaviour import Behaviour, behaviour
from selflearn_agents.ope.reward_model import RewardModel

CELLS = 2**22  # numbers worked on at once
ROUNDED = 1e-4  # by which share of it a logged probability may be off, as one that was written with few digits is
CHECKED = 1000  # visits at which the logging policy must give the logged propensities


class OfTarget(NamedTuple):
    """What follows from the target's marginals, M[x, k, a] that slot k shows a in state x, at each visit.

    Attributes:
        shown: (V, n) M of what each slot showed.
        covered: (V,) mean over the slots of M, summed over the products of the slate.
        direct: (V,) the reward that the model expects of the target.
        predicted: (V, n) the reward that the model expects of what each slot showed.
    """

    shown: NDArray[np.float64]
    covered: NDArray[np.float64]
    direct: NDArray[np.float64]
    predicted: NDArray[np.float64]


class Evidence:
    """A log of V visits and slates of n out of P products, and a target policy.

    What cannot be known raises a NotImplementedError that says what is missing. The target's marginals are asked for
    once for each distinct state, in blocks, so that no more than `CELLS` of them are in memory.

    Attributes:
        item_reward: (V, n) in reward units.
        reward: (V,) of the slates.
        visits: V.
        slots: n.
        products: P.
    """

    def __init__(
        self,
        log: VisitLog,
        policy: Agent,
        logging_policy: Agent | None,
        reward_model: RewardModel,
        fold: NDArray[np.int64],
    ):
        """Checks that they fit.

        Args:
            log: the log.
            policy: the target.
            logging_policy: the agent that showed the slates, as it was, or None.
            reward_model: learns, for each fold, from the visits of the others.
            fold: (V,) number of the fold of each visit.

        Raises:
            ValueError: slates of other sizes, agents of other shops, products that may not always be shown, or an agent
                that did not log.
        """
        self._log, self._policy, self._logging = log, policy, logging_policy
        self._model, self._fold = reward_model, fold
        self.item_reward, self.reward = log.item_reward, log.reward
        self.visits, self.slots = log.slate.shape
        self.products = policy.products
        for name, agent in (("target", policy), ("logging_policy", logging_policy)):
            if agent is None:
                continue
            if agent.slate_size != self.slots:
                raise ValueError(f"{name} shows slates of {agent.slate_size}, but the log has slates of {self.slots}")
            if (agent.products, agent.states) != (policy.products, policy.states):
                raise ValueError(
                    f"{name} knows {agent.products:,} products and {agent.states:,} states, but the target "
                    f"{policy.products:,} and {policy.states:,}: they are of two shops"
                )
            if log.slate.max() >= agent.products or log.state.max() >= agent.states:
                raise ValueError(
                    f"{name} knows {agent.products:,} products and {agent.states:,} states, from 0, but the log has "
                    f"product {log.slate.max()} and state {log.state.max()}: it is of another shop"
                )
        if log.env_options.get("stock") is not None:
            raise ValueError("products ran out while this log was written, and a VisitLog does not say which: no stock")
        self._check_logging_policy()

    @cached_property
    def logged(self) -> NDArray[np.float64]:
        """(V, n) logged propensities, given the products above."""
        if self._log.propensity is not None:
            return self._log.propensity
        if self._logging is None:
            raise NotImplementedError("the log has no propensities, and no logging_policy is given that knows them")
        return self._propensity(self._logging, np.arange(self.visits))

    @cached_property
    def prefix_weight(self) -> NDArray[np.float64]:
        """(V, n) how much more probable the slate, down to each slot, is with the target."""
        weight: NDArray[np.float64] = self._propensity(self._policy, np.arange(self.visits)) / self.logged
        for slot in range(1, self.slots):  # many times faster than `cumprod` along short rows
            weight[:, slot] *= weight[:, slot - 1]
        return weight

    @cached_property
    def slot_weight(self) -> NDArray[np.float64]:
        """(V, n) how much more probable the product of each slot is there with the target, whatever else is shown."""
        return self.target.shown / self.logged_marginal

    @cached_property
    def logged_marginal(self) -> NDArray[np.float64]:
        """(V, n) probability that each slot showed this product, whatever the others show."""
        if self.is_uniform:
            return np.full((self.visits, self.slots), 1 / self.products)
        if self._log.marginal is not None:
            return self._log.marginal
        if self._logging is None:
            raise NotImplementedError(
                "the log has no marginals of its slots: give the logging_policy, if it knows its marginals, or a log "
                "with the column `marginal`"
            )
        shown = np.empty((self.visits, self.slots))
        for states, visits, at in self._state_blocks():
            shown[visits] = _at(self._logging.marginals(states), at, self._log.slate[visits])
        return shown

    @cached_property
    def is_uniform(self) -> bool:
        """Whether the logged propensities are those of n of P products in any order, all equally likely."""
        try:
            return _are_equal(self.logged, 1 / (self.products - np.arange(self.slots)))
        except NotImplementedError:
            return False

    @cached_property
    def is_factored(self) -> bool:
        """Whether the slots of the log, at least where it can be seen, were drawn independently of each other."""
        return _are_equal(self.logged, self.logged_marginal)

    @cached_property
    def target(self) -> OfTarget:
        """What follows from the target's marginals, and the model's word of them."""
        log, models = self._log, self._models()
        shown, predicted = np.empty((2, self.visits, self.slots))
        covered, direct = np.empty((2, self.visits))
        for states, visits, at in self._state_blocks():
            marginal, slate = self._policy.marginals(states), log.slate[visits]
            shown[visits] = _at(marginal, at, slate)
            covered[visits] = np.einsum("vk->v", marginal.mean(axis=1)[at[:, None], slate])
            for number, model in enumerate(models):
                own = np.flatnonzero(self._fold[visits] == number)
                expected = model.expected(states)
                direct[visits[own]] = np.einsum("bkp,bkp->b", marginal, expected)[at[own]]
                predicted[visits[own]] = _at(expected, at[own], slate[own])
        return OfTarget(shown, covered, direct, predicted)

    @cached_property
    def residual(self) -> NDArray[np.float64]:
        """(V, n) what each slot earned less what the model expects of what it showed."""
        return self.item_reward - self.target.predicted

    @cached_property
    def responses(self) -> Behaviour:
        """Whether they depend on the other products of the slate."""
        return behaviour(self._log)

    def _models(self) -> list[Any]:
        """The reward models, one per fold, each of the visits of the others."""
        log, models = self._log, []
        for number in range(int(self._fold.max()) + 1):
            others = np.flatnonzero(self._fold != number)
            learned = log.state[others], log.slate[others], log.item_reward[others]
            models.append(self._model.fit(*learned, self.products))
        return models

    def _state_blocks(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]]:
        """Blocks of distinct states (B,), the numbers of their visits (v,), and which of the states each has (v,)."""
        own = self._log.state
        order = np.argsort(own.astype(np.uint16) if 0 <= own.min() <= own.max() < 2**16 else own, kind="stable")
        ordered = own[order]
        first = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
        states, first = ordered[first], np.append(first, len(own))
        size = max(1, CELLS // (self.slots * self.products))
        for start in range(0, len(states), size):
            end = min(start + size, len(states))
            at = np.repeat(np.arange(end - start), np.diff(first[start : end + 1]))
            yield states[start:end], order[first[start] : first[end]], at

    def _propensity(self, agent: Agent, visits: NDArray[np.int64]) -> NDArray[np.float64]:
        """(v, n) an agent's propensities of what was shown at these visits, block by block."""
        size = max(1, CELLS // self.products)
        blocks = (visits[start : start + size] for start in range(0, len(visits), size))
        return np.concatenate([agent.propensity(self._log.state[each], self._log.slate[each]) for each in blocks])

    def _check_logging_policy(self) -> None:
        """Raises a ValueError where the logging policy would not have shown the slates with the logged propensities."""
        if self._logging is None or self._log.propensity is None:
            return
        visits = np.unique(np.linspace(0, self.visits - 1, CHECKED).astype(np.int64))
        given, logged = self._propensity(self._logging, visits), self._log.propensity[visits]
        different = np.argwhere(~np.isclose(given, logged, rtol=ROUNDED, atol=0))
        if different.size:
            row, slot = different[0].tolist()
            raise ValueError(
                f"logging_policy shows the product of visit {visits[row]}, slot {slot} with probability "
                f"{given[row, slot]:.4g}, but the log says {logged[row, slot]:.4g}: it is another policy, or it has "
                f"learned since; give it as it was, or None"
            )


def _at(table: NDArray[np.float64], at: NDArray[np.int64], slate: NDArray[np.int64]) -> NDArray[np.float64]:
    """(v, n) entries of a table (B, n, P) for rows (v,) and the products of slates (v, n)."""
    found = np.empty(slate.shape)
    for slot in range(slate.shape[1]):
        found[:, slot] = table[:, slot][at, slate[:, slot]]
    return found


def _are_equal(some: NDArray[np.float64], others: NDArray[np.float64]) -> bool:
    """Whether probabilities are equal but for rounding, also that of single precision."""
    return bool((np.abs(some - others) <= 1e-6 * others).all())
