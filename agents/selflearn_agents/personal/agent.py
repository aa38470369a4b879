"""Our best agent where customers are persons: what all of them say of a product, and what one's record says."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from selflearn_agents.agent import Agent
from selflearn_agents.eligible import EVERYTHING
from selflearn_agents.hierarchical.model import Model
from selflearn_agents.hierarchical.prior import history_prior
from selflearn_agents.optimism import check_optimism
from selflearn_agents.personal.baskets import Baskets
from selflearn_agents.personal.effects import HALF_LIVES, Effects, causes_of
from selflearn_agents.personal.household import Household
from selflearn_agents.personal.leaders import Leaders
from selflearn_agents.personal.loops import attend, decide
from selflearn_agents.personal.records import CAUTION
from selflearn_agents.personal.showings import Showings
from selflearn_env.core.seen import SeenVisits
from selflearn_env.declared import Declared, permutation, real
from selflearn_env.shop.history import History


class PersonalAgent(Agent):
    """Learns how popular each product is in each state, as `HierarchicalAgent` does, and knows whom it serves.

    Belief: with the appeal a = w exp(u) + o, a product is bought with x a e_k in slot k, and otherwise clicked with
    y sqrt(a) e_k. The log-appeal u of a product in a state is what `HierarchicalAgent` believes of it. w is how much
    more than a usual person this customer wants the product beside its record, and o what it buys again; `Household`
    infers both from its record, by the persons' model that was fitted to the history. Of a customer who is not known,
    w = 1 and o = 0.

    Of a customer who is known, `Showings` remembers what it ignored of late. How much less that makes of both
    probabilities is learned, as is what a purchase leaves of the interest in the product, and how far w and o are to
    be trusted: `Effects` has the formulas.

    Update: as in `HierarchicalAgent`, at the probabilities of this very customer; the slope of the log-likelihood in u
    is that in log-appeal times the share of w exp(u) in it, and the information times the square of this share. What
    customers buy besides the slates tells, too: when `Baskets` has counted enough of it, the prior mean of u moves by
    what it says of the month. Where a block is a month, the precision 1 / v of what it has in common grows by a quarter
    of the purchases counted, since those of a basket go together. Then the beliefs are worked out anew.

    Slate: the products of greatest attention * (w exp(u + optimism * sqrt(log(1 + n)) * standard deviation of u) + o),
    with x, y, e_k and n as in `HierarchicalAgent`: the best of this visit, whatever comes of it.

    Cost per visit: O(N K) to recognise a customer of N items of K topics, and about as much to decide: `Leaders` has
    most products left out. Memory: that of `HierarchicalAgent`, and per customer its last 4 slates, the last one twice.
    """

    sure = True
    knows_customers = True
    price, worth = 0.0, np.zeros(2)  # see `decide`: this agent looks at this visit only
    parts = {  # noqa: RUF012
        "model": Model,
        "household": Household,
        "baskets": Baskets,
        "showings": Showings,
        "effects": Effects,
        "leaders": Leaders,
    }

    declared: ClassVar[Declared] = {
        "_optimism": real(0.0),
        "_rank": permutation("products"),
    }

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
        self._optimism = check_optimism(optimism)
        self.model = Model(history_prior(history), self.slate_size)
        self._meet(Household.of_history(history))
        self.baskets = Baskets.of_history(history, self.household, self.slate_size)
        self.showings, self.effects = Showings(self.slate_size), Effects()
        self._rank = rng.permutation(self.products)

    def _meet(self, household: Household) -> None:
        """Takes persons, and is ready for lists by their taste."""
        self.household = household
        self.leaders = Leaders(len(self.model.members), household.factors, household.alpha)

    def _act(self, states: SeenVisits, eligible: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
        """(B, n) the slates of greatest score."""
        seen, model, people, leaders = states, self.model, self.household, self.leaders
        self.leaders.see_to(model, self._optimism, seen.state)
        known, recalled = people.recognise(seen), self.showings.recall(seen)
        allowed = EVERYTHING if eligible is None else eligible
        slates = np.empty((len(seen), self.slate_size), dtype=np.int64)
        decide(
            seen.state, slates, self._optimism, model.added_variance, model.visit_count, model.block, model.place,
            model.prior_mean, model.common_variance, model.row, model.mean, model.variance, self._rank, leaders.order,
            leaders.bound, leaders.ceiling, leaders.risen, leaders.count, leaders.new_person, *people.records(seen),
            *known, people.factors, people.season, people.keep, *recalled, self.effects.strength, HALF_LIVES,
            self.price, self.worth, model.factors[0], allowed,
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
        recalled = showings.recall(seen)
        tired = recalled.tiredness(slates)
        causes = causes_of(seen, slates, tired, recalled.bored)
        usual, factors = np.exp(model.means_of(seen.state, slates)), model.factors
        taste, again = self.effects.trust
        offset, own_appeal, attention = np.log1p(taste * (ratio - 1.0)), again * own, self.effects.attention(causes)
        model.observe(seen.state, slates, responses, offset, own_appeal, attention)
        self.leaders.note(model, seen.state, slates)
        self.effects.learn(slates, responses, usual, ratio, own, causes, factors)
        showings.remember(seen, slates, responses, tired)
        appeal = usual * np.exp(offset) + own_appeal
        self._look_ahead(seen, responses, item_rewards, appeal, attention, recalled.bored)

    def _look_ahead(
        self,
        seen: SeenVisits,
        responses: NDArray[np.int8],
        item_rewards: NDArray[np.float64],
        appeal: NDArray[np.float64],
        attention: NDArray[np.float64],
        bored: NDArray[np.float64],
    ) -> None:
        """What an agent does that thinks of later visits; this one does not.

        Args:
            seen: the visits, B.
            responses: (B, n) to what was shown.
            item_rewards: (B, n) of it.
            appeal: (B, n) that was foreseen, at full attention.
            attention: (B, n) that was foreseen.
            bored: (B,) how bored the customers were.
        """

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
        self.leaders.forget()

    def _values(self, states: SeenVisits) -> NDArray[np.float64]:
        """(B, P) probability that the product is bought when it is shown, by present belief."""
        model, people, strength = self.model, self.household, self.effects.strength
        values = people.foresee_all(states, people.recognise(states), model.means(states.state), self.effects.trust)
        record = states.record
        attend(
            values, record.start, record.product, record.day, states.date, *self.showings.recall(states), strength,
            HALF_LIVES,
        )  # fmt: skip
        return np.minimum(model.factors[0][0] * values, 1.0)
