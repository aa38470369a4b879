"""Agents named in text: what is read, what is refused, and what comes of it."""

from __future__ import annotations

import re
import sys

import gymnasium as gym
import numpy as np
import pytest
from selflearn_agents import AGENTS, make_agent
from selflearn_agents.registry import find_agent
from selflearn_agents.specification import AgentSpec

N = 3
MINE = """
from selflearn_agents import Agent
from selflearn_agents.baselines.popular import PopularAgent

class Mine(PopularAgent):
    def __init__(self, history, slate_size, rng, *, shift=0, words=None):
        super().__init__(history, slate_size, rng)
        self.slates = (self.slates + shift) % self.products

class Half(Agent):
    def _act(self, states):
        return None

class Peeks(PopularAgent):
    privileged = True
    def __init__(self, history, slate_size, rng, *, simulator, shift=0):
        super().__init__(history, slate_size, rng)
        self.slates = simulator.optimal_slate(range(self.states))

NOTHING = 3
"""


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A module of the user's own."""
    (tmp_path / "own_agents.py").write_text(MINE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "own_agents", raising=False)
    yield "own_agents"
    sys.modules.pop("own_agents", None)


@pytest.fixture
def simulator(tiny_shop):
    return gym.make("selflearn/Retail-v0", shop=tiny_shop, slate_size=N).unwrapped.simulator


@pytest.mark.parametrize("name", AGENTS)
def test_every_known_name_is_its_class(name):
    spec = AgentSpec.parse(name)
    assert (spec.text, str(spec), spec.agent_class, spec.hyperparameters) == (name, name, AGENTS[name], {})


@pytest.mark.parametrize(
    ("text", "name", "hyperparameters"),
    [
        ("random()", "random", {}),
        ("epsilon_greedy(epsilon=0.3)", "epsilon_greedy", {"epsilon": 0.3}),
        (" epsilon_greedy( epsilon = 0.3 , prior='rate' ) ", "epsilon_greedy", {"epsilon": 0.3, "prior": "rate"}),
        (
            "epsilon_greedy(epsilon_end=None, prior_weight=-1)",
            "epsilon_greedy",
            {"epsilon_end": None, "prior_weight": -1},
        ),
        ("epsilon_greedy(prior='a(b)=c, d')", "epsilon_greedy", {"prior": "a(b)=c, d"}),
        ("ucb(kind='ucb1', scale=2e-1,)", "ucb", {"kind": "ucb1", "scale": 0.2}),
    ],
)
def test_hyperparameters_are_literals_in_brackets(text, name, hyperparameters):
    spec = AgentSpec.parse(text)
    assert (spec.text, spec.agent_class, spec.hyperparameters) == (text.strip(), AGENTS[name], hyperparameters)


@pytest.mark.parametrize(
    "text",
    [
        *("ucb(", "ucb(scale=0.2", "ucb(scale=0.2))", "ucb(0.2)", "ucb(scale)", "ucb(scale=)", "ucb(scale=0.2) + 1"),
        *("ucb(kind=ucb1)", "ucb(scale=1/0)", "ucb(scale=__import__('os'))", "ucb(*[1])", "ucb(**{'scale': 1})"),
        *("ucb(scale=0.1, scale=0.2)", "ucb(scale=0.1)(scale=0.2)", "ucb(scale=0.1)[0]", "ucb(scale={[]: 1})"),
    ],
)
def test_what_cannot_be_read_is_refused(text):
    message = f"agent {text!r} cannot be read; write NAME(option=value, ...), text in quotes"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        AgentSpec.parse(text)


@pytest.mark.parametrize(
    "value",
    [
        "1+" * 3000 + "1",
        "(" * 5000 + ")" * 5000,
        "[" * 300 + "]" * 300,
        "-" * 10**5 + "1",
        "9" * 6000,
        "\0",
        "a." * 9999,
    ],
    ids=lambda value: value[:4],
)
def test_what_nests_deeply_or_has_no_end_is_refused_in_one_short_line(value):
    with pytest.raises(ValueError, match=r"^agent 'ucb\(scale=.*' cannot be read; write NAME\(option=value") as error:
        AgentSpec.parse(f"ucb(scale={value})")
    assert len(str(error.value)) < 400


