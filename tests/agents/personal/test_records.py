"""What a record says of its customer, against a plain computation from the docstring of `Household`."""

from collections import defaultdict
from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest
from selflearn_agents import make_agent
from selflearn_agents.personal.household import Household
from selflearn_agents.personal.records import CAUTION, PASSES

from selflearn_env.core.items import Items
from selflearn_env.core.seen import SeenVisits
from tests.agents.personal.test_personal import N, seen_of

PEOPLE = "selflearn/RetailPeople-v0"


@pytest.fixture(scope="module")
def people(regulars_shop):
    return Household.of_history(regulars_shop.history)


def month_of(date):
    return int(np.datetime64(int(date), "D").astype("M8[M]").astype(int)) % 12


def by_hand(people, seen, v):
    """Theta, beside, again, and how probably each item was bought beside the record."""
    items = range(seen.record.start[v], seen.record.start[v + 1])
    product, day = seen.record.product, seen.record.day
    topics, t = len(people.alpha), people.topic_trust
    weights = people.alpha / people.alpha.sum()
    for _ in range(PASSES if len(items) else 0):
        gamma = people.alpha.copy()
        for i in items:
            share = weights * people.geometric[product[i]]
            gamma += share / share.sum()
        weights = gamma / gamma.sum()
    days = len({int(day[i]) for i in items})
    activity = (people.weight * people.activity + len(items)) / (people.weight + days)

    def taste(p, month):
        return t * (people.factors[p, :topics] @ weights) / (people.norm[month] @ weights) + 1 - t

    likely, fresh = people.cap_weight.copy(), []
    usual_cap = people.cap_weight @ people.caps
    for i in items:
        month, p = month_of(day[i]), product[i]
        held = defaultdict(float)
        for j in items:
            if day[j] < day[i]:
                held[product[j]] += people.keep[day[i] - day[j]]
        total = sum(held.values())
        if not total:
            fresh.append(1.0)
            continue
        r = total / (total + people.kappa * activity)
        base = people.share[month, p] * taste(p, month)
        own = held[p] * people.season[month, p] / total
        likely *= ((1 - people.caps * r) + people.caps * r * own / base) ** (1 / CAUTION)
        beside = (1 - usual_cap * r) * base
        fresh.append(beside / (beside + usual_cap * r * own))
    cap = likely @ people.caps / likely.sum()

    month = people.month_of_state[seen.state[v]]
    total = sum(people.season[month, product[i]] * people.keep[seen.date[v] - day[i]] for i in items)
    part = cap * total / (total + people.kappa * activity)
    theta = np.append(t * weights / (people.norm[month] @ weights), 1 - t)
    again = people.level[month] * activity * part / total if total else 0.0
    return theta, activity / people.activity * (1 - part), again, fresh


@pytest.mark.parametrize("topic_trust", [1.0, 0.4])
def test_it_is_what_the_formulas_say(regulars_shop, people, topic_trust):
    people.topic_trust = topic_trust
    seen = seen_of(regulars_shop, batch=30, steps=6)
    assert (np.diff(seen.record.start) > 10).any()
    read = people.read(seen)
    for v in range(len(seen)):
        theta, beside, again, fresh = by_hand(people, seen, v)
        np.testing.assert_allclose(read.known.theta[v], theta, rtol=1e-6)
        np.testing.assert_allclose(read.known.beside[v], beside, rtol=1e-6)
        np.testing.assert_allclose(read.known.again[v], again, rtol=1e-6)
        items = slice(seen.record.start[v], seen.record.start[v + 1])
        np.testing.assert_allclose(read.fresh[items], fresh, rtol=1e-6)
    people.topic_trust = 1.0


def test_who_is_not_known_is_the_usual_person(regulars_shop, people):
    seen = seen_of(regulars_shop, batch=5)
    known = people.recognise(replace(seen, customer=np.full(5, -1)))
    ratio, own = people.foresee(seen, known, np.tile(np.arange(4), (5, 1)))
    assert (ratio == 1.0).all()
    assert (own == 0.0).all()


def test_who_buys_the_same_again_is_expected_to(regulars_shop, people):
    """Two customers who bought as much; only the one who bought the same on all days is a creature of habit."""
    seen = seen_of(regulars_shop, batch=2)
    product = np.concatenate([np.tile(np.arange(4), 6), np.arange(24)]).astype(np.int32)
    day = np.tile(np.repeat(seen.date[0] - np.arange(60, 0, -10), 4), 2)
    record = replace(seen.record, start=np.array([0, 24, 48]), product=product, day=day)
    same = replace(seen, record=record, date=np.full(2, seen.date[0]), state=np.full(2, seen.state[0]))
    known = people.recognise(same)
    assert known.again[0] > known.again[1]
    assert known.beside[0] < known.beside[1]


def test_told_the_persons_it_foresees_their_rates(regulars_shop):
    from selflearn_agents.personal.informed import _household, _months

    from selflearn_env.core.people.effects import Tastes

    simulator = gym.make(PEOPLE, shop=regulars_shop, slate_size=4).unwrapped.simulator
    run = simulator.begin(np.random.default_rng(0))
    visits = simulator.start(20, run)
    seen = simulator.seen(visits)
    world, persons = regulars_shop.persons.with_effects(Tastes(), False)
    share = _months(regulars_shop, world)
    people = _household(regulars_shop, world, share, persons)
    people.season = np.sqrt(share / world.usual).astype(np.float32)
    month = people.month_of_state[seen.state]
    scale = people.level[month] * people.activity
    means = np.log(share[month] * scale[:, None])
    found = people.foresee_all(seen, people.recognise(seen), means, np.ones(2))
    tastes = simulator.tastes
    rates = tastes.world.all_rates(tastes.moments(visits), tastes.persons.rows(visits.customer))
    np.testing.assert_allclose(
        found / found.sum(axis=1, keepdims=True), rates / rates.sum(axis=1, keepdims=True), rtol=1e-3
    )


def test_dates_far_off_are_no_mistake(regulars_shop):
    """A record of 1900, one of before 1970 and one dated after the visit: as long ago as is known, or today."""
    agent = make_agent("personal", history=regulars_shop.history, slate_size=N, seed=0)
    nothing = np.zeros(1, dtype=np.int64)
    for now, then, like in ((19_500, -25_000, -600), (-3_000, -3_050, None), (19_500, 19_600, 19_500)):
        values = []
        for day in (then, then if like is None else like):
            record = Items(np.array([0, 3]), np.array([1, 2, 3], dtype=np.int32), np.full(3, day))
            seen = SeenVisits(nothing, nothing, np.array([now]), nothing, nothing + 1, nothing, record)
            values.append(agent.values(seen))
            assert (agent.act(seen) < 60).all()
        np.testing.assert_allclose(*values, rtol=1e-6)
        assert np.isfinite(values[0]).all()
