"""The text for Vowpal Wabbit, read back line by line, and what Vowpal Wabbit learns from it."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import unquote

import gymnasium as gym
import numpy as np
import pytest
from selflearn_agents.logs import vowpal_wabbit_slates, write_vowpal_wabbit

from selflearn_env.core.states import StateSpace, Tier

SHARED = re.compile(r"shared((?: \|\S+ \S+)+)")
ACTION = re.compile(r"0:(\S+):(\S+) \|product (\d+)")


def read(path):
    """Tier labels, cost, propensity and product of each event."""
    events = path.read_text(encoding="utf-8").split("\n\n")
    assert events.pop() == ""
    for event in events:
        shared, action = event.split("\n")
        tiers = re.findall(r"\|(\S+) (\S+)", SHARED.fullmatch(shared)[1])
        cost, probability, product = ACTION.fullmatch(action).groups()
        yield {unquote(name): unquote(label) for name, label in tiers}, float(cost), float(probability), int(product)


def test_every_shown_product_is_an_event(recorded, tiny_shop, tmp_path):
    log, states = recorded("epsilon_greedy", rewards={"noise": 1.0}), tiny_shop.states
    write_vowpal_wabbit(log, tmp_path / "log.vw", states)
    events = list(read(tmp_path / "log.vw"))
    assert len(events) == log.slate.size == 100
    for number, (tiers, cost, probability, product) in enumerate(events):
        visit, slot = divmod(number, log.slate.shape[1])
        assert list(tiers) == [tier.name for tier in states.tiers]
        assert "_".join(tiers.values()) == states.label(log.state[visit])
        assert cost == -log.item_reward[visit, slot]
        assert probability == pytest.approx(log.propensity[visit, slot], rel=1e-8)
        assert product == log.slate[visit, slot]


def test_names_that_vowpal_wabbit_reserves_are_encoded(recorded, tmp_path):
    labels = ("big | spender:1", "größer", "50%", "\n")
    states = StateSpace((Tier("kind of: customer", labels), Tier("rest", tuple(map(str, range(168))))))
    log = recorded("random", customers=200)
    write_vowpal_wabbit(log, tmp_path / "log.vw", states)
    text = (tmp_path / "log.vw").read_text(encoding="utf-8")
    assert text.isascii()
    assert "|kind%20of%3A%20customer big%20%7C%20spender%3A1 |rest " in text
    found = [tiers["kind of: customer"] for tiers, *_ in read(tmp_path / "log.vw")]
    assert found == [labels[number] for number in np.repeat(states.table[log.state, 0], 2)]
    assert set(found) == set(labels)


def test_a_log_without_propensities_is_refused(recorded, tiny_shop, tmp_path):
    with pytest.raises(ValueError, match="no propensities, since 'thompson' does not know them; record"):
        write_vowpal_wabbit(recorded("thompson", customers=3), tmp_path / "log.vw", tiny_shop.states)


def test_a_state_that_does_not_exist_is_refused(recorded, tiny_shop, tmp_path):
    log = replace(recorded("random", customers=3), state=np.array([0, 1, 672]))
    with pytest.raises(ValueError, match="state 672 does not exist"):
        write_vowpal_wabbit(log, tmp_path / "log.vw", tiny_shop.states)
    assert not list(tmp_path.iterdir())


def test_writing_that_breaks_off_leaves_the_file_as_it_was(recorded, tiny_shop, tmp_path, monkeypatch):
    log, path = recorded("random", customers=3), tmp_path / "log.vw"
    write_vowpal_wabbit(log, path, tiny_shop.states)
    before = path.read_bytes()
    calls = iter(["|product 1", "|product 2"])
    monkeypatch.setattr("selflearn_agents.logs.vowpal_wabbit._action", lambda _: next(calls))
    with pytest.raises(StopIteration):
        write_vowpal_wabbit(log, path, tiny_shop.states)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.fixture
def workspace():
    return pytest.importorskip("vowpalwabbit").Workspace


@pytest.mark.parametrize("logged", ["random_log", "greedy_log"])
def test_slates_that_it_learns_are_near_the_best(logged, workspace, request, tiny_shop, tmp_path):
    write_vowpal_wabbit(request.getfixturevalue(logged), tmp_path / "log.vw", tiny_shop.states)
    with workspace(f"--cb_adf --no_predict -q pm -l 0.05 --quiet -d {tmp_path / 'log.vw'}") as model:
        slates = vowpal_wabbit_slates(model, tiny_shop.states, tiny_shop.products, 2)
    assert share_of_gap(slates, tiny_shop) > 0.7


def share_of_gap(slates, shop):
    """The share of the way from random slates to the best, in exact expected reward."""
    simulator = gym.make("selflearn/Retail-v0", shop=shop, slate_size=2).unwrapped.simulator
    every = np.arange(simulator.states.size)
    assert slates.shape == (len(every), 2)
    best, drawn = simulator.expected_reward(every, simulator.optimal_slate(every)), simulator.random_reward(every)
    earned = simulator.state_probability @ (simulator.expected_reward(every, slates) - drawn)
    return earned / (simulator.state_probability @ (best - drawn))


def test_slates_are_ordered_by_the_costs_that_it_predicts(workspace, recorded, tiny_shop, tmp_path):
    write_vowpal_wabbit(recorded("random", customers=500), tmp_path / "log.vw", tiny_shop.states)
    with workspace(f"--cb_adf --no_predict -q pm -l 0.05 --quiet -d {tmp_path / 'log.vw'}") as model:
        slates = vowpal_wabbit_slates(model, tiny_shop.states, tiny_shop.products, 3)
        for state in (0, 100, 671):
            tiers = zip(tiny_shop.states.tiers, tiny_shop.states.table[state], strict=True)
            shared = "shared " + " ".join(f"|{tier.name} {tier.labels[number]}" for tier, number in tiers)
            costs = [model.predict([shared, f"|product {product}"])[0] for product in range(8)]
            assert slates[state].tolist() == sorted(range(8), key=lambda product: costs[product])[:3]


def test_a_model_that_predicts_no_costs_is_refused(workspace, tiny_shop):
    with (
        workspace("--cb_explore_adf --quiet") as model,
        pytest.raises(ValueError, match="as --cb_adf does, but it predicts ACTION_PROBS"),
    ):
        vowpal_wabbit_slates(model, tiny_shop.states, tiny_shop.products, 3)
