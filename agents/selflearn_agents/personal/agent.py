"""Our best agent where customers are persons: what all of them say of a product, and what one's record says."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.agent import Agent
from selflearn_agents.hierarchical.model import Model
from selflearn_agents.hierarchical.prior import history_prior
from selflearn_agents.personal.baskets import Baskets
from selflearn_agents.personal.household import Household
from selflearn_agents.personal.loops import decide, weigh
from selflearn_agents.personal.records import CAUTION
from selflearn_agents.personal.showings import Showings
from selflearn_env.core.numbers import is_number
from selflearn_env.core.seen import SeenVisits
from selflearn_env.shop.history import History

AHEAD, SOON = 4.0, 1_000.0  # newcomers are bounded for so many times the visits, and for at least so many


class PersonalAgent(Agent):
    """Learns how popular each product is in each state, as `HierarchicalAgent` does, and knows whom it serves.

    Belief: with the appeal a = w exp(u) + o, a product is bought with x a e_k in slot k, and otherwise clicked with
    y sqrt(a) e_k. The log-appeal u of a product in a state is what `HierarchicalAgent` believes of it. w is how much
    more than a usual person this customer wants the product beside its record, and o what it buys again; `Household`
    infers both from its record, by the persons' model that was fitted to the history. Of a customer who is not known,
    w = 1 and o = 0.

    Of a customer who is known, both probabilities are less for a product that it has lately ignored: `Showings` learns
    by how much. How far w and o are to be trusted is learned, too.

    Update: as in `HierarchicalAgent`, at the probabilities of this very customer; the slope of the log-likelihood in u
    is that in log-appeal times the share of w exp(u) in it, and the information times the square of this share. What
    customers buy besides the slates tells, too: when `Baskets` has counted enough of it, the prior mean of u moves by
    what it says of the month. Where a block is a month, the precision 1 / v of what it has in common grows by a quarter
    of the purchases counted, since those of a basket go together. Then the beliefs are worked out anew.

    Slate: the products of greatest attention * (w exp(u + optimism * sqrt(log(1 + n)) * standard deviation of u) + o),
    with x, y, e_k and n as in `HierarchicalAgent`.

    Cost per visit: O(N K) to recognise a customer of N items, and O(R K) to decide, with R products once shown in the
    block and K topics. Memory: that of `HierarchicalAgent`, 5 slates per customer, and some numbers per month and
    product.
    """

    knows_customers = True
    parts = {"model": Model, "household": Household, "baskets": Baskets, "showings": Showings}  # noqa: RUF012

    def __init__(self, history: History, slate_size: int, rng: np.random.Generator, *, optimism: float = 0.65):
        """Starts from the history.

        Args:
            history: what is known before.
            slate_size: products per slate.
            rng: the generator of all that the agent draws.
            optimism: standard deviations of the log-appeal that are added to it per sqrt(log(1 + visits)), >= 0.

        Raises:
            ValueError: the optimism is negative or no number.
        """
        super().__init__(history, slate_size, rng)
        if not is_number(optimism) or not 0 <= optimism < np.inf:
            raise ValueError(f"optimism counts standard deviations and must be >= 0, got {optimism!r}")
        self._optimism = float(optimism)
        self.model = Model(history_prior(history), self.slate_size)
        self.household = Household.of_history(history)
        self.baskets = Baskets.of_history(history, self.slate_size)
        self.showings = Showings(self.slate_size)
        self._rank = rng.permutation(self.products)
        blocks = len(self.model.members)
        self._order = np.zeros((blocks, self.products), dtype=np.int32)
        self._bound = np.zeros((blocks, self.products), dtype=np.float32)
        self._reach = np.full(2, -1.0)  # visits of a state, and variance added by the levels, up to which they hold

    def _act(self, states: SeenVisits) -> NDArray[np.int64]:
        """(B, n) the slates of greatest score."""
        seen, model, people, showings = states, self.model, self.household, self.showings
        self._see_to_bounds()
        showings.make_room(seen)
        known = people.recognise(seen)
        slates = np.empty((len(seen), self.slate_size), dtype=np.int64)
        decide(
            seen.state, slates, self._optimism, model.added_variance, model.visit_count, model.block, model.place,
            model.prior_mean, model.common_variance, model.row, model.owner, model.first, model.following, model.mean,
            model.variance, self._rank, self._order, self._bound, *people.records(seen), *known, people.factors,
            people.season, people.keep, people.trust, seen.customer, showings.ignored, showings.date,
            showings.attention,
        )  # fmt: skip
        return slates

    def _update(self, states: SeenVisits, slates: NDArray, responses: NDArray, item_rewards: NDArray) -> None:
        """Learns; of a product shown twice only the first slot counts, and the item rewards are not read."""
        seen, model, people, showings = states, self.model, self.household, self.showings
        responses = responses.astype(np.int8, copy=False)
        read = people.read(seen)
        if self.baskets.remember(seen, slates, people, read):
            self._learn_of_products()
            read = people.read(seen)
        ratio, own = people.foresee(seen, read.known, slates)
        step, attention = showings.step(seen, slates), showings.attention
        usual = np.exp(model.means_of(seen.state, slates))
        offset, again = np.log1p(people.trust[0] * (ratio - 1.0)), people.trust[1] * own
        scale, look = model.factors
        model.observe(seen.state, slates, responses, offset, again, attention[step])
        weigh(
            slates, responses, usual, ratio, own, step, scale, look, people.trust, people.precision, attention,
            showings.tally,
        )  # fmt: skip
        showings.remember(seen, slates, responses)

    def _learn_of_products(self) -> None:
        """Tells the model how popular the products are by what was bought besides the slates."""
        model, month = self.model, self.household.month_of_state
        shift, bought = self.baskets.learn(self.household)
        for block, members in enumerate(model.members):
            months = month[members]
            model.prior_mean[members] += shift[months].astype(np.float32)
            if (months == months[0]).all():
                known = bought[months[0]] / CAUTION
                model.common_variance[block] /= 1.0 + model.common_variance[block] * known
        model.replace_observations(model.precision[: model.rows], model.precision_mean[: model.rows])
        self._reach[:] = -1.0

    def _values(self, states: SeenVisits) -> NDArray[np.float64]:
        """(B, P) probability that the product is bought when it is shown, by present belief."""
        seen, expected = self.model.tally[:, 0]
        means = self.model.means(states.state)
        appeal = self.household.foresee_all(states, self.household.recognise(states), means)
        return np.minimum(seen / expected * appeal, 1.0)

    def _propensity(self, states: SeenVisits, slates: NDArray) -> NDArray[np.float64]:
        """(B, n) 1 where the slate is shown down to and with this slot: the agent draws nothing."""
        return self._certain(self._act(states), slates)

    def _see_to_bounds(self) -> None:
        """Orders the newcomers of each block by bounds of their scores, for as long as these hold."""
        model, visits = self.model, 1.0 + self.model.visit_count.max()
        if visits <= self._reach[0] and model.added_variance <= self._reach[1]:
            return
        self._reach[:] = max(AHEAD * visits, SOON), AHEAD * model.added_variance
        bonus = self._optimism * np.sqrt(np.log1p(self._reach[0]))
        most = np.maximum(self.household.factors.max(axis=1), 1.0)
        for block, members in enumerate(model.members):
            means = model.prior_mean[members].max(axis=0)
            score = means + bonus * np.sqrt(model.common_variance[block] + self._reach[1])
            bound = most * np.exp(np.minimum(score, 0.0)) * (1 + 1e-6)
            self._order[block] = np.argsort(-bound, kind="stable")
            self._bound[block] = bound[self._order[block]]
