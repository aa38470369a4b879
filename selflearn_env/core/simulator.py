"""The simulator: visits come, slates are shown, rewards are earned. All arrays have the visit axis first."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy, deepcopy
from typing import Any, Generic

import numpy as np
from numpy.typing import ArrayLike, NDArray

from selflearn_env.core.arrivals import Arrivals
from selflearn_env.core.customers import CustomerModel
from selflearn_env.core.drift import Drift
from selflearn_env.core.memory import Memory
from selflearn_env.core.rewards import Rewards
from selflearn_env.core.run import Run
from selflearn_env.core.seen import SeenVisits
from selflearn_env.core.slates import check_slate_size, check_slates
from selflearn_env.core.states import StateSpace
from selflearn_env.core.stock import Stock, is_limited
from selflearn_env.core.tastes import AlikeTastes, TastesPart
from selflearn_env.core.visits import AnyVisits, Outcome, Visits


class Simulator(Generic[AnyVisits]):
    """A shop's visits and customers, put together of parts. It never changes; what changes are its visits and its run.

    Where visits are given instead of state indexes, `response_probability`, `expected_reward`, `random_reward` and
    `optimal_slate` are those of these very customers, with their tastes and all that they remember; with state indexes,
    of the state's usual customers, who remember nothing. `optimal_slate` is then the myopic oracle: the best of this
    visit, whatever comes of it.

    Attributes:
        states: the state space, S states.
        products: size of the catalogue, P.
        slate_size: products per slate, n.
        state_probability: (S,) how often each state visits.
        arrivals: who comes, and who comes again.
        memory: what the customers remember.
        tastes: what each of them wants, and buys besides the slates.
        customers: how they choose, as they are before any drift.
        rewards: what a response earns.
        drift: how the customers' interest wanders, or None.
        stock: how products run out and come back, or None.
        eligible: (P,) bool, which products may be shown at present; None for all. Of a run it is `now(run).eligible`.
    """

    eligible: NDArray[np.bool_] | None = None

    def __init__(
        self,
        *,
        states: StateSpace,
        products: int,
        slate_size: int,
        state_probability: NDArray[np.float64],
        arrivals: Arrivals[AnyVisits],
        memory: Memory[AnyVisits],
        customers: CustomerModel,
        rewards: Rewards,
        drift: Drift | None = None,
        tastes: TastesPart[AnyVisits] | None = None,
        stock: Stock | None = None,
    ):
        """Puts the parts together; arguments as the attributes, no tastes for customers who are alike in a state.

        Raises:
            ValueError: the slate does not fit the catalogue, unknown products drift, or so many come and go that no
                slate is left.
            NotImplementedError: the customer model can not drift, knows of no attention, or of no products that may not
                be shown, and another part asks for it.
        """
        self.states, self.products = states, products
        self.slate_size = check_slate_size(slate_size, products)
        self.arrivals, self.memory = arrivals, memory
        self.customers, self.rewards, self.drift, self.stock = customers, rewards, drift, stock
        self.tastes: TastesPart[AnyVisits] = AlikeTastes() if tastes is None else tastes
        # A model that cannot do what the other parts ask for says so now.
        if drift is not None:
            drift.check_products(products)
            drift.check_left(products, self.slate_size)
            customers.drifted(np.ones(products))
        if self.limited:
            customers.offered(np.arange(products))
        self.tastes.check(customers)
        if memory.lowers_interest:
            customers.attending(np.ones((1, self.slate_size), dtype=np.float32))
        self.state_probability = state_probability.view()
        self.state_probability.flags.writeable = False
        self._sum = np.ones(slate_size)

    def __deepcopy__(self, memo: dict[int, Any]) -> Simulator[AnyVisits]:
        return self  # it never changes, and its tables are large

    @property
    def lasting(self) -> bool:
        """Whether an episode is a customer's life, and not a visit."""
        return self.arrivals.lasting

    @property
    def changes(self) -> bool:
        """Whether the customers' interest, or what may be shown, changes with time."""
        return self.drift is not None or self.stock is not None

    @property
    def limited(self) -> bool:
        """Whether there may be products that may not be shown: out of stock, not there yet, or gone."""
        return is_limited(self.drift, self.stock)

    def begin(self, rng: np.random.Generator) -> Run:
        """A fresh run, whose random streams are spawned from the generator."""
        return Run(
            rng,
            positions=self.arrivals.positions,
            uniforms=self.customers.uniforms,
            slate_size=self.slate_size,
            products=self.products,
            drift=self.drift,
            stock=self.stock,
            in_turn=self.arrivals.in_turn,
        )

    def now(self, run: Run) -> Simulator[AnyVisits]:
        """The simulator as it is at present, after the slates shown so far; itself where nothing changes."""
        if not self.changes:
            return self
        present = copy(self)
        present.customers, present.eligible = self._present_customers(run), run.eligible
        return present

    def start(self, batch: int, run: Run) -> AnyVisits:
        """New visits, one per row."""
        return self.arrivals.start(batch, run)

    def restart(self, visits: AnyVisits, ended: NDArray[np.bool_], run: Run) -> AnyVisits:
        """The visits, with new ones in the rows whose episode has ended."""
        count = int(np.count_nonzero(ended))
        if count == len(ended):
            return self.start(count, run)
        if not count:
            return visits
        rows = np.flatnonzero(ended)
        return visits.replaced(rows, self.start(rows.size, run))

    def seen(self, visits: AnyVisits) -> SeenVisits:
        """What the shop sees of the visits, which is all that an agent may know of them."""
        return self.tastes.seen(visits, self.arrivals.first_date)

    def respond(self, visits: AnyVisits, slates: ArrayLike, run: Run) -> Outcome[AnyVisits]:
        """Shows slates (B, n) to the visits; all of them meet the customers as they are before the first is shown.

        A slot that shows what may not be shown counts as ignored, as one that repeats a product does.

        Raises:
            ValueError: wrong shape or a product outside the catalogue.
        """
        batch = len(visits.state)
        slates, repeated = check_slates(slates, batch, self.slate_size, self.products)
        look = self.memory.look(visits, slates)
        customers, eligible = self._present_customers(run), run.eligible
        ignored, unavailable = _ignored(slates, repeated, eligible)
        if look.attention is not None:
            customers = customers.attending(look.attention)
        customers, met = self.tastes.meet(customers, visits)
        response = customers.respond(met, slates, ignored, run.responses.take(batch))
        item_reward = self.rewards.earned(response, run.noise.take(batch) if self.rewards.noise else None)
        run.served += batch
        remembered = self.memory.remember(visits, look, slates, response)
        remembered = self.tastes.buy(remembered, slates, response, run, eligible)
        after, terminated, truncated = self.arrivals.follow(remembered, response, run)
        duplicates = np.zeros(batch, dtype=np.int64) if repeated is None else repeated.sum(axis=1)
        reward = item_reward.dot(self._sum)
        return Outcome(after, response, item_reward, reward, duplicates, terminated, truncated, unavailable)

    def branch(self, visits: AnyVisits, slates: Sequence[ArrayLike], run: Run) -> list[tuple[Outcome[AnyVisits], Run]]:
        """Shows each of several slates to the same visits, each in a world of its own with the same random numbers.

        What differs between the outcomes is what the slates made of it. Each world can go on by itself from its
        visits and its run; as long as all rows are shown slates, those whose episode is over included, the k-th
        visit of a row has the same random numbers in each.

        Args:
            visits: B visits; they stay as they are.
            slates: each (B, n) product indexes.
            run: the run so far; it stays as it is.

        Returns:
            For each of the slates the outcome, and the run that goes on from there.

        Raises:
            ValueError: wrong shape or a product outside the catalogue.
        """
        worlds = [deepcopy(run) for _ in slates]
        return [(self.respond(visits, shown, own), own) for shown, own in zip(slates, worlds, strict=True)]

    def response_probability(self, states: ArrayLike | AnyVisits, slates: ArrayLike) -> NDArray[np.float64]:
        """(B, n, 3) exact probability that each slot is ignored, clicked, bought; see `expected_reward`."""
        numbers, visits = self._given(states)
        slates, repeated = check_slates(slates, len(numbers), self.slate_size, self.products)
        attention = None if visits is None else self.memory.look(visits, slates).attention
        customers, met = self._met(numbers, visits, attention)
        return customers.response_probability(met, slates, _ignored(slates, repeated, self.eligible)[0])

    def expected_reward(self, states: ArrayLike | AnyVisits, slates: ArrayLike) -> NDArray[np.float64]:
        """Exact expected reward of each slate, in reward units per visit.

        Args:
            states: (B,) state indexes, or the visits themselves.
            slates: (B, n) product indexes in slate order; a repeated product, or one that may not be shown, counts as
                ignored.

        Returns:
            (B,) expected rewards.

        Raises:
            ValueError: a wrong shape, or an index outside the state space or the catalogue.
        """
        return (self.response_probability(states, slates) @ self.rewards.by_response).sum(axis=1)

    def optimal_slate(self, states: ArrayLike | AnyVisits, holding_back: float = 0.0) -> NDArray[np.int64]:
        """(B, n) the slate of distinct products of greatest expected reward, of those that may be shown.

        Args:
            states: (B,) state indexes, or the visits themselves; a slate for each.
            holding_back: share taken off the interest in products that the customer ignored within its last slates. At
                0 the slate is the best of this visit; above, such products are spared for later visits. Customers who
                remember nothing have ignored nothing.

        Raises:
            ValueError: an index outside the state space.
        """
        numbers, visits = self._given(states)
        attention = None if visits is None else self.memory.attention_to_all(visits, self.products, holding_back)
        customers, met = self._met(numbers, visits, attention)
        return customers.optimal_slate(met, self.rewards)

    def random_reward(self, states: ArrayLike | AnyVisits) -> NDArray[np.float64]:
        """(B,) expected reward of a slate of distinct products drawn uniformly from those that may be shown.

        Exact; with `logit`, where it is an integral, to about 1e-7.

        Raises:
            ValueError: an index outside the state space.
        """
        numbers, visits = self._given(states)
        attention = None if visits is None else self.memory.attention_to_all(visits, self.products)
        customers, met = self._met(numbers, visits, attention)
        probability = customers.random_response_probability(met)
        return (probability @ self.rewards.by_response).sum(axis=1)

    def _given(self, states: ArrayLike | AnyVisits) -> tuple[NDArray[np.int64], AnyVisits | None]:
        """(B,) the states, checked, and the visits where these were given."""
        if isinstance(states, Visits):
            return states.state, states
        return self.states.check(states), None

    def _present_customers(self, run: Run) -> CustomerModel:
        """The customers as they are at present, after the slates shown so far, to which the run then goes on."""
        if not self.changes:
            return self.customers
        if run.advance() or run.present is None:
            run.present = self.customers
            if run.drift is not None:
                run.present = run.present.drifted(run.drift.factor(run.served))
            if run.eligible is not None:
                run.present = run.present.offered(np.flatnonzero(run.eligible))
        return run.present

    def _met(
        self, numbers: NDArray[np.int64], visits: AnyVisits | None, attention: NDArray | None
    ) -> tuple[CustomerModel, NDArray[np.int64]]:
        """The customers, with what is left of their interest in each product, and what they go by in the model."""
        customers = self.customers if attention is None else self.customers.attending(attention)
        return (customers, numbers) if visits is None else self.tastes.meet(customers, visits)


def _ignored(
    slates: NDArray[np.int64], repeated: NDArray[np.bool_] | None, eligible: NDArray[np.bool_] | None
) -> tuple[NDArray[np.bool_] | None, NDArray[np.int64]]:
    """(B, n) which slots are sure to be ignored, None for none, and (B,) how many of them show what may not be shown.

    Args:
        slates: (B, n) product indexes.
        repeated: (B, n) which of them repeat a product above, None for none.
        eligible: (P,) which products may be shown; None for all.
    """
    if eligible is None:
        return repeated, np.zeros(len(slates), dtype=np.int64)
    absent = ~eligible.take(slates)
    return absent if repeated is None else absent | repeated, absent.sum(axis=1)
