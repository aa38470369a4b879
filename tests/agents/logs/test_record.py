"""Recording against the evaluation of the same agent, and against a plain loop."""

from __future__ import annotations

import tracemalloc
from dataclasses import fields
from importlib import import_module
from unittest.mock import Mock

import gymnasium as gym
import numpy as np
import pyarrow.parquet as pq
import pytest
from selflearn_agents import make_agent
from selflearn_agents.evaluation import evaluate
from selflearn_agents.logs import VisitLog, record, record_to_parquet

from tests.agents.evaluation.watchers import MILD, Looker, SeeingVandal, Vandal, Watcher

RETAIL, JOURNEY, SEED = "selflearn/Retail-v0", "selflearn/RetailJourney-v0", "selflearn/Seed-v0"
N = 2
RECORD = import_module("selflearn_agents.logs.record")  # beside the function of its name


def options(env_id, shop):
    return {"shop": shop, "slate_size": N, **({"journey": MILD} if env_id == JOURNEY else {})}


def agent_of(shop, name="epsilon_greedy", **known):
    return make_agent(name, history=shop.history, slate_size=N, seed=1, **known)


@pytest.mark.parametrize("env_id", [RETAIL, JOURNEY, SEED])
def test_the_visits_are_those_that_an_evaluation_serves(env_id, tiny_shop):
    log = record(agent_of(tiny_shop), env_id, 60, seed=5, **options(env_id, tiny_shop))
    result = evaluate(
        agent_of(tiny_shop), env_id, len(log), batch=1, seed=5, progress=False, **options(env_id, tiny_shop)
    )
    shown = np.zeros((4, tiny_shop.products), dtype=np.int64)
    np.add.at(shown, (tiny_shop.history.segment[log.state][:, None], log.slate), 1)
    np.testing.assert_array_equal(shown, result.shown)
    assert log.reward.mean() == pytest.approx(result.mean("reward"))
    assert (log.response == 2).sum() / len(log) == pytest.approx(result.mean("purchases"))
    assert (log.response == 1).sum() / len(log) == pytest.approx(result.mean("clicks"))


@pytest.mark.parametrize(("env_id", "observation"), [(RETAIL, "tiers"), (RETAIL, "index"), (JOURNEY, "journey")])
def test_a_log_is_what_a_plain_loop_sees(env_id, observation, tiny_shop):
    """Propensities are those before the agent learns from the visit."""
    known = {"observation": observation, **options(env_id, tiny_shop)}
    log = record(agent_of(tiny_shop, epsilon=0.3), env_id, 40, seed=2, **known)
    env, agent, visit = gym.make(env_id, **known), agent_of(tiny_shop, epsilon=0.3), 0
    for episode in range(40):
        seen, info = env.reset(seed=2 if episode == 0 else None)
        over = False
        while not over:
            state = info["state"]
            slate = agent.act([state])
            np.testing.assert_array_equal(log.propensity[visit], agent.propensity([state], slate)[0])
            np.testing.assert_array_equal(log.observation[visit], seen)
            seen, reward, terminated, truncated, info = env.step(slate[0])
            agent.update([state], slate, [info["response"]], [info["item_reward"]])
            assert log.state[visit] == state
            assert log.episode[visit] == episode
            assert (log.terminated[visit], log.truncated[visit]) == (terminated, truncated)
            np.testing.assert_array_equal(log.slate[visit], slate[0])
            np.testing.assert_array_equal(log.response[visit], info["response"])
            np.testing.assert_array_equal(log.item_reward[visit], info["item_reward"])
            assert log.reward[visit] == pytest.approx(reward)
            over, visit = terminated or truncated, visit + 1
        np.testing.assert_array_equal(log.last_observation[episode], seen)
        assert log.last_state[episode] == info["state"]
    assert visit == len(log)
    assert log.observation.dtype == env.observation_space.dtype
    assert log.response.dtype == np.int8
    assert len(log) > 40 or env_id == RETAIL


def test_customers_leave_or_see_the_calendars_end(tiny_shop):
    log = record(agent_of(tiny_shop), JOURNEY, 60, **options(JOURNEY, tiny_shop))
    assert not (log.terminated & log.truncated).any()
    assert log.terminated.any()
    assert log.truncated.any()


