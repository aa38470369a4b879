"""The choice models against plain loops written from their rules: every course of a visit, every ordered slate."""

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from selflearn_env.core.customers import CascadeCustomers, IndependentCustomers, LogitCustomers, PositionCustomers
from selflearn_env.core.customers.random_slates import mean_along_slates
from selflearn_env.core.rewards import Rewards
from selflearn_env.core.slates import repeats

MODELS = {
    "independent": IndependentCustomers,
    "position": PositionCustomers,
    "cascade": CascadeCustomers,
    "logit": LogitCustomers,
}
STATES = 20
every_model = pytest.mark.parametrize("name", MODELS)
amounts = st.sampled_from([-2.0, 0.0, 1.0, 5.0]) | st.floats(-10, 10)
rewards_of_any_kind = st.builds(Rewards, buy=amounts, click=amounts, ignore=amounts)


def random_table(rng, name, products, attractions=50.0):
    """(S, P, 2) appeal with zeros, ones, ties and extremes among ordinary numbers."""

    def numbers():
        shape = (STATES, products)
        kinds = [rng.random(shape), rng.choice([0.0, 1.0], shape), rng.choice([0.25, 0.5], shape)]
        return np.choose(rng.integers(4, size=shape), [*kinds, rng.choice([1e-30, 1e-6, 1 - 1e-6], shape)])

    first, second = numbers(), numbers()
    if name == "logit":
        first *= attractions * rng.choice([0.01, 0.1, 1.0])
    else:
        second = first + (1 - first) * second
    return np.stack([first, second], axis=-1).astype(np.float32)


def random_option(rng, name, n):
    if name == "cascade":
        return {"leave": float(rng.choice([0.0, 0.5, 1.0]))}
    if name == "position":
        some = np.where(rng.random(n) < 0.5, rng.choice([0.0, 0.5, 1.0], n), rng.random(n)).astype(np.float32)
        some[rng.integers(n)] = 1.0  # not all of them are 0
        return {"examination": some[: rng.integers(np.argmax(some > 0), n) + 1].tolist()}
    return {}


def random_model(rng, name, products, n, attractions=50.0):
    table, option = random_table(rng, name, products, attractions), random_option(rng, name, n)
    return MODELS[name](table.copy(), n, **option), table.astype(float).tolist(), option


def judged(table, shown):
    """Probability that a product that is looked at is ignored, clicked, bought; None stands for a repeat."""
    buy, respond = (0.0, 0.0) if shown is None else table[shown]
    return [1 - respond, respond - buy, buy]


def position_courses(table, slots, examination):
    """Each slot is looked at or not, and what is looked at is judged by itself."""
    ways = []
    for k, shown in enumerate(slots):
        looks = examination[min(k, len(examination) - 1)]
        ways.append([(0, 1 - looks), *((kind, looks * chance) for kind, chance in enumerate(judged(table, shown)))])
    for way in product(*ways):
        yield tuple(kind for kind, _ in way), float(np.prod([chance for _, chance in way]))


def cascade_courses(table, slots, leave):
    """From the top; who has bought leaves with `leave`, and ignores all that stands below."""
    if not slots:
        yield (), 1.0
        return
    ignored, clicked, bought = judged(table, slots[0])
    yield (2, *(0 for _ in slots[1:])), bought * leave
    for below, chance in cascade_courses(table, slots[1:], leave):
        yield from (((0, *below), ignored * chance), ((1, *below), clicked * chance))
        yield (2, *below), bought * (1 - leave) * chance


def logit_courses(table, slots):
    """One is bought and nothing clicked, or none is bought, and each clicked or not."""
    pairs = [(0.0, 0.0) if shown is None else table[shown] for shown in slots]
    whole = 1 + sum(attraction for attraction, _ in pairs)
    for k, (attraction, _) in enumerate(pairs):
        yield tuple(2 * (slot == k) for slot in range(len(slots))), attraction / whole
    for clicks in product((0, 1), repeat=len(slots)):
        chance = np.prod([c if click else 1 - c for click, (_, c) in zip(clicks, pairs, strict=True)])
        yield clicks, float(chance) / whole


def joint(name, table, slate, option):
    """(3, ..., 3) probability of all the responses to a slate together."""
    slots = [None if shown in slate[:k] else shown for k, shown in enumerate(slate)]
    if name in ("independent", "position"):
        courses = position_courses(table, slots, option.get("examination", [1.0]))
    else:
        courses = cascade_courses(table, slots, **option) if name == "cascade" else logit_courses(table, slots)
    chances = np.zeros((3,) * len(slate))
    for responses, chance in courses:
        chances[responses] += chance
    return chances


def marginal(chances):
    """(n, 3) of each slot."""
    n = chances.ndim
    return np.array([chances.sum(axis=tuple(slot for slot in range(n) if slot != k)) for k in range(n)])


@every_model
@settings(max_examples=100)
@given(number=st.integers(0), products=st.integers(1, 5), n=st.integers(1, 3))
def test_probabilities_are_those_of_all_courses_of_a_visit(name, number, products, n):
    rng = np.random.default_rng(number)
    model, table, option = random_model(rng, name, products, n)
    states, slates = np.arange(STATES), rng.integers(products, size=(STATES, n))  # many of them with repeats
    found = model.response_probability(states, slates, repeats(slates))
    for state in range(STATES):
        chances = joint(name, table[state], slates[state].tolist(), option)
        assert chances.sum() == pytest.approx(1.0, rel=1e-12)
        np.testing.assert_allclose(found[state], marginal(chances), rtol=1e-9, atol=1e-12)


