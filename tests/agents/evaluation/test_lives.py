"""What customers are worth over their lives, life by life, against plain loops."""

from __future__ import annotations

from math import sqrt

import gymnasium as gym
import numpy as np
import pytest
from scipy import stats
from selflearn_agents.evaluation import lives
from selflearn_agents.evaluation.lives import LivesResult, evaluate_lives, worth_more

from selflearn_env.core.journey.serving import serve
from tests.agents.evaluation.watchers import DRIFT, ENV, MILD, Looker, N, Watcher, agent_of, world


@pytest.fixture
def options(tiny_shop):
    return {"shop": tiny_shop, "slate_size": N, "journey": MILD}


def figures(result):
    names = ("reward", "expected_reward", "visits", "purchases", "left")
    return {name: getattr(result, name).tolist() for name in names}


def plain_lives(agent, simulator, groups, seed):
    """Each customer's life in lists; customers of a group take their turns in order, and who is over is skipped."""
    run, found = simulator.begin(np.random.default_rng(seed)), []
    for size in groups:
        lives_of = [
            {"reward": 0.0, "expected_reward": 0.0, "visits": 0, "purchases": 0, "left": 0} for _ in range(size)
        ]
        found += lives_of
        there, visits = list(range(size)), simulator.start(size, run)
        while there:
            states, present = visits.state.copy(), simulator.now(run)
            slates = agent.act(visits if agent.sees_visits else states)
            expected = present.expected_reward(visits, slates)
            outcome = simulator.respond(visits, slates, run)
            for row, customer in enumerate(there):
                life = lives_of[customer]
                life["reward"] += sum(outcome.item_reward[row].tolist())
                life["expected_reward"] += expected[row]
                life["visits"] += 1
                life["purchases"] += outcome.response[row].tolist().count(2)
                life["left"] = bool(outcome.terminated[row])
            agent.update(states, slates, outcome.response, outcome.item_reward)
            stay = [row for row in range(len(there)) if not outcome.terminated[row] and not outcome.truncated[row]]
            there, visits = [there[row] for row in stay], outcome.visits.rows(np.array(stay, dtype=int))
    return {name: [life[name] for life in found] for name in found[0]}


@pytest.mark.parametrize("drift", [None, DRIFT])
@pytest.mark.parametrize(("side_by_side", "groups"), [(2000, [20]), (7, [7, 7, 6]), (1, [1] * 20)])
def test_lives_are_those_of_a_plain_loop(side_by_side, groups, drift, tiny_shop, options, monkeypatch):
    """With an agent that learns: after each round, from the visits of that round."""
    monkeypatch.setattr(lives, "SIDE_BY_SIDE", side_by_side)
    options["drift"] = drift
    result = evaluate_lives(agent_of(tiny_shop), customers=20, seed=5, **options)
    expected = plain_lives(agent_of(tiny_shop), world(options).simulator, groups, 5)
    for name, values in figures(result).items():
        assert values == pytest.approx(expected[name]), name
    assert 0 < result.left.mean() < 1
    assert (result.agent, result.seed) == ("epsilon_greedy", 5)


def test_one_customer_after_the_other_is_the_single_face(tiny_shop, options, monkeypatch):
    monkeypatch.setattr(lives, "SIDE_BY_SIDE", 1)
    result = evaluate_lives(agent_of(tiny_shop), customers=15, seed=5, **options)
    env, agent = gym.make(ENV, **options), agent_of(tiny_shop)
    env.unwrapped.reset(seed=5)
    for customer in range(15):
        state = env.reset(seed=None if customer else 5)[1]["state"]
        total = expected = visits = bought = over = 0
        while not over:
            slates = agent.act([state])
            expected += env.unwrapped.simulator.expected_reward(env.unwrapped.visits, slates)[0]
            _, reward, terminated, truncated, info = env.step(slates[0])
            agent.update([state], slates, info["response"][None], info["item_reward"][None])
            total, visits, bought = total + reward, visits + 1, bought + (info["response"] == 2).sum()
            over, state = terminated or truncated, info["state"]
        assert result.reward[customer] == pytest.approx(total)
        assert result.expected_reward[customer] == pytest.approx(expected)
        assert (result.visits[customer], result.purchases[customer]) == (visits, bought)
        assert result.left[customer] == terminated


