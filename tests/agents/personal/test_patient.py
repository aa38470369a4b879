"""The agent that looks ahead: what it believes boredom to cost, what it makes of it, and that it gains by it."""

from dataclasses import replace

import numpy as np
import pytest
from selflearn_agents import load_agent, make_agent
from selflearn_agents.evaluation.lives import evaluate_lives
from selflearn_agents.personal.loops import appeal_after, worth_of
from selflearn_agents.personal.prospect import Prospect

from selflearn_env import Journey
from tests.agents.personal.test_personal import PEOPLE, N, seen_of

JOURNEY = "selflearn/RetailJourney-v0"


def agent_of(shop, name="patient", **hyperparameters):
    return make_agent(name, history=shop.history, slate_size=N, seed=0, **hyperparameters)


def test_the_value_of_boredom_is_found_in_a_chain_of_which_it_is_known():
    """Boredom b loses 4 b and leaves b / 2 + noise: V = 4 b / (1 - discount / 2) + a constant."""
    rng, prospect = np.random.default_rng(0), Prospect(0.9, slate_size=10)
    for _ in range(1_000):
        bored = rng.random(400)
        prospect.learn(bored, 4 * bored, bored / 2 + rng.normal(0.1, 0.05, 400))
    slope = 4 / (1 - 0.9 / 2)
    assert prospect.price == pytest.approx(0.9 * slope / 20, rel=0.02)


def test_worth_is_learned_from_what_responses_earn():
    prospect = Prospect(0.9, slate_size=2)
    assert prospect.worth.tolist() == pytest.approx([7, 3])
    prospect.earn(np.array([[0, 1], [2, 0]]), np.array([[-1.0, 4.0], [9.0, -1.0]]))
    assert prospect.worth.tolist() == pytest.approx([10, 5], rel=1e-4)


def test_what_a_mood_takes_from_a_slate():
    prospect = Prospect(0.9, slate_size=2)
    buy, click, mood = np.array([[0.2, 0.1]]), np.array([[0.3, 0.0]]), np.array([0.5])
    earned = 7 * 0.2 + 0.8 * 0.3 * 3 + 7 * 0.1
    rested = 7 * 0.4 + 0.6 * 0.6 * 3 + 7 * 0.2
    assert prospect.lost(buy, click, mood)[0] == pytest.approx(rested - earned)


@pytest.mark.parametrize(("appeal", "price"), [(0.3, 0.5), (0.05, 0.2), (0.9, 2.0)])
def test_an_appeal_after_a_price_is_worth_that_much_less(appeal, price):
    worth, scale, mood = np.array([7.0, 3.0]), np.array([0.8, 0.4]), 0.7

    def probabilities(of):
        return scale[0] * of * mood, scale[1] * np.sqrt(of * mood)

    after = appeal_after(appeal, price, worth, scale, mood)
    buy, click = probabilities(appeal)
    due = worth_of(buy, click, worth) - price * (1 - buy) * (1 - click)
    assert after < appeal
    assert due <= 0 if after <= 0 else worth_of(*probabilities(after), worth) == pytest.approx(due, abs=1e-5)
    assert appeal_after(appeal, 0.0, worth, scale, mood) == appeal


def test_a_high_price_shows_nobody_what_it_ignored(regulars_shop):
    seen, agents = seen_of(regulars_shop), [agent_of(regulars_shop), agent_of(regulars_shop)]
    agents[1].prospect.matrix[:], agents[1].prospect.vector[:] = np.eye(2), [0.0, 1_000.0]
    kept = []
    for agent in agents:
        before = agent.act(seen)
        agent.showings.remember(seen, before, np.zeros(before.shape, dtype=np.int8), np.zeros(before.shape))
        after = agent.act(replace(seen, visits=seen.visits + 1))
        kept.append(np.mean([len(set(a) & set(b)) for a, b in zip(before.tolist(), after.tolist(), strict=True)]))
    assert kept[0] > N - 0.1
    assert kept[1] < 0.1


def test_with_a_discount_of_nothing_it_is_the_personal_agent(regulars_shop):
    results = [
        evaluate_lives(agent, PEOPLE, 60, shop=regulars_shop)
        for agent in (agent_of(regulars_shop, discount=0.0), agent_of(regulars_shop, "personal"))
    ]
    np.testing.assert_array_equal(results[0].reward, results[1].reward)


def test_it_gains_where_boredom_costs_and_ties_where_nothing_does(regulars_shop):
    """Paired by customer, with rewards that make a customer who comes again worth something."""
    rewards = {"buy": 7.0, "click": 3.0, "ignore": 0.0}
    for journey, least, most in ((Journey(boredom=0.9), 3.0, np.inf), (Journey.off(returns=True), -0.02, 0.02)):
        patient, personal = (
            evaluate_lives(
                agent_of(regulars_shop, name), JOURNEY, 900, shop=regulars_shop, journey=journey, rewards=rewards
            )
            for name in ("patient", "personal")
        )
        more = patient.expected_reward - personal.expected_reward
        if most < np.inf:
            assert least * personal.expected_reward.mean() < more.mean() < most * personal.expected_reward.mean()
        else:
            assert more.mean() > least * more.std() / np.sqrt(len(more))


def test_what_it_learned_is_kept(regulars_shop, tmp_path):
    agent = agent_of(regulars_shop)
    evaluate_lives(agent, PEOPLE, 60, shop=regulars_shop)
    agent.save(tmp_path / "agent.npz")
    loaded, seen = load_agent(tmp_path / "agent.npz"), seen_of(regulars_shop)
    assert loaded.prospect.visits == agent.prospect.visits >= 60
    assert loaded.price == agent.price
    assert loaded.prospect.discount == agent.prospect.discount
    np.testing.assert_array_equal(agent.act(seen), loaded.act(seen))


@pytest.mark.parametrize("discount", [-0.1, 1.0, float("nan"), "far"])
def test_a_bad_discount_is_refused(regulars_shop, discount):
    with pytest.raises(ValueError, match="discount is what the next visit counts"):
        agent_of(regulars_shop, discount=discount)