@pytest.mark.parametrize(
    ("name", "given"),
    [
        *(("ucb", {name: 10**400}) for name in ("scale", "prior_weight")),
        *(("gradient", {name: -(10**400)}) for name in ("sharpness", "step_size")),
        *(("again", {"half_life": 10**400}), ("sequence", {"dim": 2**31}), ("popular", {"seed": -1})),
    ],
    ids=str,
)
def test_huge_numbers_are_refused_in_one_line(name, given, tiny_shop):
    with pytest.raises(ValueError, match=f"{next(iter(given))} .*got "):
        make_agent(name, history=tiny_shop.history, slate_size=2, **given)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        (
            "nobody",
            ValueError,
            "unknown agent 'nobody'; known: random, bestsellers, popular, .*, module:Class, sb3:FILE, FILE.npz$",
        ),
        ("epsilon_gredy(epsilon=1)", ValueError, "unknown agent 'epsilon_gredy'; did you mean 'epsilon_greedy'"),
        ("", ValueError, "unknown agent ''; known: random"),
        ("epsilon_greedy(epsilom=1)", TypeError, "'epsilon_greedy' has no hyperparameter 'epsilom'; it has: epsilon,"),
        ("random(seed=1)", TypeError, "'random' has no hyperparameter 'seed'; it has: none"),
        ("oracle(simulator=1)", TypeError, "'oracle' has no hyperparameter 'simulator'; it has: none"),
        ("no_such_module:Agent", ValueError, "agent 'no_such_module:Agent' cannot be imported: No module named"),
        (
            "selflearn_agents.agent:Nothing",
            ValueError,
            "agent 'selflearn_agents.agent:Nothing' cannot be imported: module .* 'Nothing'",
        ),
        ("selflearn_agents.agent:", ValueError, "agent 'selflearn_agents.agent:' cannot be imported"),
        (":Agent", ValueError, "agent ':Agent' cannot be imported: it names no module"),
        (".ucb:UCBAgent", ValueError, "agent '.ucb:UCBAgent' cannot be imported: it names no module"),
        (
            "selflearn_agents.agent:np",
            TypeError,
            "agent 'selflearn_agents.agent:np' is no subclass of selflearn_agents.Agent",
        ),
        ("own_agents:NOTHING", TypeError, "agent 'own_agents:NOTHING' is no subclass of selflearn_agents.Agent"),
        (
            "selflearn_agents:Agent",
            TypeError,
            "agent 'selflearn_agents:Agent' is abstract; it must define _act, _values",
        ),
        ("own_agents:Half", TypeError, "agent 'own_agents:Half' is abstract; it must define _values"),
        ("own_agents:Mine(sift=1)", TypeError, "'own_agents:Mine' has no hyperparameter 'sift'; it has: shift, words"),
        ("own_agents:Peeks(sift=1)", TypeError, "'own_agents:Peeks' has no hyperparameter 'sift'; it has: shift$"),
    ],
)
def test_agents_that_do_not_exist_are_named_with_the_way_out(text, error, message, mine):
    with pytest.raises(error, match=message):
        AgentSpec.parse(text)


def test_the_classes_of_one_module_are_one(mine):
    assert (
        find_agent(f"{mine}:Mine") is find_agent(f"{mine}:Mine") is AgentSpec.parse(f"{mine}:Mine(shift=1)").agent_class
    )


def test_an_agent_is_made_as_by_make_agent(tiny_shop, simulator):
    states = np.arange(200) % tiny_shop.states.size
    made = AgentSpec.parse("epsilon_greedy(epsilon=0.5)").make(tiny_shop.history, N, 7, simulator)
    same = make_agent("epsilon_greedy", history=tiny_shop.history, slate_size=N, seed=7, epsilon=0.5)
    other = AgentSpec.parse("epsilon_greedy(epsilon=0.5)").make(tiny_shop.history, N, 8, simulator)
    slates = made.act(states)
    np.testing.assert_array_equal(slates, same.act(states))
    assert (slates != other.act(states)).any()


def test_an_agent_of_ones_own_gets_its_hyperparameters(tiny_shop, simulator, mine):
    states = np.arange(tiny_shop.states.size)
    slates = [
        AgentSpec.parse(text).make(tiny_shop.history, N, 7, simulator).act(states)
        for text in (f"{mine}:Mine", f"{mine}:Mine(shift=2, words=['a', 'b'])")
    ]
    np.testing.assert_array_equal((slates[0] + 2) % tiny_shop.products, slates[1])


def test_only_privileged_agents_get_the_simulator(tiny_shop, simulator, mine):
    states = np.arange(tiny_shop.states.size)
    for text in ("oracle", f"{mine}:Peeks"):
        agent = AgentSpec.parse(text).make(tiny_shop.history, N, 0, simulator)
        np.testing.assert_array_equal(agent.act(states), simulator.optimal_slate(states))
    assert not any(
        isinstance(value, type(simulator))
        for value in vars(AgentSpec.parse(f"{mine}:Mine").make(tiny_shop.history, N, 0, simulator)).values()
    )


@pytest.mark.parametrize(
    ("text", "size", "message"),
    [
        ("epsilon_greedy(epsilon=2)", N, "epsilon is a probability, 0..1, got 2"),
        ("random", 9, "slate_size must be 1..8, the size of the catalogue, got 9"),
    ],
)
def test_values_are_checked_when_the_agent_is_made(text, size, message, tiny_shop, simulator):
    spec = AgentSpec.parse(text)
    with pytest.raises(ValueError, match=message):
        spec.make(tiny_shop.history, size, 0, simulator)


def test_a_customer_of_ones_own_is_named_in_the_same_way(tiny_shop, tmp_path, monkeypatch):
    (tmp_path / "own_customers.py").write_text(
        "from selflearn_env.core.customers import CascadeCustomers\nclass Mine(CascadeCustomers):\n    pass\nX = 1\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    made = gym.make("selflearn/Retail-v0", shop=tiny_shop, slate_size=N, customer="own_customers:Mine").unwrapped
    assert type(made.simulator.customers) is sys.modules["own_customers"].Mine
    for customer, error, message in [
        ("own_customers:Nothing", ValueError, "customer 'own_customers:Nothing' cannot be imported: module"),
        ("no_such_module:Mine", ValueError, "customer 'no_such_module:Mine' cannot be imported: No module named"),
        (":Mine", ValueError, "customer ':Mine' cannot be imported: it names no module"),
        ("own_customers:X", TypeError, "customer is a name or a subclass of CustomerModel, got 'own_customers:X'"),
    ]:
        with pytest.raises(error, match=message):
            gym.make("selflearn/Retail-v0", shop=tiny_shop, slate_size=N, customer=customer)
    del sys.modules["own_customers"]
