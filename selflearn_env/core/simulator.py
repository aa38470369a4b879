"""The simulator: visits come, slates are judged, rewards are earned. All arrays have the visit axis first."""

from __future__ import annotations

from copy import copy
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selflearn_env.core.customers import CustomerModel
from selflearn_env.core.drift import Drift
from selflearn_env.core.rewards import Rewards
from selflearn_env.core.slates import check_slate_size, check_slates
from selflearn_env.core.states import StateSpace
from selflearn_env.core.streams import Streams


class Visits(NamedTuple):
    """The visits under way; replaced, never changed."""

    state: NDArray[np.int64]  # (B,)

    def rows(self, which: NDArray) -> Visits:
        """The visits of some rows."""
        return Visits(*(field[which] for field in self))

    def replaced(self, which: NDArray, others: Visits) -> Visits:
        """These visits, with others in some rows."""
        fields = []
        for field, other in zip(self, others, strict=True):
            field = field.copy()
            field[which] = other
            fields.append(field)
        return Visits(*fields)


class Outcome(NamedTuple):
    """What came of showing one slate to each visit."""

    visits: Visits
    response: NDArray[np.int8]  # (B, n)
    item_reward: NDArray[np.float64]  # (B, n)
    reward: NDArray[np.float64]  # (B,)
    duplicates: NDArray[np.int64]  # (B,) repeated products of the slate
    ended: NDArray[np.bool_]  # (B,) whether the episode is over


class Simulator:
    """A shop's visits and customers. It never changes; what changes are `Visits` and `Streams`, which are passed in.

    Attributes:
        states: the state space, S states.
        products: size of the catalogue, P.
        slate_size: products per slate, n.
        rewards: what a response earns.
        customers: the customer model, as the customers are before any drift.
        drift: how their interest wanders, or None.
        state_probability: (S,) how often each state visits.
    """

    def __init__(
        self,
        states: StateSpace,
        products: int,
        slate_size: int,
        customers: CustomerModel,
        rewards: Rewards,
        visit_weights: NDArray[np.int64],
        drift: Drift | None = None,
    ):
        """Builds the simulator of one customer model.

        Args:
            states: the state space.
            products: size of the catalogue, P.
            slate_size: products per slate, 1 <= n <= P.
            customers: the customer model.
            rewards: what a response earns.
            visit_weights: (S,) whole numbers; a state visits in proportion to its own.
            drift: how the customers' interest wanders, or None.

        Raises:
            ValueError: the slate does not fit the catalogue, no state ever visits, or unknown products drift.
            NotImplementedError: the customer model cannot drift.
        """
        if visit_weights.sum() == 0:
            raise ValueError("no state ever visits: all visit weights are 0")
        self.states, self.products = states, products
        self.slate_size = check_slate_size(slate_size, products)
        self.rewards, self.customers, self.drift = rewards, customers, drift
        if drift is not None:
            drift.check_products(products)
            customers.drifted(np.ones(products))  # a model that cannot drift says so now
        self.state_probability = visit_weights / visit_weights.sum()
        self.state_probability.flags.writeable = False
        self._sum = np.ones(slate_size)
        # One entry per weight unit: a uniform position is a visit drawn in proportion, by a single look-up.
        self._visitors = np.repeat(np.arange(states.size), visit_weights)

    def __deepcopy__(self, memo: dict[int, Any]) -> Simulator:
        return self  # it never changes, and its tables are large

    def streams(self, rng: np.random.Generator) -> Streams:
        """Fresh streams for one run, spawned from the generator."""
        return Streams(
            rng,
            positions=self._visitors.size,
            uniforms=self.customers.uniforms,
            slate_size=self.slate_size,
            products=self.products,
            drift=self.drift,
        )

    def now(self, streams: Streams) -> Simulator:
        """The simulator as it is at present, after the slates shown so far; itself where nothing drifts."""
        if streams.drift is None:
            return self
        factor = streams.drift.factor(streams.served)
        if streams.present is None or streams.present[0] is not factor:
            present = copy(self)
            present.customers = self.customers.drifted(factor)
            streams.present = factor, present
        return streams.present[1]

    def start(self, batch: int, streams: Streams) -> Visits:
        """New visits, one per row."""
        return Visits(self._visitors[streams.visits.take(batch)])

    def restart(self, visits: Visits, ended: NDArray[np.bool_], streams: Streams) -> Visits:
        """The visits, with new ones in the rows whose episode has ended."""
        if ended.all():
            return self.start(len(ended), streams)
        return visits.replaced(ended, self.start(int(ended.sum()), streams))

    def respond(self, visits: Visits, slates: ArrayLike, streams: Streams) -> Outcome:
        """Shows slates (B, n) to the visits; all of them meet the customers as they are before the first is shown.

        Raises:
            ValueError: wrong shape or a product outside the catalogue.
        """
        batch = len(visits.state)
        slates, repeated = check_slates(slates, batch, self.slate_size, self.products)
        customers = self.customers if self.drift is None else self.now(streams).customers
        response = customers.respond(visits.state, slates, repeated, streams.responses.take(batch))
        noise = streams.noise.take(batch) if self.rewards.noise else None
        item_reward = self.rewards.earned(response, noise)
        duplicates = np.zeros(batch, dtype=np.int64) if repeated is None else repeated.sum(axis=1)
        ended = np.empty(batch, dtype=bool)
        ended.fill(True)  # an episode is one visit
        streams.served += batch
        return Outcome(visits, response, item_reward, item_reward.dot(self._sum), duplicates, ended)

    def response_probability(self, states: ArrayLike, slates: ArrayLike) -> NDArray[np.float64]:
        """(B, n, 3) exact probability that each slot is ignored, clicked, bought; see `expected_reward`."""
        states = self.states.check(states)
        slates, repeated = check_slates(slates, len(states), self.slate_size, self.products)
        return self.customers.response_probability(states, slates, repeated)

    def expected_reward(self, states: ArrayLike, slates: ArrayLike) -> NDArray[np.float64]:
        """Exact expected reward of each slate, in reward units per visit.

        Args:
            states: (B,) state indexes.
            slates: (B, n) product indexes in slate order; a repeated product counts as ignored.

        Returns:
            (B,) expected rewards.

        Raises:
            ValueError: a wrong shape, or an index outside the state space or the catalogue.
        """
        return (self.response_probability(states, slates) @ self.rewards.by_response).sum(axis=1)

    def optimal_slate(self, states: ArrayLike) -> NDArray[np.int64]:
        """(B, n) the slate of distinct products of greatest expected reward, for each state (B,).

        Raises:
            ValueError: an index outside the state space.
        """
        return self.customers.optimal_slate(self.states.check(states), self.rewards)

    def random_reward(self, states: ArrayLike) -> NDArray[np.float64]:
        """(B,) expected reward of a slate of distinct products drawn uniformly from the catalogue.

        Exact; with `logit`, where it is an integral, to about 1e-7.

        Raises:
            ValueError: an index outside the state space.
        """
        probability = self.customers.random_response_probability(self.states.check(states))
        return (probability @ self.rewards.by_response).sum(axis=1)