def test_agents_learn_from_each_visit_what_came_of_it(tiny_shop, options):
    """In the order in which the customers were served, the state being the one that the slate was chosen for."""
    agent, naive = Watcher(tiny_shop.history), Watcher(tiny_shop.history)
    result = evaluate_lives(agent, customers=20, seed=5, **options)
    plain_lives(naive, world(options).simulator, [20], 5)
    assert agent.learned == naive.learned
    assert agent.met == [states for states, *_ in agent.learned]
    assert [len(states) for states in agent.met] == [
        (result.visits > before).sum() for before in range(result.visits.max())
    ]
    total = sum(sum(map(sum, rewards)) for *_, rewards in agent.learned)
    assert total == pytest.approx(result.reward.sum())


@pytest.mark.parametrize("side_by_side", [2000, 7])
def test_all_agents_meet_the_same_customers_on_their_first_visits(side_by_side, tiny_shop, options, monkeypatch):
    monkeypatch.setattr(lives, "SIDE_BY_SIDE", side_by_side)

    def newcomers(agent, seed):
        evaluate_lives(agent, customers=20, seed=seed, **options)
        first = [visits.rows(np.flatnonzero(visits.visits == 0)) for visits in agent.seen]
        return [(customer, day) for some in first for customer, day in zip(some.customer, some.day, strict=True)]

    one, other, later = (Looker(tiny_shop.history, first=first) for first in (0, 4, 0))
    met = newcomers(one, 5)
    assert len(met) == 20
    assert newcomers(other, 5) == met
    assert newcomers(later, 6) != met
    assert [*map(len, one.seen)] != [*map(len, other.seen)]  # and then went other ways


def test_equal_seeds_give_equal_lives(tiny_shop, options):
    one, same, other = (
        figures(evaluate_lives(agent_of(tiny_shop), customers=20, seed=seed, **options)) for seed in (5, 5, 6)
    )
    assert one == same
    assert one != other


def test_no_agent_earns_more_per_visit_than_the_best_slates(tiny_shop, options):
    simulator = world(options).simulator
    found = {}
    for name in ("random", "popular", "myopic_oracle"):
        known = {"simulator": simulator} if name == "myopic_oracle" else {}
        result = evaluate_lives(agent_of(tiny_shop, name, **known), customers=300, **options)
        found[name] = result.figures()["reward per visit"]
        assert result.agent == (f"{name} (privileged)" if known else name)
    assert found["random"] < found["popular"] < found["myopic_oracle"]


def test_purchases_are_counted_where_nobody_comes_back(tiny_shop, options):
    agent = Watcher(tiny_shop.history)
    result = evaluate_lives(agent, customers=100, **{**options, "journey": {"returns": False}})
    assert result.visits.tolist() == [1] * 100
    ((_, _, responses, _),) = agent.learned
    assert result.purchases.tolist() == [row.count(2) for row in responses]


def test_figures_are_means_per_customer_and_per_visit():
    result = LivesResult("a", 0, *map(np.array, ([1.0, 3.0], [2.0, 10.0], [1, 3], [0, 5], [True, False])))
    assert result.figures() == {
        "return": 2.0,
        "expected return": 6.0,
        "last quarter": 10.0,  # of two customers, the second
        "visits": 2.0,
        "purchases": 2.5,
        "reward per visit": 3.0,  # 12 of 4 visits, not the mean of 2 and 10 / 3
        "left": 0.5,
    }