@every_model
@settings(max_examples=400)
@given(number=st.integers(0), products=st.integers(1, 6), n=st.integers(1, 3), rewards=rewards_of_any_kind)
def test_no_ordered_slate_beats_the_optimal_slate(name, number, products, n, rewards):
    n = min(n, products)
    model, _, _ = random_model(np.random.default_rng(number), name, products, n)
    slates = np.array(list(permutations(range(products), n)))
    states = np.repeat(np.arange(STATES), len(slates))
    amount = np.array([rewards.ignore, rewards.click, rewards.buy])
    every = model.response_probability(states, np.tile(slates, (STATES, 1)), None) @ amount
    best = model.optimal_slate(np.arange(STATES), rewards)
    assert repeats(best) is None
    assert ((best >= 0) & (best < products)).all()
    found = (model.response_probability(np.arange(STATES), best, None) @ amount).sum(axis=1)
    np.testing.assert_allclose(found, every.sum(axis=1).reshape(STATES, -1).max(axis=1), rtol=1e-9, atol=1e-9)


@every_model
@given(
    number=st.integers(0),
    products=st.integers(1, 6),
    n=st.integers(1, 6),
    attractions=st.sampled_from([1.0, 50.0, 1e4]),
)
def test_a_random_slate_is_the_average_of_all_ordered_slates(name, number, products, n, attractions):
    rng, n = np.random.default_rng(number), min(n, products)
    model, _, _ = random_model(rng, name, products, n, attractions)
    slates = np.array(list(permutations(range(products), n)))
    states = np.repeat(np.arange(STATES), len(slates))
    every = model.response_probability(states, np.tile(slates, (STATES, 1)), None)
    average = every.reshape(STATES, len(slates), n, 3).mean(axis=1)
    order = rng.permutation(STATES)
    model.random_response_probability(order[:5])  # known when all are asked for
    found = model.random_response_probability(order)
    error = 3e-8 if name == "logit" else 1e-12  # by quadrature
    np.testing.assert_allclose(found[..., 1:], average[order][..., 1:], rtol=max(1e-9, error), atol=1e-15)
    np.testing.assert_allclose(found[..., 0], average[order][..., 0], atol=error)
    assert (found >= -error).all()


@given(number=st.integers(0), products=st.integers(1, 7), slots=st.integers(1, 6), kinds=st.integers(1, 3))
def test_the_mean_along_slates_is_the_loop_over_all_ordered_slates(number, products, slots, kinds):
    rng, slots = np.random.default_rng(number), min(slots, products)
    stay = rng.choice([0.0, 1.0, rng.random(), 1.5], (products, 2))
    earn = rng.choice([0.0, 1.0, rng.random(), -3.0], (products, kinds, 2))
    before = stay.copy(), earn.copy()
    found = mean_along_slates(stay.T, np.moveaxis(earn, 0, 2), slots)
    for k in range(slots):
        ways = [np.prod(stay[list(way[:k])], axis=0) * earn[way[k]] for way in permutations(range(products), k + 1)]
        np.testing.assert_allclose(found[k], np.mean(ways, axis=0), rtol=1e-9, atol=1e-12)
    for given_array, kept in zip((stay, earn), before, strict=True):
        np.testing.assert_array_equal(given_array, kept)


@every_model
@pytest.mark.parametrize("slate", [[0, 1, 2], [2, 0, 3], [1, 1, 0], [3, 0, 3]], ids=str)
@pytest.mark.parametrize("edge", [False, True])
def test_responses_come_together_as_often_as_the_courses_say(name, slate, edge):
    visits = 50_000
    table = np.array([[0.4, 0.7], [0.2, 0.6], [0.6, 0.6], [0.0, 0.5]], np.float32)  # (b, b or click) or (w, c)
    option = {"position": {"examination": [0.5, 1.0, 0.25]}, "cascade": {"leave": 0.5}}.get(name, {})
    if edge:
        option = {"position": {"examination": [1.0, 0.0, 0.5]}, "cascade": {"leave": 1.0}}.get(name, {})
        table[0] = 1.0
    model, slates = MODELS[name](table[None].copy(), 3, **option), np.tile(slate, (visits, 1))
    uniforms = np.random.default_rng(5).random((visits, model.uniforms))
    response = model.respond(np.zeros(visits, int), slates, repeats(slates), uniforms)
    exact = joint(name, table.astype(float).tolist(), slate, option).ravel()
    found = np.bincount(response @ [9, 3, 1], minlength=27)
    assert (found[exact == 0] == 0).all()  # two purchases of one visit, clicks of a buyer, anything below who has left
    if (exact > 0).sum() > 1:
        assert stats.chisquare(found[exact > 0], visits * exact[exact > 0] / exact.sum()).pvalue > 1e-4


@every_model
@given(number=st.integers(0))
def test_the_least_and_the_greatest_draw_respect_certainty(name, number):
    """What nobody wants is ignored even at 0, and what all want is wanted even by the last number below 1."""
    rng = np.random.default_rng(number)
    table = rng.choice([0.0, 1.0], (1, 4, 2)).astype(np.float32)
    table[..., 1] = np.maximum(table[..., 1], table[..., 0])
    model = MODELS[name](table.copy(), 3, **({"leave": 1.0} if name == "cascade" else {}))
    slates = rng.integers(4, size=(50, 3))
    draws = rng.choice([0.0, np.nextafter(1.0, 0.0)], (50, model.uniforms))
    response = model.respond(np.zeros(50, int), slates, repeats(slates), draws)
    exact = model.response_probability(np.zeros(50, int), slates, repeats(slates))
    chance = np.take_along_axis(exact, response[..., None].astype(int), axis=2)
    assert (chance > 0).all()
