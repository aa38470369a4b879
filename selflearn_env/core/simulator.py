"""The simulator: visits come, slates are judged, rewards are earned. All arrays have the visit axis first."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy, deepcopy
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selflearn_env.core.customers import CustomerModel
from selflearn_env.core.drift import Drift
from selflearn_env.core.rewards import Rewards
from selflearn_env.core.slates import check_slate_size, check_slates, is_plain
from selflearn_env.core.states import StateSpace
from selflearn_env.core.streams import Streams
from selflearn_env.core.visits import OneOutcome, Outcome, Visits


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
        lasting: whether an episode may be longer than a visit.
    """

    lasting: ClassVar[bool] = False

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
            positions=self.positions,
            uniforms=self.customers.uniforms,
            slate_size=self.slate_size,
            products=self.products,
            drift=self.drift,
        )

    @property
    def positions(self) -> int:
        """How many positions a new visit is drawn from."""
        return self._visitors.size

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
        count = int(np.count_nonzero(ended))
        if count == len(ended):
            return self.start(count, streams)
        if not count:
            return visits
        rows = np.flatnonzero(ended)
        return visits.replaced(rows, self.start(rows.size, streams))

    def respond(self, visits: Visits, slates: ArrayLike, streams: Streams) -> Outcome:
        """Shows slates (B, n) to the visits; all of them meet the customers as they are before the first is shown.

        Raises:
            ValueError: wrong shape or a product outside the catalogue.
        """
        batch = len(visits.state)
        slates, repeated = check_slates(slates, batch, self.slate_size, self.products)
        look = self._look(visits, slates)
        response, item_reward, reward = self._judged(visits, slates, repeated, look, streams)
        duplicates = np.zeros(batch, dtype=np.int64) if repeated is None else repeated.sum(axis=1)
        after, terminated, truncated = self._go_on(visits, slates, look, response, streams)
        return Outcome(after, response, item_reward, reward, duplicates, terminated, truncated)

    def respond_once(self, visits: Visits, slate: ArrayLike, streams: Streams) -> OneOutcome:
        """What `respond` makes of a single visit and its slate (n,), by a shorter way where the episode is one visit.

        Raises:
            ValueError: wrong shape or a product outside the catalogue.
        """
        slate = np.asarray(slate)
        if self.lasting or not is_plain(slate, self.slate_size, self.products):
            return self.respond(visits, slate[None], streams).single()
        response, item_reward, reward = self._judged(visits, slate[None], None, None, streams)
        return OneOutcome(visits, response[0], item_reward[0], reward.item(), 0, True, False)

    def _judged(
        self, visits: Visits, slates: NDArray[np.int64], repeated: NDArray[np.bool_] | None, look: Any, streams: Streams
    ) -> tuple[NDArray[np.int8], NDArray[np.float64], NDArray[np.float64]]:
        """The responses (B, n), the item rewards (B, n) and the rewards (B,)."""
        batch = len(slates)
        customers = self.customers if self.drift is None else self.now(streams).customers
        uniforms = streams.responses.take(batch)
        # A model need not know of attention where there is none.
        attention = () if look is None or look.attention is None else (look.attention,)
        response = customers.respond(visits.state, slates, repeated, uniforms, *attention)
        item_reward = self.rewards.earned(response, streams.noise.take(batch) if self.rewards.noise else None)
        streams.served += batch
        return response, item_reward, item_reward.dot(self._sum)

    def _look(self, visits: Any, slates: NDArray[np.int64]) -> Any:
        """How the customers look at the slates, or None where all look alike."""
        return None

    def _go_on(
        self, visits: Any, slates: NDArray[np.int64], look: Any, response: NDArray[np.int8], streams: Streams
    ) -> tuple[Visits, NDArray[np.bool_], NDArray[np.bool_]]:
        """What follows the visits, and whether their episodes are terminated, or truncated: an episode is one visit."""
        batch = len(visits.state)
        terminated = np.empty(batch, dtype=bool)
        terminated.fill(True)
        return visits, terminated, np.zeros(batch, dtype=bool)

    def branch(self, visits: Visits, slates: Sequence[ArrayLike], streams: Streams) -> list[tuple[Outcome, Streams]]:
        """Shows each of several slates to the same visits, each in a world of its own with the same random numbers.

        What differs between the outcomes is what the slates made of it. Each world can go on by itself from its
        visits and its streams; as long as all rows are shown slates, those whose episode is over included, the k-th
        visit of a row has the same random numbers in each.

        Args:
            visits: B visits; they stay as they are.
            slates: each (B, n) product indexes.
            streams: the random streams; they stay as they are.

        Returns:
            For each of the slates the outcome, and the streams that go on from there.

        Raises:
            ValueError: wrong shape or a product outside the catalogue.
        """
        worlds = [deepcopy(streams) for _ in slates]
        return [(self.respond(visits, shown, own), own) for shown, own in zip(slates, worlds, strict=True)]

    def response_probability(self, states: ArrayLike | Visits, slates: ArrayLike) -> NDArray[np.float64]:
        """(B, n, 3) exact probability that each slot is ignored, clicked, bought; see `expected_reward`."""
        states = self._states(states)
        slates, repeated = check_slates(slates, len(states), self.slate_size, self.products)
        return self.customers.response_probability(states, slates, repeated)

    def _states(self, given: ArrayLike | Visits) -> NDArray[np.int64]:
        """(B,) the states of visits, or checked state indexes."""
        return given.state if isinstance(given, Visits) else self.states.check(given)

    def expected_reward(self, states: ArrayLike | Visits, slates: ArrayLike) -> NDArray[np.float64]:
        """Exact expected reward of each slate, in reward units per visit.

        Args:
            states: (B,) state indexes, or the visits themselves.
            slates: (B, n) product indexes in slate order; a repeated product counts as ignored.

        Returns:
            (B,) expected rewards.

        Raises:
            ValueError: a wrong shape, or an index outside the state space or the catalogue.
        """
        return (self.response_probability(states, slates) @ self.rewards.by_response).sum(axis=1)

    def optimal_slate(self, states: ArrayLike | Visits) -> NDArray[np.int64]:
        """(B, n) the slate of distinct products of greatest expected reward, for each state (B,) or visit.

        Raises:
            ValueError: an index outside the state space.
        """
        return self.customers.optimal_slate(self._states(states), self.rewards)

    def random_reward(self, states: ArrayLike | Visits) -> NDArray[np.float64]:
        """(B,) expected reward of a slate of distinct products drawn uniformly from the catalogue.

        Exact; with `logit`, where it is an integral, to about 1e-7.

        Raises:
            ValueError: an index outside the state space.
        """
        probability = self.customers.random_response_probability(self._states(states))
        return (probability @ self.rewards.by_response).sum(axis=1)
