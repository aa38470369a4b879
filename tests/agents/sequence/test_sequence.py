"""The recurrent agent: against plain loops, what it learns, from whom, and where there is nothing to learn from."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from selflearn_agents import load_agent, make_agent
from selflearn_agents.sequence.agent import TOGETHER
from selflearn_agents.sequence.weights import Weights

from selflearn_env import Shop
from selflearn_env.core.items import Items
from selflearn_env.core.seen import SeenVisits
from selflearn_env.shop.people.journal import Journal
from tests.agents.masks import few_eligible
from tests.agents.regulars.plain import seen_visits
from tests.agents.sequence.plain import rates_of

torch = pytest.importorskip("torch")
training = pytest.importorskip("selflearn_agents.sequence.training")
network = pytest.importorskip("selflearn_agents.sequence.network")

N = 4
COLUMNS = ["invoice", "product", "description", "quantity", "time", "price", "customer"]


@pytest.fixture
def history(regulars_shop):
    return regulars_shop.history


@pytest.fixture
def seen(history):
    return seen_visits(np.random.default_rng(8), history.states.size, history.products, 40)


@pytest.fixture(scope="module")
def staples_shop():
    """Each customer buys the same four of the products 0..19 at every visit, and beside four others of 20..39 once."""
    rng, rows = np.random.default_rng(4), []
    for customer in range(400):
        staples, others = rng.choice(20, size=4, replace=False), 20 + rng.permutation(20)
        for visit in range(5):
            day = pd.Timestamp("2023-01-01") + pd.Timedelta(days=int(20 * visit + customer % 15))
            bought = [*staples, *others[4 * visit : 4 * visit + 4]]
            rows += [(f"{customer}-{visit}", f"P{product:02}", "", 1, day, 2.0, customer) for product in bought]
    return Shop.from_transactions(pd.DataFrame(rows, columns=COLUMNS))


def agent_of(history, seed=0, **hyperparameters):
    return make_agent("sequence", history=history, slate_size=N, seed=seed, **hyperparameters)


def arrays_of(agent):
    return {name: array.copy() for name, array in vars(agent.weights).items()}


def shaken(agent):
    """The agent with weights of any kind, so that no part of the network is silent."""
    rng = np.random.default_rng(5)
    for array in vars(agent.weights).values():
        array += rng.normal(0, 0.3, array.shape).astype(np.float32)
    return agent


def responses_to(slates, number=0):
    responses = np.random.default_rng(number).integers(3, size=slates.shape).astype(np.int8)
    return responses, np.zeros(slates.shape)


@pytest.mark.parametrize("most", [8, 90])  # items; the more, the more visits are not read
def test_values_are_those_of_the_text(most, history):
    agent = shaken(agent_of(history, dim=5, epochs=0))
    seen = seen_visits(np.random.default_rng(8), history.states.size, history.products, 40, most=most)
    days = np.concatenate([np.sort(row) for row in np.split(seen.record.day, seen.record.start[1:-1])])
    seen = SeenVisits(*list(vars(seen).values())[:-1], Items(seen.record.start, seen.record.product, days))
    values = agent.values(seen)
    for row in range(len(seen)):
        expected = rates_of(agent.weights, agent._incidence, agent._group, seen, row)
        np.testing.assert_allclose(values[row], expected, rtol=2e-4)


def test_the_slate_is_the_products_of_greatest_value(history, seen, monkeypatch):
    agent = shaken(agent_of(history, epochs=0))
    slates, values = agent.act(seen), agent.values(seen)
    np.testing.assert_allclose(np.take_along_axis(values, slates, 1), -np.sort(-values, axis=1)[:, :N], rtol=1e-5)
    monkeypatch.setattr("selflearn_agents.sequence.agent.CELLS", 7 * history.products)
    np.testing.assert_array_equal(agent.act(seen), slates)


def test_what_is_bought_again_is_told_from_what_is_bought_once(staples_shop):
    agent, untrained = agent_of(staples_shop.history), agent_of(staples_shop.history, epochs=0)
    rng = np.random.default_rng(2)
    product = np.concatenate([[*rng.choice(20, 4, False), *(20 + rng.choice(20, 4, False))] for _ in range(50)])
    zero = np.zeros(50, dtype=np.int64)
    record = Items(np.arange(0, 401, 8), product.astype(np.int32), np.repeat(zero + 19_000, 8))
    seen = SeenVisits(zero, np.arange(50), zero + 19_020, zero + 20, zero + 1, zero, record)
    own = product.reshape(50, 8)[:, :4]
    hits = [np.mean([len({*slate} & {*mine}) for slate, mine in zip(each.act(seen), own, strict=True)])
            for each in (agent, untrained)]  # fmt: skip
    assert hits[0] > 3.9
    assert hits[1] < 3


def test_training_foresees_customers_better_whom_it_has_not_seen(history):
    agent, untrained = agent_of(history), agent_of(history, epochs=0)
    lessons = training.Lessons(history, agent._group, agent._incidence, agent._mean)
    losses = [training._mean_loss(each.weights, lessons, lessons.visits) for each in (agent, untrained)]
    assert losses[0] < losses[1] - 0.1


def test_the_held_out_are_customers_and_never_learned_from(history, monkeypatch):
    learned, judged, order = set(), set(), []
    original = training.Lessons.of

    def of(self, chosen, size):
        customers = set(self.journal.customer[chosen].tolist())
        (judged if (np.diff(chosen) > 0).all() else learned).update(customers)
        order.append(len(chosen))
        return original(self, chosen, size)

    monkeypatch.setattr(training.Lessons, "of", of)
    agent_of(history)
    assert learned
    assert judged
    assert not learned & judged
    journal = Journal.from_population(history.baskets, history.states).by_day()
    again = np.flatnonzero(np.bincount(journal.customer) > 1)
    assert learned | judged == set(again.tolist())


@pytest.mark.parametrize(("losses", "kept"), [([5, 4, 3, 3.5, 2], 2), ([5, 6, 4], 0), ([5, 4, float("nan")], 1)])
def test_the_epoch_that_foresees_best_counts(losses, kept, history, monkeypatch):
    found, weights = iter(losses), []
    monkeypatch.setattr(training, "_mean_loss", lambda now, *_: weights.append(now.copy()) or next(found))
    agent = agent_of(history, epochs=9)
    assert len(weights) == kept + 2
    for name, array in arrays_of(agent).items():
        np.testing.assert_array_equal(array, vars(weights[kept])[name])


def test_equal_seeds_give_equal_bits_and_torch_keeps_its_own_draws(history, seen):
    torch.manual_seed(3)
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    one, other, third = (agent_of(history, seed=seed) for seed in (4, 4, 5))
    for name, array in arrays_of(one).items():
        np.testing.assert_array_equal(array, arrays_of(other)[name])
    assert (one.weights.embedding != third.weights.embedding).any()
    np.testing.assert_array_equal(one.values(seen), other.values(seen))
    assert torch.equal(state, torch.get_rng_state())
    assert torch.get_num_threads() == threads


def test_a_saved_agent_continues_bit_for_bit(history, seen, tmp_path):
    agent = agent_of(history, seed=6)
    slates = agent.act(seen)
    agent.update(seen, slates, *responses_to(slates))  # two steps, and eight visits that wait
    assert len(agent.experience) == len(seen) % TOGETHER
    agent.save(tmp_path / "agent.npz")
    loaded = load_agent(tmp_path / "agent.npz")
    for each in (agent, loaded):
        each.update(seen, slates, *responses_to(slates, 1))
    np.testing.assert_array_equal(loaded.values(seen), agent.values(seen))


def test_it_learns_the_same_however_many_visits_come_together(history, seen):
    together, alone = agent_of(history, epochs=1), agent_of(history, epochs=1)
    slates = together.act(seen)
    responses, rewards = responses_to(slates)
    together.update(seen, slates, responses, rewards)
    for row in range(len(seen)):
        one = np.array([row])
        alone.update(seen.rows(one), slates[one], responses[one], rewards[one])
    for name, array in arrays_of(together).items():
        np.testing.assert_array_equal(array, arrays_of(alone)[name])


def test_what_is_bought_is_worth_more_for_the_known_and_the_unknown(history, seen):
    agent = agent_of(history)
    for each in (seen, SeenVisits.of_states(seen.state)):
        before, slates = agent.values(each)[:, :N].sum(axis=0), np.tile(np.arange(N), (len(each), 1))
        for _ in range(5):
            agent.update(each, slates, np.tile(np.array([2, 2, 0, 0], dtype=np.int8), (len(each), 1)), 0.0 * slates)
        after = agent.values(each)[:, :N].sum(axis=0)
        bought, ignored = after[:2] / before[:2], after[2:] / before[2:]
        assert bought.min() > max(1.02, 1.02 * ignored.max())


def test_without_a_step_size_it_learns_nothing(history, seen):
    agent = agent_of(history, step_size=0)
    before = agent.values(seen)
    agent.update(seen, agent.act(seen), *responses_to(agent.act(seen)))
    np.testing.assert_array_equal(agent.values(seen), before)


def test_where_nobody_is_known_it_is_popular(history):
    agent, popular = agent_of(history), make_agent("popular", history=history, slate_size=N)
    states = np.arange(history.states.size)
    np.testing.assert_allclose(agent.values(states), popular.values(states), rtol=1e-6)
    worth = [np.take_along_axis(popular.values(states), each.act(states), 1) for each in (agent, popular)]
    np.testing.assert_allclose(*worth, rtol=1e-6)


def test_a_visit_is_worth_the_same_in_any_company(history):
    agent = shaken(agent_of(history, epochs=0))
    seen = seen_visits(np.random.default_rng(9), history.states.size, history.products, 65)
    together = agent.values(seen)
    for some in ([3], [7, 3], [3, 7, 3], list(range(64, -1, -1))):
        np.testing.assert_array_equal(agent.values(seen.rows(np.array(some))), together[some])


def test_without_customers_who_come_again_it_starts_like_again(regulars_log):
    once = regulars_log[regulars_log["invoice"].isin(regulars_log.groupby("customer")["invoice"].first())]
    history = Shop.from_transactions(once).history
    agent, untrained = agent_of(history), Weights(history.products, 16, 1.0, np.random.default_rng(0))
    np.testing.assert_array_equal(agent.weights.taste, untrained.taste)
    zero = np.zeros(1, dtype=np.int64)
    record = Items(np.array([0, N]), np.array([50, 49, 48, 47], dtype=np.int32), np.full(N, 19_000))
    slate = agent.act(SeenVisits(zero, zero, zero + 19_010, zero, zero + 1, zero, record))[0]
    assert set(slate) == {47, 48, 49, 50}


@pytest.mark.parametrize("customers", [2, 3])
def test_a_history_of_a_customer_or_two(customers, regulars_log):
    some = regulars_log[regulars_log["customer"] < customers]
    history = Shop.from_transactions(some, segments=dict.fromkeys(range(customers), "A")).history
    agent = agent_of(history)
    seen = seen_visits(np.random.default_rng(8), history.states.size, history.products, 20)
    assert np.isfinite(agent.values(seen)).all()
    slates = agent.act(seen)
    agent.update(seen, slates, *responses_to(slates))
    assert np.isfinite(agent.values(seen)).all()


def test_a_catalogue_of_two_products():
    times = pd.Timestamp("2023-01-01") + pd.to_timedelta(np.arange(60) % 6 * 9, unit="D")
    rows = [(f"{i}", f"P{i // 6 % 2}", "", 1, time, 2.0, i // 6) for i, time in enumerate(times)]
    history = Shop.from_transactions(
        pd.DataFrame(rows, columns=COLUMNS), segments=dict.fromkeys(range(10), "A")
    ).history
    agent = make_agent("sequence", history=history, slate_size=2)
    seen = seen_visits(np.random.default_rng(8), history.states.size, 2, 20)
    assert sorted(agent.act(seen)[0].tolist()) == [0, 1]


def test_of_a_large_history_some_customers_are_looked_at(history, monkeypatch):
    agent = agent_of(history, epochs=0)
    monkeypatch.setattr(training, "MOST_CELLS", history.baskets.visit_day.size * history.products / 2.5)
    lessons = training.Lessons(history, agent._group, agent._incidence, agent._mean)
    assert set(lessons.journal.customer) == set(range(0, history.baskets.visit_customer.max() + 1, 3))


def test_dates_count_and_not_their_origin(history, seen):
    agent = shaken(agent_of(history, epochs=0))
    record = Items(seen.record.start, seen.record.product, seen.record.day + 10_000)
    later = SeenVisits(seen.state, seen.customer, seen.date + 10_000, *list(vars(seen).values())[3:-1], record)
    np.testing.assert_array_equal(agent.values(seen), agent.values(later))


@pytest.mark.parametrize(
    ("hyperparameters", "message"),
    [
        ({"dim": 0}, "dim is a whole number and at least 1, got 0"),
        ({"dim": 2.5}, "dim is a whole number and at least 1, got 2.5"),
        ({"epochs": -1}, "epochs is a whole number and at least 0, got -1"),
        ({"epochs": True}, "epochs is a whole number and at least 0, got True"),
        ({"step_size": -1}, "step_size must be >= 0, got -1"),
        ({"step_size": float("nan")}, "step_size must be >= 0, got nan"),
    ],
)
def test_bad_hyperparameters(hyperparameters, message, history):
    with pytest.raises(ValueError, match=message):
        agent_of(history, **hyperparameters)


def test_without_torch_it_says_how_to_get_it(history, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match=r'the agent "sequence" needs torch: pip install .*"stable-baselines3>=2'):
        agent_of(history)


def test_importing_the_agents_does_not_import_torch():
    code = "import selflearn_agents, sys; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_slates_are_the_best_of_what_may_be_shown(history, seen):
    agent = shaken(agent_of(history, epochs=0))
    eligible = few_eligible(np.random.default_rng(3), len(seen), history.products, N)
    values = np.where(eligible, agent.values(seen), -np.inf)[:, agent._order]
    slates = agent.act(seen, eligible)
    np.testing.assert_array_equal(slates, agent._order[np.argsort(-values, axis=1, kind="stable")[:, :N]])
    np.testing.assert_array_equal(agent.act(seen, np.ones_like(eligible)), agent.act(seen))
    assert (agent.propensity(seen, slates[:, :2], eligible) == 1).all()


def test_slots_that_were_not_shown_say_nothing(history, seen, tmp_path):
    """An agent of longer slates learns from their first slots what one of short slates learns."""
    long, short = (make_agent("sequence", history=history, slate_size=n, seed=0, epochs=0) for n in (N, 2))
    slates = short.act(seen)
    for agent in (long, short):
        agent.update(seen, slates, *responses_to(slates))
    assert len(seen) % TOGETHER  # some are yet to be learned from
    long.save(tmp_path / "agent.npz")
    for agent in (long := load_agent(tmp_path / "agent.npz"), short):
        agent.update(seen, slates, *responses_to(slates))
    np.testing.assert_allclose(long.values(seen), short.values(seen), rtol=1e-6)
    np.testing.assert_array_equal(long.experience.tally[:, :2], short.experience.tally)
