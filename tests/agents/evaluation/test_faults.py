"""An agent of one's own that breaks a rule is told so while it serves; its figures are those of what it showed."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from selflearn_agents import Agent, AgentSpec, make_agent
from selflearn_agents.evaluation import compare, evaluate

RETAIL, N = "selflearn/Retail-v0", 2


class Stubborn(Agent):
    """Shows the first products, and says that it is sure of it."""

    sure = True

    def _act(self, states):
        return np.tile(np.arange(self.slate_size), (len(states), 1))

    def _values(self, states):
        return np.zeros((len(states), self.products))


def compared(kind, shop):
    return compare([AgentSpec("mine", kind, {})], RETAIL, 40, 2, 5, progress=False, shop=shop, slate_size=N)


def test_an_agent_that_repeats_products_is_told_once(tiny_shop):
    class Repeating(Stubborn):
        def _act(self, states):
            return np.zeros((len(states), self.slate_size), dtype=np.int64)

    message = r"^Repeating shows a product twice in one slate; customers always ignore a repeat, .*; see .*check_agent$"
    with pytest.warns(UserWarning, match=message) as told:
        compared(Repeating, tiny_shop)
    assert len(told) == 1


def test_an_agent_that_writes_to_the_states_is_told_once_and_learns_of_them_as_they_were(tiny_shop):
    class Writing(Stubborn):
        def _act(self, states):
            states[:] = 0
            return super()._act(states)

        def _update(self, states, slates, responses, item_rewards):
            met.append(states.copy())

    met = []
    with pytest.warns(UserWarning, match="^Writing changes the states that `act` is given") as told:
        compared(Writing, tiny_shop)
    assert len(told) == 1
    assert np.concatenate(met).any()


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        (lambda slates: slates.tolist(), "list"),
        (lambda slates: slates[:, :1], r"int64 of shape \(5, 1\)"),
        (lambda slates: slates > 0, r"bool of shape \(5, 2\)"),
        (lambda slates: dict(enumerate(slates)), "dict"),
    ],
)
def test_what_are_no_slates_is_refused_in_words(wrong, found, tiny_shop):
    class Wrong(Stubborn):
        def _act(self, states):
            return wrong(super()._act(states))

    with pytest.raises(TypeError, match=rf"^Wrong\._act gives slates as {found}; return an array of integers of shape"):
        compared(Wrong, tiny_shop)


def test_integers_of_another_size_are_taken(tiny_shop):
    class Short(Stubborn):
        def _act(self, states):
            return super()._act(states).astype(np.uint16)

    assert Short(tiny_shop.history, N, np.random.default_rng(0)).act([3]).dtype == np.int64
    one, other = (compared(kind, tiny_shop).runs[0].reward for kind in (Short, Stubborn))
    np.testing.assert_array_equal(one, other)


def test_agents_of_this_package_are_not_looked_at(tiny_shop, monkeypatch):
    monkeypatch.setattr("selflearn_agents.evaluation.serving.warn_of_faults", None)
    agent = make_agent("random", history=tiny_shop.history, slate_size=N)
    assert evaluate(agent, RETAIL, 20, progress=False, shop=tiny_shop).visit_count == 20


def test_a_good_agent_is_told_nothing(tiny_shop):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compared(Stubborn, tiny_shop)
