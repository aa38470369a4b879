"""Rules that every agent keeps, tested because it is registered."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
import selflearn_agents
from selflearn_agents import AGENTS, Agent, load_agent, make_agent
from selflearn_agents.storage import VERSION

from selflearn_env.archive import write_archive
from tests.agents.extras import CHEAPER, skip_without_extra

N = 3
VISITS = {1: 250, 50: 1000}  # of each batch: one at a time they take most of the time
ENV = "selflearn/Retail-v0"
KNOWN = [name for name, agent in AGENTS.items() if agent.sure or agent._propensity is not Agent._propensity]
SAVED = [name for name, agent in AGENTS.items() if agent.unsaved is None]
VALUED = [name for name in AGENTS if name not in ("mabwiser", "oracle", "myopic_oracle")]


@pytest.fixture
def make(tiny_shop):
    simulator = gym.make(ENV, shop=tiny_shop, slate_size=N).unwrapped.simulator

    def build(name, seed=0, **hyperparameters):
        skip_without_extra(name)
        known = {"simulator": simulator} if AGENTS[name].privileged else {}
        known |= CHEAPER.get(name, {}) | hyperparameters
        return make_agent(name, history=tiny_shop.history, slate_size=N, seed=seed, **known)

    return build


def serve(agent, shop, visits, batch, seed):
    """Slates of an agent that serves and learns."""
    envs = gym.make_vec(ENV, num_envs=batch, vectorization_mode="vector_entry_point", shop=shop, slate_size=N)
    states = envs.reset(seed=seed)[1]["state"]
    shown = []
    for _ in range(visits // batch):
        slates = agent.act(states)
        info = envs.step(slates)[-1]
        agent.update(states, slates, info["response"], info["item_reward"])
        states = info["state"]
        shown.append(slates)
    return np.concatenate(shown)


@pytest.mark.parametrize("name", AGENTS)
@pytest.mark.parametrize("batch", VISITS)
def test_shows_distinct_products_of_the_catalogue(name, batch, make, tiny_shop):
    slates = serve(make(name), tiny_shop, VISITS[batch], batch, seed=1)
    assert slates.shape == (VISITS[batch], N)
    assert slates.min() >= 0
    assert slates.max() < tiny_shop.products
    assert all(len(set(row)) == N for row in slates.tolist())


@pytest.mark.parametrize("name", AGENTS)
@pytest.mark.parametrize("batch", VISITS)
def test_equal_seeds_give_equal_slates(name, batch, make, tiny_shop):
    runs = [serve(make(name, seed=seed), tiny_shop, VISITS[batch], batch, seed=2) for seed in (4, 4)]
    np.testing.assert_array_equal(*runs)


@pytest.mark.parametrize("name", SAVED)
@pytest.mark.parametrize("batch", VISITS)
def test_a_loaded_agent_continues_bit_for_bit(name, batch, make, tiny_shop, tmp_path):
    agent = make(name)
    serve(agent, tiny_shop, VISITS[batch], batch, seed=3)
    agent.save(tmp_path / "agent.npz")
    loaded = load_agent(tmp_path / "agent.npz")
    assert type(loaded) is type(agent)
    runs = [serve(each, tiny_shop, VISITS[batch], batch, seed=4) for each in (agent, loaded)]
    np.testing.assert_array_equal(*runs)


@pytest.mark.parametrize("name", [name for name in AGENTS if name not in SAVED])
def test_what_cannot_be_saved_says_so_and_writes_nothing(name, make, tmp_path):
    with pytest.raises(NotImplementedError, match="cannot be saved: "):
        make(name).save(tmp_path / "agent.npz")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", VALUED)
def test_values_have_one_row_per_visit(name, make, tiny_shop):
    states = np.array([5, 0, 5])
    values = make(name).values(states)
    assert values.shape == (3, tiny_shop.products)
    np.testing.assert_array_equal(values[0], values[2])


@pytest.mark.parametrize("name", KNOWN)
def test_propensities_sum_to_one_over_the_catalogue(name, make, tiny_shop):
    agent = make(name)
    serve(agent, tiny_shop, 500, batch=10, seed=5)
    states = np.arange(0, tiny_shop.states.size, 37)
    slates = agent.act(states)
    first = agent.marginals(states)[:, 0]
    for slot in range(N):
        total = np.zeros(len(states))
        for product in range(tiny_shop.products):
            changed = slates.copy()
            changed[:, slot] = product
            chance = agent.propensity(states, changed)[:, slot]
            total += chance
            if slot == 0:
                np.testing.assert_allclose(first[:, product], chance, rtol=1e-6)
        np.testing.assert_allclose(total, 1.0)


@pytest.mark.parametrize("name", KNOWN)
def test_propensities_are_the_frequencies_of_whole_slates(name, make, tiny_shop):
    agent = make(name)
    serve(agent, tiny_shop, 500, batch=10, seed=6)
    state = tiny_shop.history.visits.argmax()
    draws = 20_000
    slates = agent.act(np.full(draws, state))
    whole, counts = np.unique(slates, axis=0, return_counts=True)
    probability = agent.propensity(np.full(len(whole), state), whole).prod(axis=1)
    assert (probability > 0).all()
    expected, error = probability * draws, np.sqrt(draws * probability * (1 - probability))
    assert (np.abs(counts - expected) <= 5 * error + 1).all()
    assert probability.sum() <= 1 + 1e-9


@pytest.mark.parametrize("name", [name for name in AGENTS if name not in KNOWN])
def test_unknown_propensities_say_so(name, make):
    agent = make(name)
    with pytest.raises(NotImplementedError, match=f"{type(agent).__name__} does not know the probabilities"):
        agent.propensity([0], [[0, 1, 2]])


@pytest.mark.parametrize("name", AGENTS)
@pytest.mark.parametrize(
    ("states", "message"),
    [
        ([0.7], "state indexes are integers, got float64"),
        ([True], "state indexes are integers, got bool"),
        ([-1], "state -1 does not exist: the 672 states are 0..671"),
        ([672], "state 672 does not exist"),
        (0, r"state indexes have the shape \(B,\), got shape \(\)"),
    ],
)
def test_states_that_do_not_exist_are_refused(name, states, message, make):
    agent = make(name)
    with pytest.raises(ValueError, match=message):
        agent.act(states)
    with pytest.raises(ValueError, match=message):
        agent.update(states, [[0, 1, 2]], np.zeros((1, 3)), np.zeros((1, 3)))


@pytest.mark.parametrize("name", AGENTS)
@pytest.mark.parametrize(
    ("slates", "rewards", "message"),
    [
        ([[0, 1, 8]], np.zeros((1, 3)), "is product 8, but the catalogue has products 0..7"),
        ([[0, 1, -1]], np.zeros((1, 3)), "is product -1, but the catalogue"),
        ([[0, 1, 2, 3]], np.zeros((1, 4)), "expected product indexes of shape"),
        ([[0, 1, 2]], np.zeros((1, 2)), "have the shape of the slates"),
        ([[0, 1, 2]], [[0.0, np.nan, 1.0]], "item_rewards must be finite"),
    ],
)
def test_nothing_is_learned_from_what_cannot_be(name, slates, rewards, message, make):
    agent, untouched = make(name), make(name)
    with pytest.raises(ValueError, match=message):
        agent.update([3], slates, np.zeros((1, 3), dtype=np.int8), rewards)
    np.testing.assert_array_equal(agent.act(np.arange(50)), untouched.act(np.arange(50)))


LEARNERS = [name for name in VALUED if AGENTS[name]._update is not Agent._update]


@pytest.mark.parametrize("name", LEARNERS)
def test_a_repeated_product_is_learned_from_where_it_stands_first(name, make):
    """Bought in its first slot, it is worth more than never bought, whatever the second slot says."""
    bought, ignored = make(name), make(name)
    for _ in range(30):
        bought.update([3], [[2, 2, 1]], [[2, 0, 0]], [[5.0, -2.0, -2.0]])
        ignored.update([3], [[2, 2, 1]], [[0, 0, 0]], [[-2.0, -2.0, -2.0]])
    assert bought.values([3])[0, 2] > ignored.values([3])[0, 2]


@pytest.mark.parametrize("name", VALUED)
def test_no_visits_at_all_are_no_mistake(name, make):
    agent, nobody = make(name), np.zeros(0, dtype=np.int64)
    assert agent.act(nobody).shape == (0, N)
    agent.update(nobody, np.zeros((0, N), dtype=np.int64), np.zeros((0, N)), np.zeros((0, N)))
    assert agent.values(nobody).shape == (0, agent.products)


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