def test_a_log_says_where_it_comes_from(tiny_shop):
    log = record(agent_of(tiny_shop), RETAIL, 3, seed=9, shop=tiny_shop, customer="cascade")
    assert (log.agent, log.env_id, log.seed) == ("epsilon_greedy", RETAIL, 9)
    assert log.env_options == {"shop": tiny_shop, "customer": "cascade", "slate_size": N}


def test_an_agent_without_probabilities_has_none_in_its_log(tiny_shop):
    simulator = gym.make(JOURNEY, **options(JOURNEY, tiny_shop)).unwrapped.simulator
    agent = agent_of(tiny_shop, "myopic_oracle", simulator=simulator)
    log = record(agent, JOURNEY, 5, **options(JOURNEY, tiny_shop))
    assert log.agent == "myopic_oracle (privileged)"
    assert log.propensity is None


def test_an_agent_that_sees_visits_is_shown_them(tiny_shop):
    agent = Looker(tiny_shop.history, N)
    log = record(agent, JOURNEY, 20, **options(JOURNEY, tiny_shop))
    assert len(agent.seen) == len(log)
    assert max(int(visits.visits[0]) for visits in agent.seen) > 0  # customers who came before
    np.testing.assert_array_equal([visits.state[0] for visits in agent.seen], log.state)


@pytest.mark.filterwarnings("ignore:.* changes the states")  # it is told so, once
@pytest.mark.parametrize("kinds", [(Watcher, Vandal), (Looker, SeeingVandal)])
def test_an_agent_that_writes_to_what_it_is_given_changes_nothing(kinds, tiny_shop):
    logs = [record(kind(tiny_shop.history, N), JOURNEY, 20, **options(JOURNEY, tiny_shop)) for kind in kinds]
    for name in ("state", "slate", "response", "item_reward", "observation"):
        np.testing.assert_array_equal(*(getattr(log, name) for log in logs))


@pytest.mark.parametrize("env_id", [RETAIL, SEED])
def test_many_side_by_side_are_what_a_plain_loop_of_the_vector_face_sees(env_id, tiny_shop):
    """Of the last batch the first visits count, and only those are learned from."""
    known = options(env_id, tiny_shop)
    log = record(agent_of(tiny_shop, epsilon=0.3), env_id, 50, seed=2, batch=8, marginals=True, **known)
    envs = gym.make_vec(env_id, 8, vectorization_mode="vector_entry_point", **known)
    agent = agent_of(tiny_shop, epsilon=0.3)
    seen, info = envs.reset(seed=2)
    for first in range(0, 50, 8):
        rows = min(8, 50 - first)
        states, here = info["state"], slice(first, first + rows)
        slates = agent.act(states)
        np.testing.assert_array_equal(log.propensity[here], agent.propensity(states, slates)[:rows])
        every = agent.marginals(states)
        for row in range(rows):
            for slot in range(N):
                assert log.marginal[first + row, slot] == every[row, slot, slates[row, slot]]
        np.testing.assert_array_equal(log.state[here], states[:rows])
        np.testing.assert_array_equal(log.observation[here], seen[:rows])
        np.testing.assert_array_equal(log.last_observation[here], seen[:rows])
        np.testing.assert_array_equal(log.slate[here], slates[:rows])
        seen, _, _, _, info = envs.step(slates)
        np.testing.assert_array_equal(log.response[here], info["response"][:rows])
        np.testing.assert_array_equal(log.item_reward[here], info["item_reward"][:rows])
        agent.update(states[:rows], slates[:rows], info["response"][:rows], info["item_reward"][:rows])
    assert len(log) == 50
    assert log.terminated.all()
    np.testing.assert_array_equal(log.last_state, log.state)


def test_marginals_are_worked_out_a_few_visits_at_a_time(tiny_shop, monkeypatch):
    logs = []
    for cells in (2**22, 3 * N * tiny_shop.products):
        monkeypatch.setattr(RECORD, "CELLS", cells)
        logs.append(record(agent_of(tiny_shop), RETAIL, 20, batch=10, marginals=True, shop=tiny_shop))
    np.testing.assert_array_equal(logs[0].marginal, logs[1].marginal)


