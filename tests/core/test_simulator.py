"""The simulator against slow loops, and what it refuses."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from selflearn_env.core.arrivals import SingleVisits
from selflearn_env.core.customers import CUSTOMERS, IndependentCustomers
from selflearn_env.core.drift import Drift
from selflearn_env.core.memory import NoMemory
from selflearn_env.core.rewards import Rewards
from selflearn_env.core.simulator import Simulator
from selflearn_env.core.visits import Visits

P, N = 8, 3


def make_simulator(shop, customer="independent", n=N, weights=None, rewards=None, drift=None):
    weights = shop.customers.visits() if weights is None else weights
    return Simulator(
        states=shop.states,
        products=shop.products,
        slate_size=n,
        state_probability=weights / max(weights.sum(), 1),
        arrivals=SingleVisits(weights),
        memory=NoMemory(),
        customers=CUSTOMERS[customer].for_shop(shop.demand(), n),
        rewards=rewards or Rewards(),
        drift=drift,
    )


OPTIONS = [{}, {"rewards": Rewards(noise=0.7)}, {"drift": Drift(every=6)}]


@pytest.fixture(scope="module")
def simulators(tiny_shop):
    """By customer and option; one serves all examples of a test, since a simulator does not change."""
    return {customer: [make_simulator(tiny_shop, customer, **options) for options in OPTIONS] for customer in CUSTOMERS}


@pytest.fixture(scope="session")
def simulator(tiny_shop):
    return make_simulator(tiny_shop)


def loop_expected_reward(shop, state, slate, rewards):
    appeal = shop.demand().model(IndependentCustomers, N, {}).appeal
    total, shown = 0.0, set()
    for product in slate:
        buy = 0.0 if product in shown else float(appeal[state, product, 0])
        click = 0.0 if product in shown else float(appeal[state, product, 1]) - buy
        total += buy * rewards.buy + click * rewards.click + (1 - buy - click) * rewards.ignore
        shown.add(product)
    return total


@pytest.mark.parametrize("rewards", [Rewards(), Rewards(buy=2.0, click=-1.0, ignore=0.5, noise=3.0)])
def test_expected_reward_is_the_loop_over_the_products(tiny_shop, rewards):
    rng = np.random.default_rng(4)
    states, slates = rng.integers(672, size=300), rng.integers(P, size=(300, N))  # many of them with repeats
    expected = [loop_expected_reward(tiny_shop, *pair, rewards) for pair in zip(states, slates.tolist(), strict=True)]
    found = make_simulator(tiny_shop, rewards=rewards).expected_reward(states, slates)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_the_optimal_slate_beats_every_slate(tiny_shop, simulator):
    slates = list(permutations(range(P), N))
    for state in range(0, 672, 67):
        best = max(loop_expected_reward(tiny_shop, state, slate, Rewards()) for slate in slates)
        found = simulator.optimal_slate([state])
        assert found.shape == (1, N)
        assert loop_expected_reward(tiny_shop, state, found[0].tolist(), Rewards()) == pytest.approx(best)
        assert simulator.expected_reward([state], found)[0] == pytest.approx(best)


def test_random_reward_is_the_average_over_all_slates(tiny_shop, simulator):
    slates = list(permutations(range(P), N))
    for state in (0, 300, 671):
        average = np.mean([loop_expected_reward(tiny_shop, state, slate, Rewards()) for slate in slates])
        assert simulator.random_reward([state])[0] == pytest.approx(average)


@pytest.mark.parametrize("customer", sorted(CUSTOMERS))
@given(number=st.integers(0), batch=st.integers(1, 6))
def test_an_outcome_follows_from_its_responses(simulators, customer, number, batch):
    simulator = simulators[customer][0]
    rng = np.random.default_rng(number)
    run = simulator.begin(rng)
    visits = simulator.start(batch, run)
    slates = rng.integers(P, size=(batch, N))
    outcome = simulator.respond(visits, slates, run)
    amount = {0: -2.0, 1: 1.0, 2: 5.0}
    assert outcome.item_reward.tolist() == [[amount[one] for one in row] for row in outcome.response.tolist()]
    assert outcome.reward.tolist() == [sum(row) for row in outcome.item_reward.tolist()]
    assert outcome.duplicates.tolist() == [N - len(set(row)) for row in slates.tolist()]
    assert outcome.terminated.all()
    assert not outcome.truncated.any()
    np.testing.assert_array_equal(outcome.visits.state, visits.state)


@pytest.mark.parametrize("customer", sorted(CUSTOMERS))
@pytest.mark.parametrize("options", range(len(OPTIONS)), ids=map(str, OPTIONS))
@given(number=st.integers(0), dtype=st.sampled_from(["int64", "int8", "uint64"]))
def test_a_batch_is_its_rows_one_by_one_bit_for_bit(simulators, customer, options, number, dtype):
    simulator = simulators[customer][options]
    alone, together = (simulator.begin(np.random.default_rng(number)) for _ in range(2))
    slates = np.random.default_rng(number).integers(P, size=(6, N)).astype(dtype)  # some repeat a product
    visits = simulator.start(6, together)
    outcome = simulator.respond(visits, slates, together)
    np.testing.assert_array_equal(np.concatenate([simulator.start(1, alone).state for _ in range(6)]), visits.state)
    for row in range(6):
        one = simulator.respond(visits.rows(np.array([row])), slates[row : row + 1], alone)
        for ours, theirs in zip(one[1:], outcome[1:], strict=True):
            np.testing.assert_array_equal(ours[0], theirs[row])
            assert ours.dtype == theirs.dtype
    assert alone.served == together.served == 6


@pytest.mark.parametrize("slate", [[0, 1], [0, 1, P], [-1, 0, 1], [0.0, 1.0, 2.0], 3], ids=str)
def test_a_slate_that_cannot_be_shown_is_refused_and_not_served(simulator, slate):
    run = simulator.begin(np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"products 0..7|expected product indexes"):
        simulator.respond(simulator.start(1, run), [slate], run)
    assert run.served == 0


def test_visits_come_as_often_as_the_simulated_customers_came(tiny_shop, tiny_log, simulator):
    purchases = tiny_log[tiny_log["quantity"] > 0].drop_duplicates("invoice")
    states = [
        tiny_shop.states.parse(f"{'ABCD'[customer % 4]}_{time:%B}_{int(time.day > 15)}_{time:%A}")
        for customer, time in zip(purchases["customer"], purchases["time"], strict=True)
    ]
    simulated = np.bincount(states, minlength=672) - tiny_shop.history.visits
    assert simulated.min() >= 0
    np.testing.assert_allclose(simulator.state_probability, simulated / simulated.sum(), rtol=1e-12)


@pytest.mark.parametrize("weights", [[1, 1, 1, 1], [0, 3, 5, 2]], ids=["uniform", "by weight"])
def test_states_visit_in_proportion_to_their_weights(tiny_shop, weights):
    weights = np.pad(weights, (0, 672 - len(weights)))
    simulator = make_simulator(tiny_shop, weights=weights)
    visits = simulator.start(50_000, simulator.begin(np.random.default_rng(6)))
    came = np.bincount(visits.state, minlength=672)
    assert (came[weights == 0] == 0).all()
    assert stats.chisquare(came[weights > 0], 50_000 * simulator.state_probability[weights > 0]).pvalue > 1e-4
    assert simulator.state_probability.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("ended", [[False] * 4, [True, False, True, False], [True] * 4])
def test_restart_renews_the_ended_rows_only(simulator, ended):
    visits = Visits(np.array([900, 901, 902, 903]))  # states that never come, so that a renewed row shows
    run = simulator.begin(np.random.default_rng(8))
    coming = simulator.start(sum(ended), simulator.begin(np.random.default_rng(8))).state
    renewed = simulator.restart(visits, np.array(ended), run)
    assert visits.state.tolist() == [900, 901, 902, 903]
    np.testing.assert_array_equal(renewed.state[ended], coming)
    np.testing.assert_array_equal(renewed.state[~np.array(ended)], visits.state[~np.array(ended)])


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "uint32", "int64", "uint64"])
def test_products_and_states_may_be_integers_of_any_type(simulator, dtype):
    states, slates = np.array([1, 2]), np.array([[0, 1, 2], [3, 3, 4]])
    expected = simulator.expected_reward(states, slates)
    np.testing.assert_array_equal(simulator.expected_reward(states.astype(dtype), slates.astype(dtype)), expected)


@pytest.mark.parametrize("customer", sorted(CUSTOMERS))
@pytest.mark.parametrize("states", [5, [[5]]], ids=["scalar", "table"])
def test_states_of_a_wrong_shape_are_a_value_error(tiny_shop, customer, states):
    simulator = make_simulator(tiny_shop, customer)
    with pytest.raises(ValueError, match="shape"):
        simulator.expected_reward(states, [[0, 1, 2]])
    with pytest.raises(ValueError, match="shape"):
        simulator.optimal_slate(states)


def test_states_and_products_outside_are_named(simulator):
    with pytest.raises(ValueError, match=r"state 672 does not exist: the 672 states are 0..671"):
        simulator.expected_reward([0, 672], np.zeros((2, N), int))
    with pytest.raises(ValueError, match="state -1 does not exist"):
        simulator.optimal_slate([-1])
    with pytest.raises(ValueError, match=r"slates\[1, 2\] is product 8, but the catalogue has products 0..7"):
        simulator.response_probability([0, 0], [[0, 1, 2], [0, 1, 8]])


def test_what_cannot_be_simulated_is_refused(tiny_shop):
    for n in (9, 0):
        with pytest.raises(ValueError, match=rf"slate_size must be 1..8, the size of the catalogue, got {n}"):
            make_simulator(tiny_shop, n=n)
    with pytest.raises(ValueError, match="no state ever visits"):
        make_simulator(tiny_shop, weights=np.zeros(672, int))
