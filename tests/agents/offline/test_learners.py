"""Rules that every learner keeps, and what each finds in a log."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from selflearn_agents import load_agent, make_agent
from selflearn_agents.baselines.uniform import RandomAgent
from selflearn_agents.offline import LEARNERS, find_learner, make_learner
from selflearn_agents.offline.item_rewards import learn_rewards
from selflearn_agents.ope import evaluate_offline

from selflearn_env.archive import read_archive
from tests.agents.offline.conftest import SECRET, N, shown

CLIMBING = {name: learner for name, learner in LEARNERS.items() if learner.needs_propensity}
GENTLE = {"ips_gradient": {"sharpness": 1.0}}  # from a start as sharp as by default, the history's best stay on top
every_learner = pytest.mark.parametrize("name", LEARNERS)


@pytest.fixture
def make(tiny_shop):
    def build(name, slate_size=N, seed=0, **hyperparameters):
        return make_learner(name, history=tiny_shop.history, slate_size=slate_size, seed=seed, **hyperparameters)

    return build


@every_learner
def test_unfitted_it_shows_what_is_popular(name, make, tiny_shop):
    states = np.arange(tiny_shop.states.size)
    popular = make_agent("popular", history=tiny_shop.history, slate_size=N)
    incidence = tiny_shop.history.incidence()
    own, other = (np.take_along_axis(incidence, agent.act(states), axis=1) for agent in (make(name), popular))
    assert own == pytest.approx(other, rel=1e-6)
    assert make(name).values(states) == pytest.approx(incidence, rel=1e-6)


@every_learner
def test_it_finds_what_everybody_wants(name, make, explored, tiny_shop):
    learner = make(name, **GENTLE.get(name, {}))
    assert learner.fit(explored) is learner
    slates = learner.act(np.arange(tiny_shop.states.size))
    assert (slates[:, 0] == SECRET[0]).mean() > 0.99
    assert (np.sort(slates, axis=1) == sorted(SECRET)).all()


@every_learner
def test_it_is_sure_and_shows_the_best_of_what_is_eligible(name, make, explored, tiny_shop):
    learner, states = make(name).fit(explored), np.arange(0, tiny_shop.states.size, 50)
    slates = learner.act(states)
    assert (learner.propensity(states, slates) == 1).all()
    marginals = learner.marginals(states)
    assert (np.take_along_axis(marginals, slates[:, :, None], axis=2) == 1).all()
    assert (marginals.sum(axis=2) == 1).all()
    without = np.arange(tiny_shop.products) != SECRET[0]
    others = learner.act(states, without)
    value = learner.values(states)
    assert not (others == SECRET[0]).any()
    for row, slate in enumerate(others.tolist()):
        best = np.sort(value[row][without])[-N:]
        assert np.sort(value[row][slate]) == pytest.approx(best)


@every_learner
def test_saved_fitted_again_and_on_the_same_log_it_has_equal_bits(name, make, explored, tiny_shop, tmp_path):
    states = np.arange(tiny_shop.states.size)
    learner = make(name).fit(explored)
    slates, values = learner.act(states), learner.values(states)
    learner.save(tmp_path / "learner.npz")
    loaded = load_agent(tmp_path / "learner.npz")
    assert loaded.visits == len(explored)
    for again in (loaded, make(name).fit(explored), loaded.fit(explored)):
        assert (again.act(states) == slates).all()
        assert (again.values(states) == values).all()
    assert read_archive(tmp_path / "learner.npz", "selflearn-agent", 4)[0]["agent"] == type(learner).__name__


@every_learner
def test_bad_logs_are_refused_and_nothing_is_changed(name, make, explored):
    learner = make(name)
    before = learner.values([0])
    for log, message in (
        (replace(explored, slate=explored.slate + 1), "the log has product 8, but the shop has products 0..7"),
        (replace(explored, state=explored.state + 1), "the log has state 672, but the shop has states 0..671"),
    ):
        with pytest.raises(ValueError, match=message):
            learner.fit(log)
    with pytest.raises(ValueError, match=r"slates of 3, but the learner shows slates of 2; make it with slate_size=3"):
        make(name, slate_size=2).fit(explored)
    assert (learner.values([0]) == before).all()
    bare = replace(explored, propensity=None)
    if name not in CLIMBING:
        assert learner.fit(bare).visits == len(bare)
        return
    with pytest.raises(ValueError, match="the log has no propensities; record them"):
        learner.fit(bare)
    slate = explored.slate.copy()
    slate[7, 2] = slate[7, 0]
    with pytest.raises(ValueError, match=rf"visit 7 of the log shows product {slate[7, 0]} twice"):
        learner.fit(replace(explored, slate=slate))


@every_learner
def test_it_takes_a_log_of_rewards_alone(name, make, explored, tiny_shop):
    unknown = replace(explored, response=np.full_like(explored.response, -1))
    states = np.arange(tiny_shop.states.size)
    assert (make(name).fit(unknown).act(states) == make(name).fit(explored).act(states)).all()


@pytest.mark.parametrize("name", CLIMBING)
def test_a_step_is_along_the_gradient_of_the_documented_objective(name, make, explored, tiny_shop):
    """One step from the start, of all visits of some states, against differences of plain sums."""
    few = replace(explored, **{
        each: getattr(explored, each)[:40]
        for each in ("observation", "state", "slate", "response", "item_reward", "propensity", "terminated",
                     "truncated", "last_observation", "last_state")
    })  # fmt: skip
    size, sharpness, least = 1e-2, 0.5, 0.2
    given = {"sharpness": sharpness, "steps": 1, "least_propensity": least}
    moved, stood = (make(name, step_size=step, **given).fit(few) for step in (size, 0.0))
    rewards = learn_rewards(few, stood.known)
    value = rewards.unit * np.exp(rewards.appeal.astype(float))
    history = tiny_shop.history

    def objective(preferences):
        total, weights = 0.0, []
        for visit, state in enumerate(few.state.tolist()):
            for slot, product in enumerate(few.slate[visit].tolist()):
                left = [other for other in range(8) if other not in few.slate[visit, :slot]]
                chance = {each: np.exp(preferences[state, each]) for each in left}
                chance = {each: weight / sum(chance.values()) for each, weight in chance.items()}
                logged, earned = max(few.propensity[visit, slot], least), few.item_reward[visit, slot]
                if name == "log_likelihood":
                    weights.append((earned + 2.0) / logged)
                    total += weights[-1] * np.log(chance[product])
                elif name == "ips_gradient":
                    total += (earned - few.item_reward[:, slot].mean()) * chance[product] / logged
                else:
                    q = {each: rewards.least + rewards.examined[slot] * value[state, each] for each in left}
                    total += sum(chance[each] * q[each] for each in left)
                    total += (earned - q[product]) * chance[product] / logged
        return total / np.mean(weights) if weights else total

    start = stood.values(np.arange(history.states.size))
    difference = moved.values(np.arange(history.states.size)) - start
    labels = history.states.table
    state, product = int(few.state[0]), int(few.slate[0, 1])
    expected = 0.0
    for level in history.pooling.levels:
        together = (labels[:, level.tiers] == labels[state, level.tiers]).all(axis=1)
        higher, lower = start.copy(), start.copy()
        higher[together, product] += 1e-4
        lower[together, product] -= 1e-4
        expected += size * (objective(higher) - objective(lower)) / 2e-4 / len(few)
    assert difference[state, product] == pytest.approx(expected, rel=1e-2)
    assert abs(expected) > 1e-5


@pytest.mark.parametrize("name", ["log_likelihood", "reward_model"])
def test_in_what_unit_rewards_are_counted_changes_no_slate(name, make, explored, tiny_shop):
    states = np.arange(tiny_shop.states.size)
    cents = replace(explored, item_reward=explored.item_reward / 64)
    assert (
        make(name).fit(cents).act(states) == make(name).fit(explored).act(states)
    ).mean() > 0.99  # not where they tie


def test_values_are_rewards_in_the_slot_that_is_looked_at_most(make, explored):
    learner, states = make("reward_model").fit(explored), np.arange(20)
    rewards = learn_rewards(explored, learner.known)
    most = rewards.unit * rewards.examined.max()
    assert not 0.9 < rewards.examined.max() < 1.1  # so that it matters
    assert learner.values(states) == pytest.approx(rewards.least + most * np.exp(rewards.appeal[states]), rel=1e-5)


def test_a_pessimist_prefers_what_it_knows(make, explored):
    """The more pessimistic, the lower; most where the log says least."""
    states = np.arange(20)
    bold, careful = (make("pessimistic", pessimism=each).fit(explored).values(states) for each in (0.0, 2.0))
    assert (bold == make("reward_model").fit(explored).values(states)).all()
    assert (careful < bold).all()
    assert (careful > -2.0).all()  # what is ignored


def test_a_product_goes_to_the_slot_that_is_due_to_it(make, tiny_shop):
    """Where the last slot is looked at most, the best product stands there."""
    agent, buys = RandomAgent(tiny_shop.history, N, np.random.default_rng(7)), np.full(8, 0.1)
    buys[SECRET] = 0.9, 0.6, 0.4
    slates = make("reward_model").fit(shown(agent, 3_000, 8, buys, (0.3, 0.6, 1.0))).act(np.arange(agent.states))
    assert (slates[:, ::-1] == SECRET).all(axis=1).mean() > 0.99


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("pessimistic", {"pessimism": -1}, "pessimism counts standard deviations and must be >= 0, got -1"),
        ("ips_gradient", {"steps": 0}, "steps counts steps along the gradient and must be at least 1, got 0"),
        ("dr_gradient", {"least_propensity": 0}, "least_propensity is a probability, above 0, got 0"),
        ("log_likelihood", {"sharpness": np.nan}, "sharpness must be >= 0, got nan"),
        ("log_likelihood", {"step_size": -1}, "step_size must be >= 0, got -1"),
    ],
)
def test_hyperparameters_out_of_range(name, given, message, make):
    with pytest.raises(ValueError, match=message):
        make(name, **given)


def test_names():
    with pytest.raises(ValueError, match="unknown learner 'reward_modell'; did you mean 'reward_model'"):
        find_learner("reward_modell")


def test_unknown_hyperparameters(make):
    with pytest.raises(TypeError, match="agent 'reward_model' has no hyperparameter 'steps'; it has: none"):
        make("reward_model", steps=2)


def test_who_learned_from_the_visits_is_not_trusted_by_them(explored, tiny_shop, tmp_path):
    learner = make_learner("pessimistic", history=tiny_shop.history, slate_size=N).fit(explored)
    learner.save(tmp_path / "agent.npz")
    for each in (learner, load_agent(tmp_path / "agent.npz")):
        (found,) = evaluate_offline(explored, each, ["sn_sips"], resamples=0).estimates
        assert "the target has learned from these very visits" in found.diagnosis.verdict
    others = replace(explored, item_reward=np.roll(explored.item_reward, 1, axis=0))
    (found,) = evaluate_offline(others, learner, ["sn_sips"], resamples=0).estimates
    assert "learned from" not in found.diagnosis.verdict
