"""Agents and environments of a catalogue that counts as large do what they do in a small one."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
import selflearn_agents
from selflearn_agents import make_agent

from selflearn_env import Shop
from selflearn_env.core import tables
from selflearn_env.core.customers import preference
from selflearn_env.core.tables import SparseTable
from selflearn_env.shop import building
from tests.agents.extras import CHEAPER, skip_without_extra

OPEN = [name for name in selflearn_agents.AGENTS if name not in ("oracle", "myopic_oracle", "mabwiser")]


@pytest.fixture(scope="module")
def both(tiny_log, tiny_shop):
    """The same shop with tables that are arrays, and with tables that keep their filled cells."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (tables, preference, building):
            patch.setattr(module, "DENSE", 0)
        segments = {customer: "ABCD"[customer % 4] for customer in range(100, 140)}
        large = Shop.from_transactions(tiny_log, segments=segments)
        assert large.demand().incidence.size  # drawn, and its customers made, while the catalogue counts as large
        gym.make("selflearn/Retail-v0", shop=large, slate_size=3)
        assert isinstance(large.history.purchases, SparseTable)  # made now, and kept
    assert isinstance(tiny_shop.history.purchases, np.ndarray)
    return tiny_shop, large


def test_the_shops_are_equal_and_so_are_their_files(both, tmp_path, monkeypatch):
    small, large = both
    assert small.digest == large.digest
    small.save(tmp_path / "small.npz")
    large.save(tmp_path / "large.npz")
    assert Shop.load(tmp_path / "large.npz").digest == small.digest
    monkeypatch.setattr(tables, "DENSE", 0)
    loaded = Shop.load(tmp_path / "small.npz")
    assert isinstance(loaded.history.quantity, SparseTable)
    assert loaded.digest == small.digest


def test_what_agents_read_is_equal(both):
    small, large = (shop.history for shop in both)
    for name in ("purchases", "quantity", "seen"):
        one, other = getattr(small, name), getattr(large, name)
        np.testing.assert_array_equal(one, np.asarray(other))
        assert one.dtype == other.dtype
    np.testing.assert_array_equal(small.incidence(), large.incidence())
    some = np.array([5, 600, 5])
    np.testing.assert_array_equal(small.incidence()[some], large.incidence(some))
    np.testing.assert_array_equal(small.best_sellers(5), large.best_sellers(5))
    np.testing.assert_array_equal(both[0].demand().incidence, both[1].demand().incidence)


@pytest.mark.parametrize("name", OPEN)
@pytest.mark.parametrize("batch", [1, 32])
def test_agents_show_and_learn_the_same(name, batch, both):
    """With equal seeds, against the same environment."""
    skip_without_extra(name)
    runs = []
    for shop in both:
        envs = gym.make_vec(
            "selflearn/Retail-v0", batch, vectorization_mode="vector_entry_point", shop=shop, slate_size=3
        )
        states = envs.reset(seed=1)[1]["state"]
        agent, shown = make_agent(name, history=shop.history, slate_size=3, seed=4, **CHEAPER.get(name, {})), []
        for _ in range(20):
            slates = agent.act(states)
            info = envs.step(slates)[-1]
            agent.update(states, slates, info["response"], info["item_reward"])
            shown += [slates, info["response"]]
            states = info["state"]
        runs.append((np.stack(shown), agent.values(np.arange(672)) if name != "random" else 0))
    np.testing.assert_array_equal(runs[0][0], runs[1][0])
    np.testing.assert_array_equal(runs[0][1], runs[1][1])
