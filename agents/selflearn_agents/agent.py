"""What every agent offers. Agents see visits as the shop does, and the shop's history, never an environment."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selflearn_agents.storage import write_agent
from selflearn_env.core.numbers import is_at_most
from selflearn_env.core.rewards import MOST
from selflearn_env.core.seen import SeenVisits
from selflearn_env.core.slates import check_eligible, check_products, check_slate_size
from selflearn_env.core.states import check_states
from selflearn_env.declared import Declared, whole
from selflearn_env.shop.history import History


class Agent(ABC):
    """Chooses slates and learns from the responses. A new agent writes `_act`, `_values` and, if it can, the others.

    All that an agent remembers are arrays, numbers and texts in its attributes, and the objects named in `parts`: that
    is what `save` writes. Visits are (B,) state indexes, or `SeenVisits`, all that the shop sees of them. Slates are
    (B, n) product indexes in slate order.

    Attributes:
        privileged: whether the agent knows what no real agent could; marked in every output.
        sees_visits: whether the agent is shown the visits themselves, with all that the customers remember and all that
            is hidden; only a privileged one is.
        knows_customers: whether `_act` and the others get `SeenVisits`; those of other agents get the states. Where an
            agent that knows customers is given states, nobody is known.
        parts: attributes that are objects of other classes, which hold such things themselves, and may have parts, too.
        declared: type, shape and range of the attributes that this class adds to those of its base classes, by name, so
            that a file that was changed is refused when it is read: see `selflearn_env.declared`. Shapes are given in
            "states", "products", "slate_size", and sizes with names of your own. Your own classes need not declare any.
        sure: whether `_act` draws nothing, so that `_propensity` and `_marginals` follow from the slates.
        unsaved: why the agent cannot be saved, or None where it can.
        extra: the extra of this package that the agent needs, as in `pip install "selflearn-env[extra]"`, or None.
    """

    privileged: ClassVar[bool] = False
    sees_visits: ClassVar[bool] = False
    knows_customers: ClassVar[bool] = False
    sure: ClassVar[bool] = False
    unsaved: ClassVar[str | None] = None
    extra: ClassVar[str | None] = None
    parts: ClassVar[dict[str, type]] = {}
    declared: ClassVar[Declared] = {"slate_size": whole(1), "products": whole(1), "states": whole(1)}

    def __init__(self, history: History, slate_size: int, rng: np.random.Generator):
        """Remembers the sizes.

        Raises:
            ValueError: the slate does not fit the catalogue.
        """
        self.slate_size = check_slate_size(slate_size, history.products)
        self.products, self.states = history.products, history.states.size
        self.rng = rng

    @classmethod
    def hyperparameters(cls) -> list[str]:
        """Names of what `make_agent` accepts for this agent."""
        parameters = inspect.signature(cls).parameters.values()
        return [parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY]

    def act(self, visits: ArrayLike | SeenVisits, eligible: ArrayLike | None = None) -> NDArray[np.int64]:
        """(B, n) slates for the visits, distinct products in each row.

        Args:
            visits: (B,) state indexes, or what the shop sees of the visits.
            eligible: (B, P) or (P,) bool, which products may be shown; None for all. No slate has another.

        Raises:
            NotImplementedError: the agent shows what it will, eligible or not; only agents of one's own do.
            TypeError: `_act` gives no slates: not an array of integers (B, n).
            ValueError: a state does not exist, or fewer products than a slate has may be shown.
        """
        given = self._given(visits)
        allowed = self._allowed(self._act, eligible, len(given))
        if not len(given):  # of which `_act`, going from visit to visit, could make no array of integers
            return np.zeros((0, self.slate_size), dtype=np.int64)
        slates = self._act(given, *allowed)
        if not (
            isinstance(slates, np.ndarray)
            and slates.shape == (len(given), self.slate_size)
            and slates.dtype.kind in "iu"
        ):
            raise TypeError(_wrong_slates(self, slates, len(given)))
        return slates.astype(np.int64, copy=False)

    def update(
        self, visits: ArrayLike | SeenVisits, slates: ArrayLike, responses: ArrayLike, item_rewards: ArrayLike
    ) -> None:
        """Learns from the responses (B, k) and item rewards (B, k) to slates; a static agent does nothing.

        Slates may be cut short: of those that `act` chose, only the first k slots were shown, 1 <= k <= n.

        Raises:
            ValueError: shapes do not fit, a state or product does not exist, or a reward is not finite or beyond 1e12
                in size; then nothing is learned.
        """
        given = self._given(visits)
        slates = self._checked(slates, len(given))
        responses, item_rewards = np.asarray(responses), np.asarray(item_rewards, dtype=np.float64)
        if not responses.shape == item_rewards.shape == slates.shape:
            raise ValueError(
                f"responses and item_rewards have the shape of the slates, {slates.shape}, "
                f"got {responses.shape} and {item_rewards.shape}"
            )
        if not is_at_most(item_rewards, MOST):
            raise ValueError(f"item_rewards must be finite numbers, at most {MOST:g} in size")
        if len(given):
            self._update(given, slates, np.ascontiguousarray(responses), np.ascontiguousarray(item_rewards))

    def values(self, visits: ArrayLike | SeenVisits) -> NDArray[np.float64]:
        """(B, P) present estimates, no exploration in them; the unit is the agent's, -inf is "no estimate".

        Raises:
            NotImplementedError: the agent has none; the message says why.
            ValueError: a state does not exist.
        """
        given = self._given(visits)
        return self._values(given) if len(given) else np.zeros((0, self.products))

    def propensity(
        self, visits: ArrayLike | SeenVisits, slates: ArrayLike, eligible: ArrayLike | None = None
    ) -> NDArray[np.float64]:
        """(B, k) exact probability that slot k shows this product, given the products of the slots above it.

        Args:
            visits: (B,) state indexes, or what the shop sees of the visits.
            slates: (B, k) product indexes in slate order; the first k slots, 1 <= k <= n.
            eligible: as for `act`; what may not be shown has probability 0.

        Raises:
            NotImplementedError: it is not known for this agent; the message says why.
            ValueError: a state or product does not exist, or shapes do not fit.
        """
        given = self._given(visits)
        slates = self._checked(slates, len(given))
        return self._propensity(given, slates, *self._allowed(self._propensity, eligible, len(given)))

    def marginals(self, visits: ArrayLike | SeenVisits, eligible: ArrayLike | None = None) -> NDArray[np.float64]:
        """(B, n, P) exact probability that slot k shows product a, whatever the slots above it show.

        Given what the agent has learned until now. Slots add up to 1, and nothing is drawn. B n P numbers are many: ask
        for the visits of a few hundred states at a time.

        Args:
            visits: (B,) state indexes, or what the shop sees of the visits.
            eligible: as for `act`; what may not be shown has probability 0.

        Raises:
            NotImplementedError: it is not known for this agent; the message says why.
            ValueError: a state does not exist, or fewer products than a slate has may be shown.
        """
        given = self._given(visits)
        return self._marginals(given, *self._allowed(self._marginals, eligible, len(given)))

    def _given(self, visits: ArrayLike | SeenVisits) -> Any:
        """What the agent sees of the visits: states, checked, or all that the shop sees."""
        if not isinstance(visits, SeenVisits):
            states = check_states(visits, self.states)
            return SeenVisits.of_states(states) if self.knows_customers else states
        check_states(visits.state, self.states)
        return visits if self.knows_customers else visits.state

    def _checked(self, slates: ArrayLike, batch: int) -> NDArray[np.int64]:
        """Slates (B, k), checked, whole or cut short, and contiguous: loops would be compiled anew for any others."""
        slates = np.asarray(slates)
        slots = slates.shape[1] if slates.ndim == 2 and 1 <= slates.shape[1] < self.slate_size else self.slate_size
        return np.ascontiguousarray(check_products(slates, batch, slots, self.products))

    def _allowed(
        self, method: Callable[..., Any], eligible: ArrayLike | None, batch: int
    ) -> tuple[()] | tuple[NDArray[np.bool_]]:
        """What a method is told of what may be shown: nothing where all may, else (B, P) bool, checked."""
        if eligible is None:
            return ()
        allowed = check_eligible(eligible, batch, self.products, self.slate_size)
        if not _takes_eligible(getattr(type(self), method.__name__)):
            raise NotImplementedError(
                f"{type(self).__name__} shows what it will, eligible or not; its {method.__name__} takes no `eligible`"
            )
        return (allowed,)

    @abstractmethod
    def _act(self, states: Any, eligible: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
        """What `act` returns, for checked states, or `SeenVisits` where the agent knows customers; so the others.

        Args:
            states: the visits, B.
            eligible: (B, P) what may be shown, at least n products in each row; None for all.
        """

    def _update(  # noqa: B027  a static agent has nothing to do
        self,
        states: Any,
        slates: NDArray[np.int64],
        responses: NDArray,
        item_rewards: NDArray[np.float64],
    ) -> None:
        """What `update` does, with checked arguments; nothing for a static agent."""

    @abstractmethod
    def _values(self, states: Any) -> NDArray[np.float64]:
        """What `values` returns, for checked states."""

    def _propensity(
        self, states: Any, slates: NDArray[np.int64], eligible: NDArray[np.bool_] | None = None
    ) -> NDArray[np.float64]:
        """What `propensity` returns, with checked arguments; for a sure agent 1 down to the first other product.

        Raises:
            NotImplementedError: the agent draws its slates, and does not define this.
        """
        if not self.sure:
            raise NotImplementedError(f"{type(self).__name__} does not know the probabilities of its slates")
        return self._certain(self._sure_slates(states, eligible), slates)

    def _marginals(self, states: Any, eligible: NDArray[np.bool_] | None = None) -> NDArray[np.float64]:
        """What `marginals` returns, with checked arguments; for a sure agent 1 for what it shows.

        Raises:
            NotImplementedError: the agent draws its slates, and does not define this.
        """
        if not self.sure:
            raise NotImplementedError(f"{type(self).__name__} does not know how often a slot shows a product")
        return self._one_hot(self._sure_slates(states, eligible))

    def _sure_slates(self, states: Any, eligible: NDArray[np.bool_] | None) -> NDArray[np.int64]:
        """(B, n) what an agent shows that is sure; `_act` of an agent of one's own may know nothing of `eligible`."""
        return self._act(states, *self._allowed(self._act, eligible, len(states)))

    @staticmethod
    def _certain(shown: NDArray[np.int64], slates: NDArray[np.int64]) -> NDArray[np.float64]:
        """(B, k) propensities of an agent that is sure to show these slates: 1 down to the first other product."""
        return np.logical_and.accumulate(shown[:, : slates.shape[1]] == slates, axis=1).astype(np.float64)

    def _one_hot(self, shown: NDArray[np.int64]) -> NDArray[np.float64]:
        """(B, n, P) 1 where the slot of these slates (B, n) shows the product."""
        marginals = np.zeros((*shown.shape, self.products))
        np.put_along_axis(marginals, shown[:, :, None], 1.0, axis=2)
        return marginals

    def save(self, path: str | Path) -> None:
        """Writes the agent to one file, whole or not at all.

        Raises:
            NotImplementedError: the agent cannot be saved; the message says why.
            OSError: the file cannot be written.
        """
        if self.unsaved is not None:
            raise NotImplementedError(self.unsaved)
        write_agent(self, Path(path))


def _wrong_slates(agent: Agent, slates: Any, batch: int) -> str:
    """The message about an `_act` that gives no slates."""
    found = f"{slates.dtype} of shape {slates.shape}" if isinstance(slates, np.ndarray) else type(slates).__name__
    return (
        f"{type(agent).__name__}._act gives slates as {found}; return an array of integers of shape "
        f"({batch}, {agent.slate_size}), one row per visit and one column per slot, such as np.array(slates)"
    )


@cache
def _takes_eligible(method: Callable[..., Any]) -> bool:
    """Whether a method, of an agent of one's own maybe, is told what may be shown."""
    return "eligible" in inspect.signature(method).parameters
