"""Rules that every agent keeps, tested because it is registered."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
import selflearn_agents
from selflearn_agents import AGENTS, AgentSpec, load_agent, make_agent
from selflearn_agents.storage import VERSION
from selflearn_agents.testing import BY_STATE, EVERYWHERE, Trial
from selflearn_agents.testing.learning import values_of
from selflearn_agents.testing.masks import masks

from selflearn_env.archive import write_archive
from selflearn_env.envs.options import Options
from tests.agents.extras import CHEAPER, skip_without_extra

N = 3
ENV = "selflearn/Retail-v0"


@pytest.fixture(scope="module")
def simulator(tiny_shop):
    return gym.make(ENV, shop=tiny_shop, slate_size=N).unwrapped.simulator


@pytest.fixture
def make(tiny_shop, simulator):
    def build(name, seed=0, **hyperparameters):
        skip_without_extra(name)
        known = {"simulator": simulator} if AGENTS[name].privileged else {}
        known |= CHEAPER.get(name, {}) | hyperparameters
        return make_agent(name, history=tiny_shop.history, slate_size=N, seed=seed, **known)

    return build


@pytest.mark.parametrize("rule", EVERYWHERE + BY_STATE, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("name", AGENTS)
def test_every_agent_keeps_every_rule(name, rule, tiny_shop, simulator):
    skip_without_extra(name)
    spec = AgentSpec(name, AGENTS[name], CHEAPER.get(name, {}))
    rule(Trial(spec, tiny_shop, Options(slate_size=N), simulator))


def test_all_have_values_but_three(make):
    without = {name for name in AGENTS if values_of(make(name), [3]) is None}
    assert without == {"mabwiser", "oracle", "myopic_oracle"}


def test_masks_are_of_all_sizes(tiny_shop, simulator):
    trial = Trial(AgentSpec("random", AGENTS["random"], {}), tiny_shop, Options(slate_size=N), simulator)
    assert np.unique(masks(trial, 60).sum(axis=1)).tolist() == [3, 4, 5, 6, 7]


def test_an_agent_shares_no_draws_with_an_environment_of_its_seed(tiny_shop):
    agent = make_agent("random", history=tiny_shop.history, slate_size=N, seed=4)
    own = [agent.rng, *agent.rng.spawn(4)]
    root = np.random.default_rng(4)
    others = [root, *root.spawn(4)]
    firsts = [each.random() for each in (*own, *others)]
    assert len(set(firsts)) == len(firsts)


def test_numpy_hyperparameters_can_be_saved(make, tmp_path):
    agent = make("epsilon_greedy", epsilon=np.float32(0.25), epsilon_end=np.float64(0), epsilon_visits=np.int64(9))
    agent.save(tmp_path / "agent.npz")
    assert load_agent(tmp_path / "agent.npz").epsilon == 0.25


@pytest.mark.parametrize("slate_size", [2.5, True, 0])
def test_a_slate_size_is_a_number_of_products(slate_size, tiny_shop):
    with pytest.raises(ValueError, match=r"slate_size must be 1\.\.8"):
        make_agent("random", history=tiny_shop.history, slate_size=slate_size)


@pytest.mark.parametrize("heading", [{}, {"agent": "RandomAgent"}, {"agent": "RandomAgent", "attributes": {}}])
def test_a_file_without_its_parts_is_refused(heading, tmp_path):
    write_archive(tmp_path / "agent.npz", {"format": "selflearn-agent", "version": VERSION, **heading}, {})
    with pytest.raises(ValueError, match=r"agent\.npz: a broken agent file"):
        load_agent(tmp_path / "agent.npz")


def test_an_unknown_agent_is_named_with_the_known(tiny_shop):
    with pytest.raises(
        ValueError, match=r"unknown agent 'epsilon_gredy'; did you mean 'epsilon_greedy'\?; known: random"
    ):
        make_agent("epsilon_gredy", history=tiny_shop.history)


def test_an_unknown_hyperparameter_is_named_with_the_known(tiny_shop):
    with pytest.raises(TypeError, match=r"has no hyperparameter 'epsilom'; it has: epsilon, "):
        make_agent("epsilon_greedy", history=tiny_shop.history, slate_size=N, epsilom=0.1)


@pytest.mark.parametrize("name", [name for name, agent in AGENTS.items() if not agent.privileged])
def test_a_slate_larger_than_the_catalogue_is_refused(name, tiny_shop):
    with pytest.raises(ValueError, match=r"slate_size must be 1\.\.8"):
        make_agent(name, history=tiny_shop.history, slate_size=9)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"no agent", "not a selflearn-agent file"), (b"", "not a selflearn-agent file")],
)
def test_a_foreign_file_is_refused(content, message, tmp_path):
    path = tmp_path / "agent.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        load_agent(path)


def test_a_shop_or_a_truncated_file_is_no_agent(make, tiny_shop, tmp_path):
    tiny_shop.save(tmp_path / "shop.npz")
    with pytest.raises(ValueError, match="not a selflearn-agent file but 'selflearn-shop'"):
        load_agent(tmp_path / "shop.npz")
    make("epsilon_greedy").save(tmp_path / "agent.npz")
    whole = (tmp_path / "agent.npz").read_bytes()
    (tmp_path / "agent.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="not a selflearn-agent file, or a broken one"):
        load_agent(tmp_path / "agent.npz")
    with pytest.raises(FileNotFoundError, match="there is no such file"):
        load_agent(tmp_path / "nothing.npz")


@pytest.mark.parametrize(
    ("found", "way_out"), [(VERSION + 1, "upgrade selflearn-env"), (VERSION - 1, "make the file anew")]
)
def test_a_file_of_another_format_is_refused(found, way_out, make, tmp_path, monkeypatch):
    monkeypatch.setattr(selflearn_agents.storage, "VERSION", found)
    make("random").save(tmp_path / "agent.npz")
    monkeypatch.undo()
    message = rf"agent\.npz: written in format {found}, this version of selflearn-env reads {VERSION}; {way_out}"
    with pytest.raises(ValueError, match=message):
        load_agent(tmp_path / "agent.npz")


class Inner:
    """A part of a part."""

    def __init__(self):
        self.numbers, self.name = np.arange(3), "inner"


class Outer:
    """A part that has one."""

    parts = {"inner": Inner}  # noqa: RUF012

    def __init__(self):
        self.inner, self.share = Inner(), 0.5


class Nested(selflearn_agents.AGENTS["random"]):
    """An agent whose part has a part."""

    parts = {"outer": Outer}  # noqa: RUF012

    def __init__(self, history, slate_size, rng):
        super().__init__(history, slate_size, rng)
        self.outer = Outer()


def test_parts_of_parts_are_stored(tiny_shop, tmp_path):
    agent = Nested(tiny_shop.history, N, np.random.default_rng(1))
    agent.outer.inner.numbers[1], agent.outer.inner.name, agent.outer.share = 7, "other", 0.25
    agent.save(tmp_path / "agent.npz")
    loaded = load_agent(tmp_path / "agent.npz", own=[Nested])
    assert (type(loaded.outer), type(loaded.outer.inner)) == (Outer, Inner)
    assert loaded.outer.inner.numbers.tolist() == [0, 7, 2]
    assert (loaded.outer.inner.name, loaded.outer.share) == ("other", 0.25)
    np.testing.assert_array_equal(agent.act([3]), loaded.act([3]))
