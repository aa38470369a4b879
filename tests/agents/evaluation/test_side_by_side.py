"""Runs side by side: which comes when, what is refused before any begins, and a shop that is handed over in a file."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from selflearn_agents.evaluation import World, cells, compare
from selflearn_agents.evaluation.side_by_side import _longest_first

ENV = "selflearn/Retail-v0"
OPTIONS = {"slate_size": 3}


def cell(agent, world="one"):
    return SimpleNamespace(spec=SimpleNamespace(text=agent), world=SimpleNamespace(name=world))


def test_one_of_each_comes_first_and_then_those_of_the_slowest():
    cells_ = dict(
        enumerate([cell("a"), cell("a"), cell("a"), cell("b"), cell("b"), cell("a", "two"), cell("a", "two")])
    )
    took: dict[int, float] = {}
    order = _longest_first(cells_, took)
    assert [next(order) for _ in range(3)] == [0, 3, 5]
    took |= {0: 2.0, 3: 3.0}
    assert next(order) == 6  # its first run still goes on
    assert [next(order) for _ in range(2)] == [4, 1]  # "b" took longer than "a"
    assert list(order) == [2]


def test_every_run_comes_once_whatever_is_known():
    cells_ = {number: cell(agent) for number, agent in enumerate("abcabbc", start=5)}
    assert sorted(_longest_first(cells_, {})) == list(cells_)
    assert list(_longest_first({}, {})) == []


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_an_agent_that_cannot_be_made_is_refused_before_anybody_is_served(jobs, tiny_shop, tmp_path):
    names = ["random", "epsilon_greedy(epsilon=7)", "ucb(scale=-1)"]
    with pytest.raises(ValueError, match="epsilon"):
        compare(names, ENV, 50, 2, progress=False, jobs=jobs, keep=tmp_path, shop=tiny_shop, **OPTIONS)
    assert not list(tmp_path.iterdir())


def test_a_stored_shop_is_the_same_shop_and_read_once(tiny_shop, tmp_path, monkeypatch):
    monkeypatch.setattr(cells, "_shops", {})
    world = World("one", ENV, 50, {"shop": tiny_shop, **OPTIONS})
    stored = [world.stored(tmp_path), World("two", ENV, 50, {"shop": tiny_shop, **OPTIONS}).stored(tmp_path)]
    assert len(list(tmp_path.iterdir())) == 1
    monkeypatch.setattr(cells, "_shops", {})  # as in another process
    first = stored[0].shop
    next(tmp_path.iterdir()).unlink()
    assert stored[1].shop is first
    assert first is not tiny_shop
    assert first.digest == tiny_shop.digest
