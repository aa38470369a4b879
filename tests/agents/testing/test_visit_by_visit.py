"""A student's agent that goes from visit to visit is honest, and what no file would give back of it is said."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest
from selflearn_agents import Agent, load_agent
from selflearn_agents.testing import check_agent


class VisitByVisit(Agent):
    """Counts in lists and dicts, and makes its slates and values row by row."""

    def __init__(self, history, slate_size, rng):
        super().__init__(history, slate_size, rng)
        self.bought, self.shown, self.last = [0.0] * self.products, {}, (np.int64(0), np.bool_(False))

    def _act(self, states, eligible=None):
        slates = []
        for visit in range(len(states)):
            score = np.array(self.bought) + self.rng.random(self.products)
            if eligible is not None:
                score[~eligible[visit]] = -np.inf
            slates.append(np.argsort(-score)[: self.slate_size])
        return np.array(slates)

    def _values(self, states):
        return np.array([self.bought for _ in states])

    def _update(self, states, slates, responses, item_rewards):
        self.last = (states[-1], responses.any())
        for state, slate, response in zip(states, slates, responses, strict=True):
            self.shown[f"{state}"] = self.shown.get(f"{state}", 0) + 1
            for product in dict.fromkeys(slate.tolist()):
                self.bought[product] += float(response[slate.tolist().index(product)] == 2)


def remembering(what):
    def remember(self, *given):
        VisitByVisit.__init__(self, *given)
        self.memory = what

    return type("Remembering", (VisitByVisit,), {"__init__": remember})


def test_an_agent_that_goes_from_visit_to_visit_passes():
    check_agent(VisitByVisit)


def test_a_file_of_it_needs_its_class(tiny_shop, tmp_path):
    path = tmp_path / "own.npz"
    VisitByVisit(tiny_shop.history, 2, np.random.default_rng(0)).save(path)
    with pytest.raises(ValueError, match=r"one of your own needs its class, load_agent\(path, own=\[VisitByVisit\]\)"):
        load_agent(path)
    assert load_agent(path, own=[VisitByVisit]).last == [0, False]


@pytest.mark.parametrize(
    ("memory", "named"),
    [
        ({3}, "something of the type set"),
        (deque([1]), "something of the type deque"),
        ([np.zeros(2)], "something of the type ndarray"),
        (np.array([None]), "something of the type ndarray"),
        ({"by": {5: 1}}, "a dict whose keys are not all texts"),
        (np.random.default_rng(1), "something of the type Generator"),
    ],
    ids=["set", "deque", "arrays in a list", "objects in an array", "whole numbers as keys", "a second generator"],
)
def test_what_no_file_gives_back_is_named(memory, named):
    with pytest.raises(AssertionError, match=f"cannot be saved: its attribute 'memory' is or holds {named}; keep"):
        check_agent(remembering(memory))
