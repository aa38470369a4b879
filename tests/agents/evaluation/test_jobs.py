"""Runs side by side: which comes when, what is refused before any begins, and a shop that is handed over in a file."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from selflearn_agents.evaluation import World, compare
from selflearn_agents.evaluation.jobs import _order

ENV = "selflearn/Retail-v0"
OPTIONS = {"slate_size": 3}


def run(agent, visits, seconds):
    """A run in which a visit takes so many seconds, or which cannot be made."""

    def seconds_of_a_visit():
        if isinstance(seconds, Exception):
            raise seconds
        return seconds

    agent, world = SimpleNamespace(text=agent), SimpleNamespace(visits=visits)
    return SimpleNamespace(
        agent=agent, world=world, seconds_of_a_visit=seconds_of_a_visit, make_agent=seconds_of_a_visit
    )


def order(runs, jobs):
    return _order(runs, SimpleNamespace(jobs=jobs, backend="threading", progress=False))[0]


def test_the_longest_run_comes_first():
    runs = {5: run("a", 10, 1.0), 6: run("b", 10, 3.0), 7: run("a", 50, None), 8: run("b", 50, None)}
    assert order(runs, 2) == [8, 7, 6, 5]
    assert order(runs, 1) == [5, 6, 7, 8]
    assert order({}, 2) == []


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_first_agent_that_cannot_be_made_is_the_one_named(jobs):
    runs = {0: run("a", 1, 1.0), 1: run("b", 1, ValueError("b")), 2: run("c", 1, ValueError("c"))}
    with pytest.raises(ValueError, match="b"):
        order(runs, jobs)


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_an_agent_that_cannot_be_made_is_refused_before_anybody_is_served(jobs, tiny_shop, tmp_path):
    names = ["random", "epsilon_greedy(epsilon=7)", "ucb(scale=-1)"]
    with pytest.raises(ValueError, match="epsilon"):
        compare(names, ENV, 50, 2, progress=False, jobs=jobs, keep=tmp_path, shop=tiny_shop, **OPTIONS)
    assert not list(tmp_path.iterdir())


def test_a_stored_shop_is_the_same_shop_and_read_once(tiny_shop, tmp_path, monkeypatch):
    world = World("one", ENV, 50, {"shop": tiny_shop, **OPTIONS})
    stored = [world.stored(tmp_path), World("two", ENV, 50, {"shop": tiny_shop, **OPTIONS}).stored(tmp_path)]
    assert len(list(tmp_path.iterdir())) == 1
    first = stored[0].shop
    next(tmp_path.iterdir()).unlink()
    assert stored[1].shop is first
    assert first is not tiny_shop
    assert first.digest == tiny_shop.digest