def test_marginals_are_left_out_unless_asked_for_and_refused_where_unknown(tiny_shop):
    assert record(agent_of(tiny_shop), RETAIL, 3, shop=tiny_shop).marginal is None
    with pytest.raises(NotImplementedError):
        record(agent_of(tiny_shop, "thompson"), RETAIL, 3, marginals=True, shop=tiny_shop)


@pytest.mark.parametrize(("env_id", "batch"), [(RETAIL, 1), (RETAIL, 8), (JOURNEY, 1)])
@pytest.mark.parametrize("name", ["epsilon_greedy", "thompson"])
def test_what_goes_to_a_file_is_what_is_kept_in_memory(
    name, env_id, batch, tiny_shop, shop_file, tmp_path, monkeypatch
):
    monkeypatch.setattr(RECORD, "PIECE", 5)
    known = {"customers": 20 if env_id == RETAIL else 8, "seed": 4, "batch": batch, **options(env_id, shop_file)}
    record_to_parquet(tmp_path / "log.parquet", agent_of(tiny_shop, name), env_id, **known)
    found, expected = (
        VisitLog.from_parquet(tmp_path / "log.parquet"),
        record(agent_of(tiny_shop, name), env_id, **known),
    )
    assert pq.ParquetFile(tmp_path / "log.parquet").num_row_groups > 2
    for field in fields(expected):
        one, other = getattr(found, field.name), getattr(expected, field.name)
        np.testing.assert_array_equal(one, other, err_msg=field.name)
        assert getattr(one, "dtype", None) == getattr(other, "dtype", None), field.name


def test_memory_does_not_grow_with_the_visits(tiny_shop, shop_file, tmp_path, monkeypatch):
    monkeypatch.setattr(RECORD, "PIECE", 1000)
    peak = []
    for customers in (2_000, 8_000):
        agent = agent_of(tiny_shop, "random")
        tracemalloc.start()
        record_to_parquet(tmp_path / "log.parquet", agent, RETAIL, customers, batch=500, shop=shop_file)
        peak.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peak[1] < 2 * peak[0]  # what is kept would be four times as much; when garbage goes is not ours


def test_what_cannot_be_written_is_refused_before_anybody_is_served(tiny_shop, shop_file, tmp_path):
    agent = Watcher(tiny_shop.history, N)
    with pytest.raises(ValueError, match="a Shop is too much for it; give the shop as its path"):
        record_to_parquet(tmp_path / "log.parquet", agent, RETAIL, 3, shop=tiny_shop)
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        record_to_parquet(tmp_path / "no" / "log.parquet", agent, RETAIL, 3, shop=shop_file)
    assert not agent.met


def test_recording_that_breaks_off_leaves_the_file_as_it_was(tiny_shop, shop_file, tmp_path, monkeypatch):
    monkeypatch.setattr(RECORD, "PIECE", 1)
    path, agent = tmp_path / "log.parquet", agent_of(tiny_shop)
    record_to_parquet(path, agent, RETAIL, 3, shop=shop_file)
    before, update = path.read_bytes(), Mock(side_effect=[None, None, RuntimeError("enough")])
    monkeypatch.setattr(agent, "update", update)
    with pytest.raises(RuntimeError, match="enough"):
        record_to_parquet(path, agent, RETAIL, 9, shop=shop_file)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_who_comes_again_is_not_recorded_side_by_side(tiny_shop):
    with pytest.raises(ValueError, match=r"customers of selflearn/RetailJourney-v0 come again, .* leave batch at 1"):
        record(agent_of(tiny_shop), JOURNEY, 3, batch=2, **options(JOURNEY, tiny_shop))


@pytest.mark.parametrize(
    ("customers", "known", "message"),
    [
        (0, {}, "customers and batch must be at least 1, got 0 and 1"),
        (5, {"slate_size": 3}, "do not fit, slates of 2 and 3"),
        (5, {"render_mode": "ansi"}, "render_mode is decided by the evaluation itself"),
    ],
)
def test_what_does_not_fit_is_refused(customers, known, message, tiny_shop):
    with pytest.raises(ValueError, match=message):
        record(agent_of(tiny_shop), RETAIL, customers, shop=tiny_shop, **known)
