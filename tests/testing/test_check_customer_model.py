"""Each fault that a stranger's customer model may have is found, and the message says what to change."""

from __future__ import annotations

import numpy as np
import pytest

from selflearn_env.core.customers import IndependentCustomers, PreferenceCustomers
from selflearn_env.testing import CUSTOMER_RULES, check_customer_model
from selflearn_env.testing.contract import said
from tests.own_customers import TopCustomers


class RespondsWithLists(TopCustomers):
    def respond(self, *given):
        return super().respond(*given).tolist()


class RespondsWithInt64(TopCustomers):
    def respond(self, *given):
        return super().respond(*given).astype(np.int64)


class RespondsWithThree(TopCustomers):
    def respond(self, *given):
        return super().respond(*given) + np.int8(1)


class CountsNoDraws(TopCustomers):
    @property
    def uniforms(self):
        return 1.0


class RespondsToRepeats(IndependentCustomers):
    def respond(self, states, slates, repeated, uniforms):
        return super().respond(states, slates, None, uniforms)


class MayRespondToRepeats(IndependentCustomers):
    def response_probability(self, states, slates, repeated):
        return super().response_probability(states, slates, None)


class HasTwoProbabilities(TopCustomers):
    def response_probability(self, states, slates, repeated):
        return super().response_probability(states, slates, repeated)[..., 1:]


class AddsUpToMore(TopCustomers):
    def response_probability(self, states, slates, repeated):
        return 1.01 * super().response_probability(states, slates, repeated)


class DrawsItself(TopCustomers):
    def respond(self, states, slates, repeated, uniforms):
        return super().respond(states, slates, repeated, np.random.random((len(states), 1)))  # noqa: NPY002


class HasAGenerator(TopCustomers):
    def respond(self, states, slates, repeated, uniforms):
        return super().respond(states, slates, repeated, np.random.default_rng().random((len(states), 1)))


class SortsTheSlates(TopCustomers):
    def respond(self, states, slates, repeated, uniforms):
        slates.sort(axis=1)
        return super().respond(states, slates, repeated, uniforms)


class LooksAtTheNeighbour(TopCustomers):
    def respond(self, states, slates, repeated, uniforms):
        return super().respond(states, slates, repeated, np.roll(uniforms, 1, axis=0))


class Tires(TopCustomers):
    """Buys less in each further batch."""

    def response_probability(self, states, slates, repeated):
        self.chance *= 0.5
        return super().response_probability(states, slates, repeated)


class GivesOutItsTable(TopCustomers):
    table = None

    def optimal_slate(self, states, rewards):
        if self.table is None:
            self.table = super().optimal_slate(np.zeros(1000), rewards)
        return self.table[: len(states)]


class BuysMoreOftenThanItSays(TopCustomers):
    def respond(self, states, slates, repeated, uniforms):
        return super().respond(states, slates, repeated, uniforms * 0.97)


class ForgetsTheAverage(IndependentCustomers):
    def _random_probability(self, appeal):
        return self._probability(appeal[:, : self.slate_size])


class SortsByPurchases(IndependentCustomers):
    def optimal_slate(self, states, rewards):
        return np.tile(np.arange(self.slate_size), (len(states), 1))


class RepeatsTheBest(TopCustomers):
    def optimal_slate(self, states, rewards):
        return np.zeros((len(states), self.slate_size), dtype=np.int64)


class DriftsForGood(IndependentCustomers):
    def drifted(self, factor):
        self._factor = np.full(factor.shape, 0.5, dtype=np.float32)
        return self


class OffersEverything(IndependentCustomers):
    def offered(self, products):
        return self


FAULTS = {
    RespondsWithLists: r"responds with list; return an int8 array of shape \(672, 3\)",
    RespondsWithInt64: r"responds with int64 of shape \(672, 3\); return an int8 array",
    RespondsWithThree: "responds with other numbers than 0 .*, 1 .* and 2",
    CountsNoDraws: "has uniforms = 1.0; make it a whole number",
    RespondsToRepeats: "responds to a slot that repeats a product",
    MayRespondToRepeats: "has a `response_probability` that is not 1, 0, 0 in a slot that repeats a product",
    HasTwoProbabilities: r"has a `response_probability` of float64 of shape \(672, 3, 2\); .* \(672, 3, 3\)",
    AddsUpToMore: "has a `response_probability` whose three numbers are not probabilities that add up to 1",
    DrawsItself: r"draws from numpy\.random, which the whole program shares; use the uniform draws",
    HasAGenerator: "gives another `respond` when it is asked again; draw nothing",
    SortsTheSlates: "writes to the slates that it is given; work on a copy",
    LooksAtTheNeighbour: "gives another `respond` for a visit when other visits stand beside it, .*; use only the row",
    Tires: "gives another `respond` .* were asked for before; use only the row of the visit, and draw nothing",
    GivesOutItsTable: "returns from `optimal_slate` an array that it goes on using, .*; return a copy",
    BuysMoreOftenThanItSays: r"ignores slot 0 .* in a share 0\.7\d+ of the visits, .* says 0\.7500",
    ForgetsTheAverage: "has a `random_response_probability` that is not the average over all slates",
    SortsByPurchases: r"has the best slate \[0, 1, 2\] in state 0 with .*, which earns .*, but \[.*\] earns",
    RepeatsTheBest: r"has a best slate \[\[0, 0, 0\]\], which are not 3 distinct products",
    DriftsForGood: "gives other answers when it is drifted by a factor of 1",
    OffersEverything: "has best slates with products that are not offered",
}


@pytest.mark.parametrize("kind", FAULTS, ids=lambda kind: kind.__name__)
def test_each_fault_is_found_and_said(kind):
    with pytest.raises(AssertionError, match=f"^{kind.__name__} {FAULTS[kind]}") as found:
        check_customer_model(kind)
    assert "\n" not in str(found.value)


def test_good_models_are_found_good():
    check_customer_model(TopCustomers, {"chance": 0.5})
    check_customer_model("position", {"examination": [1.0]}, slate_size=1)


def test_what_is_no_model_is_named():
    with pytest.raises(TypeError, match="customer is a name or a subclass of CustomerModel, got <class 'int'>"):
        check_customer_model(int)
    with pytest.raises(TypeError, match="customer is the abstract class PreferenceCustomers; a model must define"):
        check_customer_model(PreferenceCustomers)
    with pytest.raises(TypeError, match=r"unknown option 'chanse' of customer .*; did you mean 'chance'"):
        check_customer_model(TopCustomers, {"chanse": 0.5})
    with pytest.raises(ValueError, match=r"slate_size must be 1\.\.8"):
        check_customer_model(TopCustomers, slate_size=9)


def test_every_rule_says_in_words_what_it_demands():
    assert len({said(rule) for rule in CUSTOMER_RULES}) == len(CUSTOMER_RULES)
    assert all(said(rule).endswith(".") for rule in CUSTOMER_RULES)