def test_what_a_customer_is_worth_more_is_paired_by_seed_with_students_interval():
    def runs(*means):
        flat, zeros = np.zeros(2), np.zeros(2, dtype=int)
        expected = [np.array([mean - 1, mean + 1]) for mean in means]
        return [LivesResult("a", seed, flat, each, zeros, zeros, zeros > 0) for seed, each in enumerate(expected)]

    found, p = worth_more(runs(10.0, 12.0, 17.0), runs(9.0, 10.0, 11.0))
    differences = [1.0, 2.0, 6.0]
    error = sqrt(sum((each - 3) ** 2 for each in differences) / 2) / sqrt(3)
    width = stats.t.ppf(0.975, df=2) * error
    assert found == pytest.approx((3.0, 3.0 - width, 3.0 + width))
    assert found == pytest.approx((3.0, -3.572, 9.572), abs=1e-3)
    assert p == pytest.approx(stats.ttest_1samp(differences, 0.0).pvalue)
    alone, p = worth_more(runs(1.0), runs(2.0))
    assert np.isnan([*alone[1:], p]).all()  # one run does not show how runs differ


@pytest.mark.parametrize("customers", [0, -1])
def test_a_number_of_customers_that_is_none_is_refused(customers, tiny_shop, options):
    agent = agent_of(tiny_shop)
    with pytest.raises(ValueError, match=f"customers must be at least 1, got {customers}"):
        evaluate_lives(agent, customers=customers, **options)


@pytest.mark.parametrize("env_id", ["selflearn/Retail-v0", "selflearn/Seed-v0"])
def test_where_an_episode_is_one_visit_there_are_no_lives(env_id, tiny_shop):
    agent = agent_of(tiny_shop)
    with pytest.raises(ValueError, match=f"an episode of {env_id} is one visit; use `evaluate`, or an environment of"):
        evaluate_lives(agent, env_id, 10, shop=tiny_shop)
    assert evaluate_lives(agent, customers=2, shop=tiny_shop).visits.min() >= 1  # the slate size is the agent's


def test_agent_and_environment_must_fit(tiny_shop, options):
    agent = agent_of(tiny_shop)
    with pytest.raises(ValueError, match="agent and environment do not fit, slates of 3 and 2"):
        evaluate_lives(agent, customers=10, **{**options, "slate_size": 2})


@pytest.mark.parametrize("journey", [MILD, {"leave": 1.0, "patience": 1}, {"leave": 0.0, "horizon": 60}])
def test_everybody_is_served_once_per_round_until_the_episode_is_over(journey, tiny_shop, options):
    simulator = world({**options, "journey": journey}).simulator
    run, rounds, last, visits = simulator.begin(np.random.default_rng(1)), 0, {}, dict.fromkeys(range(50), 0)
    first = simulator.start(50, run)
    rng = np.random.default_rng(2)
    for served in serve(simulator, first, lambda visits: rng.integers(8, size=(len(visits), N)), run):
        here = served.rows.tolist()
        assert here == sorted(set(here))
        assert here == (list(range(50)) if not rounds else sorted(row for row, over in last.items() if not over))
        assert len(served.visits) == len(served.slates) == len(served.outcome.reward) == len(here)
        np.testing.assert_array_equal(served.visits.customer, first.customer[served.rows])
        assert (served.visits.visits == rounds).all()
        assert served.simulator is simulator
        last |= dict(zip(here, (served.outcome.terminated | served.outcome.truncated).tolist(), strict=True))
        for row in here:
            visits[row] += 1
        rounds += 1
    assert len(last) == 50
    assert all(last.values())
    assert max(visits.values()) == rounds


def test_nobody_is_served_where_nobody_comes(tiny_shop, options):
    simulator = world(options).simulator
    run = simulator.begin(np.random.default_rng(1))
    assert list(serve(simulator, simulator.arrivals.first_visits(np.arange(0)), None, run)) == []
