"""How much more of one list is bought than of another: against plain loops, and all slates of a tiny shop."""

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import t
from selflearn_agents.evaluation.shop_check.judging import one_list
from selflearn_agents.evaluation.shop_check.worth import RealHits, Sold, percent_more, verdict_figures

from selflearn_env.envs.options import Options

NAMES = [("bestsellers",), ("popular", "ucb"), ("person",), ("random",)]


@pytest.fixture(scope="module")
def real():
    """200 customers of 1 to 6 visits: the state adds a quarter, the person as much again."""
    rng = np.random.default_rng(5)
    customer = np.repeat(np.arange(200), rng.integers(1, 7, size=200))
    keen = rng.gamma(2.0, 0.5, size=200)[customer, None]
    return RealHits(NAMES, rng.poisson(keen * [0.8, 1.0, 1.25, 0.1]).astype(float), customer, False)


def test_the_interval_is_that_of_customers_drawn_anew(real):
    of, base = real.hits[:, 1], real.hits[:, 0]
    found = percent_more(of, base, real.customer)
    assert found.more == pytest.approx(100 * (of.sum() / base.sum() - 1))
    by_customer = [(of[real.customer == who].sum(), base[real.customer == who].sum()) for who in range(200)]
    ratio = of.sum() / base.sum()
    error = 100 * sum((own - ratio * other) ** 2 for own, other in by_customer) ** 0.5 / base.sum()
    assert found.error == pytest.approx(error)
    assert found.high - found.more == pytest.approx(t.ppf(0.975, 199) * error)
    rng, sums = np.random.default_rng(1), np.array(by_customer)
    drawn = [100 * np.divide(*sums[rng.integers(200, size=200)].sum(axis=0)) - 100 for _ in range(2000)]
    assert np.std(drawn) == pytest.approx(error, rel=0.1)


def test_several_intervals_hold_together(real):
    of, base = real.hits[:, 1], real.hits[:, 0]
    one, ten = (percent_more(of, base, real.customer, compared) for compared in (1, 10))
    assert (ten.high - ten.more) / (one.high - one.more) == pytest.approx(t.ppf(0.9975, 199) / t.ppf(0.975, 199))


def test_figures_go_step_by_step(real):
    found = verdict_figures(real, {})
    assert found["verdict.visits"] == real.customer.size
    assert found["verdict.customers"] == 200
    everybody, state, person = (found[f"verdict.bought.{name}"] for name in ("everybody", "state", "person"))
    assert found["verdict.more.state"] == pytest.approx(100 * (state / everybody - 1))
    assert found["verdict.more.person"] == pytest.approx(100 * (person / state - 1))
    agents = {name for name in found if name.startswith("verdict.more.agent.")}
    assert agents == {"verdict.more.agent.popular", "verdict.more.agent.random"}  # "person" is a list, and no agent
    assert found["verdict.low.agent.popular"] < found["verdict.low.state"]
    assert found["verdict.high.agent.random"] < 0


def test_four_times_the_customers_show_half_the_difference(real):
    several = RealHits(
        NAMES, np.tile(real.hits, (4, 1)), np.concatenate([real.customer + 200 * copy for copy in range(4)]), False
    )
    few, many = (verdict_figures(each, {})["verdict.unseen"] for each in (real, several))
    assert many == pytest.approx(few / 2, rel=0.02)


def test_too_little_is_no_figure(real):
    few = RealHits(NAMES, real.hits[:12], real.customer[:12], False)
    assert "verdict.more.state" not in verdict_figures(few, {})
    assert not [name for name in verdict_figures(few, {}) if "agent" in name]
    assert verdict_figures(few, {})["verdict.bought.everybody"] == real.hits[:12, 0].mean()
    nothing = np.zeros(real.customer.size)
    found = verdict_figures(real, {"retail": Sold(nothing + 1, nothing, nothing, nothing)})
    assert "verdict.more.best.retail" not in found


def test_no_list_for_everybody_earns_more_than_the_one_that_is_compared(tiny_shop):
    simulator, states = Options(slate_size=3).simulator(tiny_shop), np.arange(0, tiny_shop.states.size, 5)
    means = {
        slate: simulator.expected_reward(states, np.tile(slate, (states.size, 1))).mean()
        for slate in combinations(range(tiny_shop.products), 3)
    }
    found = one_list(simulator, states, np.array([7, 1, 2, 3, 4, 5, 6, 0]))
    assert tuple(sorted(found.tolist())) == max(means, key=lambda slate: means[slate])
