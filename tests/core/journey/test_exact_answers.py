"""What the simulator answers about customers who remember: exact probabilities, best slates, random slates."""

from itertools import permutations

import numpy as np
import pytest

from selflearn_env.core.customers import CustomerModel
from selflearn_env.core.journey.effects import Journey
from tests.core.journey.small_worlds import (
    MODELS,
    PREFERRING,
    N,
    P,
    model_of,
    random_appeal,
    random_world,
    served,
    world_of,
)

STILL = Journey.off(returns=True)


@pytest.mark.parametrize("name", MODELS)
def test_responses_of_those_who_remember_are_as_frequent_as_their_probabilities_say(name):
    journey = Journey(fatigue=0.3, satiation=0.8, boredom=0.6, leave=0)
    simulator = random_world(np.random.default_rng(5), journey, name)
    visits, run = served(simulator, 12, 4, number=6)
    count = 20_000
    for row in range(12):
        one = visits.rows(np.array([row]))
        slates = np.array([one.ignored[0, 0].tolist()]) % P  # what it has ignored last, and repeats
        exact = simulator.response_probability(one, slates)[0]
        many = visits.rows(np.full(count, row))
        response = simulator.respond(many, np.tile(slates, (count, 1)), run).response
        share = np.stack([(response == kind).mean(axis=0) for kind in range(3)], axis=-1)
        assert (np.abs(share - exact) <= 4.5 * np.sqrt(exact * (1 - exact) / count)).all()


@pytest.mark.parametrize("name", PREFERRING)
@pytest.mark.parametrize("holding_back", [0.0, 0.6, 1.0])
def test_best_and_random_slates_of_those_who_remember_are_those_of_every_slate(name, holding_back):
    rng = np.random.default_rng(8)
    simulator = random_world(rng, Journey(fatigue=0.3, satiation=0.8, boredom=0.6, leave=0), name)
    visits, _ = served(simulator, 10, 4, number=9)
    every_slate = np.array(list(permutations(range(P), N)))
    best, average = simulator.optimal_slate(visits, holding_back), simulator.random_reward(visits)
    for row in range(len(visits)):
        many = visits.rows(np.full(len(every_slate), row))
        every = simulator.expected_reward(many, every_slate)
        assert average[row] == pytest.approx(every.mean(), abs=1e-5)
        attention = simulator.memory.look(many, every_slate).attention.astype(float)
        attention[np.isin(every_slate, visits.ignored[row])] *= 1 - holding_back
        spared = simulator.customers.attending(attention).response_probability(many.state, every_slate, None)
        spared = (spared @ simulator.rewards.by_response).sum(axis=1)
        found = np.flatnonzero((every_slate == best[row]).all(axis=1))
        assert found.size == 1  # distinct products
        assert spared[found[0]] == pytest.approx(spared.max(), abs=1e-5)


@pytest.mark.parametrize("name", PREFERRING)
def test_with_state_indexes_nobody_remembers_anything(name):
    simulator = random_world(np.random.default_rng(5), Journey(leave=0), name)
    plain = random_world(np.random.default_rng(5), STILL, name)
    fresh = simulator.arrivals.first_visits(np.arange(5))
    visits, _ = served(simulator, 30, 4, number=6)
    slates = np.random.default_rng(1).integers(P, size=(30, N))
    for given_visits, shown in ((visits, slates), (fresh, slates[:5])):
        states = given_visits.state
        np.testing.assert_array_equal(
            simulator.response_probability(states, shown), plain.response_probability(states, shown)
        )
        np.testing.assert_array_equal(simulator.optimal_slate(states), plain.optimal_slate(states))
        np.testing.assert_array_equal(simulator.random_reward(states), plain.random_reward(states))
    np.testing.assert_allclose(
        simulator.expected_reward(fresh, slates[:5]), plain.expected_reward(fresh.state, slates[:5]), rtol=1e-6
    )
    assert (simulator.expected_reward(visits, slates) != plain.expected_reward(visits.state, slates)).any()


@pytest.mark.parametrize("name", MODELS)
def test_without_effects_visits_are_answered_as_their_states(name):
    simulator = random_world(np.random.default_rng(5), STILL, name)
    visits, _ = served(simulator, 30, 4, number=6)
    slates = np.random.default_rng(1).integers(P, size=(30, N))
    for answer in ("response_probability", "expected_reward"):
        np.testing.assert_array_equal(
            getattr(simulator, answer)(visits, slates), getattr(simulator, answer)(visits.state, slates)
        )
    for answer in ("optimal_slate", "random_reward"):
        np.testing.assert_array_equal(getattr(simulator, answer)(visits), getattr(simulator, answer)(visits.state))


def test_visits_of_a_wrong_slate_are_refused():
    simulator = random_world(np.random.default_rng(5), Journey())
    visits, run = served(simulator, 2, 2)
    for answer in (simulator.response_probability, lambda *shown: simulator.respond(*shown, run)):
        with pytest.raises(ValueError, match=r"slates\[1, 2\] is product 6, but the catalogue has products 0\.\.5"):
            answer(visits, [[0, 1, 2], [0, 1, 6]])
        with pytest.raises(ValueError, match=r"expected product indexes of shape \(2, 3\)"):
            answer(visits, [[0, 1, 2]])


# ---------------------------------------------------------------- models that do not know of attention


def deaf(name="independent"):
    """Customers of a model that does not say what attention changes."""
    known = model_of(name, random_appeal(np.random.default_rng(1)))

    class Deaf(type(known)):
        attending = CustomerModel.attending

    known.__class__ = Deaf
    return known


@pytest.mark.parametrize("effect", [{"satiation": 0.1}, {"fatigue": 0.1}, {"boredom": 0.1}])
def test_a_model_without_attention_cannot_be_satiated_nor_tire(effect):
    journey = Journey(**{"satiation": 0, "fatigue": 0, "boredom": 0, "delay": 1} | effect)
    with pytest.raises(NotImplementedError, match=r"Deaf has no method `attending`.*boredom=0"):
        world_of(journey, deaf())


@pytest.mark.parametrize("delay", [1, 1.2])
def test_a_model_without_attention_lives_all_the_same(delay):
    """Delay alone takes no interest away."""
    journey = Journey(satiation=0, fatigue=0, boredom=0, delay=delay)
    customers = [deaf(), model_of("independent", random_appeal(np.random.default_rng(1)))]
    one, other = (served(world_of(journey, each), 20, 10)[0] for each in customers)
    for ours, theirs in zip(one.columns(), other.columns(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
