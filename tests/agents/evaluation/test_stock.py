"""Evaluations where products run out: agents are told what may be shown, and figures are of what may be."""

from __future__ import annotations

import numpy as np
import pytest
from selflearn_agents import make_agent
from selflearn_agents.agent import Agent
from selflearn_agents.evaluation import evaluate
from selflearn_agents.evaluation.lives import evaluate_lives
from selflearn_agents.evaluation.recorder import Recorder
from selflearn_agents.logs import record

from selflearn_env import Drift, Stock
from tests.agents.evaluation.watchers import MILD, Watcher
from tests.envs.drifting import loop_eligible, single_of

RETAIL, JOURNEY = "selflearn/Retail-v0", "selflearn/RetailJourney-v0"
N, P = 3, 8
STOCK = Stock(out=0.4, lasts=20, every=4)


class Careful(Agent):
    """Shows random products of those that may be shown, keeps what it was told, and writes to it."""

    def __init__(self, history, seed=0):
        super().__init__(history, N, np.random.default_rng(seed))
        self.told, self.asked = [], []

    def _act(self, states, eligible=None):
        if eligible is None:  # the visits of the log, which had what they had
            eligible = np.ones((len(states), self.products), dtype=bool)
        else:
            self.told.append(eligible[0].tolist())
        assert (eligible == eligible[0]).all()
        slates = [self.rng.permutation(np.flatnonzero(may))[: self.slate_size] for may in eligible]
        eligible[:] = False
        return np.array(slates)

    def _values(self, states):
        """The greater the index the better, so that showing others is exploration."""
        return np.tile(np.arange(self.products, dtype=np.float64), (len(states), 1))

    def _propensity(self, states, slates, eligible=None):
        self.asked.append(eligible[0].tolist())
        left = eligible.sum(axis=1, keepdims=True) - np.arange(self.slate_size)
        return np.take_along_axis(eligible, slates, axis=1) / left


class Best(Careful):
    """Shows the eligible products of greatest index: those that it holds for best."""

    def _act(self, states, eligible=None):
        super()._act(states, None if eligible is None else eligible.copy())
        may = np.ones(self.products, dtype=bool) if eligible is None else eligible[0]
        return np.tile(np.flatnonzero(may)[::-1][: self.slate_size], (len(states), 1))


def options(shop, **known):
    return {"shop": shop, "stock": STOCK, **known}


@pytest.mark.parametrize("batch", [1, 6])
def test_an_agent_is_told_what_may_be_shown_and_shows_no_other(tiny_shop, batch):
    agent = Careful(tiny_shop.history)
    result = evaluate(
        agent, RETAIL, 60, batch=batch, seed=17, progress=False, **options(tiny_shop, drift=Drift(vanish={0: 30}))
    )
    expected = [loop_eligible(STOCK, 17, served, Drift(vanish={0: 30})) for served in range(0, 60, batch)]
    assert agent.told == expected
    assert len({tuple(each) for each in expected}) > 5
    assert (result.regret >= 0).all()  # no slate that may be shown is better than the best


def test_random_slates_of_what_may_be_shown_earn_the_random_reference(tiny_shop):
    result = evaluate(Careful(tiny_shop.history), RETAIL, 2_000, 8, 3, progress=False, **options(tiny_shop))
    off = result.expected_reward - result.random  # of a hundred chunks
    assert abs(off.mean()) <= 4 * off.std(ddof=1) / np.sqrt(off.size)
    assert result.mean("optimal") > result.mean("random") + 0.3


def test_exploration_is_judged_by_what_could_be_shown(tiny_shop):
    best = evaluate(Best(tiny_shop.history), RETAIL, 200, 4, 3, progress=False, **options(tiny_shop))
    assert not best.exploration.any()
    careful = evaluate(Careful(tiny_shop.history), RETAIL, 200, 4, 3, progress=False, **options(tiny_shop))
    assert careful.exploration.mean() > 0.2


def test_a_recorder_asks_of_all_products_where_all_may_be_shown(tiny_shop):
    recorder = Recorder(10, tiny_shop.history, None)
    recorder.look_at(Best(tiny_shop.history), np.array([3]), np.array([[7, 6, 4]]))
    assert recorder._explored.max() == pytest.approx(1 / 3)


def test_lives_are_served_with_what_may_be_shown(tiny_shop):
    agent, known = Careful(tiny_shop.history), options(tiny_shop, journey=MILD)
    result = evaluate_lives(agent, JOURNEY, customers=8, seed=17, **known)
    assert agent.told[0] == loop_eligible(STOCK, 17, 0)
    assert agent.told[1] == loop_eligible(STOCK, 17, 8)  # after the first round of eight
    assert result.visits.sum() > 20


def test_a_log_has_the_propensities_of_what_could_be_shown(tiny_shop):
    agent = Careful(tiny_shop.history)
    log = record(agent, RETAIL, 40, seed=17, **options(tiny_shop))
    expected = [loop_eligible(STOCK, 17, served) for served in range(40)]
    assert agent.told == agent.asked == expected
    for slate, propensity, may in zip(log.slate.tolist(), log.propensity, expected, strict=True):
        assert all(may[product] for product in slate)
        np.testing.assert_allclose(propensity, [1 / (sum(may) - slot) for slot in range(N)])


@pytest.mark.parametrize("name", ["oracle", "myopic_oracle"])
def test_oracles_say_that_they_cannot_follow(tiny_shop, name):
    simulator = single_of(tiny_shop, stock=STOCK).simulator
    with pytest.raises(ValueError, match="with drift or stock"):
        make_agent(name, history=tiny_shop.history, slate_size=N, simulator=simulator)


def test_an_agent_that_shows_what_it_will_says_so(tiny_shop):
    with pytest.raises(NotImplementedError, match="Watcher shows what it will, eligible or not"):
        evaluate(Watcher(tiny_shop.history), RETAIL, 5, progress=False, **options(tiny_shop))
