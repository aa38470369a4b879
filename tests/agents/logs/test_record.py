"""Recording against the evaluation of the same agent, and against a plain loop."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
from selflearn_agents import make_agent
from selflearn_agents.evaluation import evaluate
from selflearn_agents.logs import record

from tests.agents.evaluation.watchers import MILD, Looker, SeeingVandal, Vandal, Watcher

RETAIL, JOURNEY, SEED = "selflearn/Retail-v0", "selflearn/RetailJourney-v0", "selflearn/Seed-v0"
N = 2


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


@pytest.mark.parametrize("kinds", [(Watcher, Vandal), (Looker, SeeingVandal)])
def test_an_agent_that_writes_to_what_it_is_given_changes_nothing(kinds, tiny_shop):
    logs = [record(kind(tiny_shop.history, N), JOURNEY, 20, **options(JOURNEY, tiny_shop)) for kind in kinds]
    for name in ("state", "slate", "response", "item_reward", "observation"):
        np.testing.assert_array_equal(*(getattr(log, name) for log in logs))


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
