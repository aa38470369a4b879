"""An agent in the visits of the log: whom it meets, with which record, and that nothing of it is learned."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from selflearn_agents import AGENTS, make_agent
from selflearn_agents.evaluation.logged import hits_of, logged_days
from selflearn_agents.evaluation.serving import Serving, seen_by

from selflearn_env import Journey
from selflearn_env.envs.options import Options
from selflearn_env.envs.people_options import PeopleOptions
from selflearn_env.shop.people.journal import Journal, every_customer, states_by_day

N, ALL = 4, 10**6


@pytest.fixture(scope="module")
def retail(regulars_shop):
    return Options(slate_size=N).simulator(regulars_shop)


@pytest.fixture(scope="module")
def people(regulars_shop):
    return PeopleOptions(slate_size=N).simulator(regulars_shop)


@pytest.fixture(scope="module")
def journal(regulars_shop):
    return Journal.from_population(regulars_shop.customers, regulars_shop.states).by_day()


def made(name, shop, simulator):
    known = {"simulator": simulator} if AGENTS[name].privileged else {}
    return make_agent(name, history=shop.history, slate_size=N, seed=1, **known)


def test_persons_come_with_what_they_bought_before(regulars_shop, people, journal):
    days = logged_days(regulars_shop, ALL)
    visits, seen = days.met_in(people)
    assert len(visits) == len(seen) == journal.day.size
    np.testing.assert_array_equal(seen.state, states_by_day(regulars_shop.customers))
    np.testing.assert_array_equal(seen.customer, journal.customer)
    assert len(set(seen.date - journal.day)) == 1
    for visit in range(0, journal.day.size, 17):
        items = slice(seen.record.start[visit], seen.record.start[visit + 1])
        before = slice(journal.start[journal.first[visit]], journal.start[visit])
        assert Counter(seen.record.product[items]) == Counter(journal.product[before])
        assert seen.visits[visit] == visit - journal.first[visit]


def test_elsewhere_nobody_is_known(regulars_shop, retail):
    visits, seen = logged_days(regulars_shop, ALL).met_in(retail)
    for each in (visits, seen):
        np.testing.assert_array_equal(each.state, states_by_day(regulars_shop.customers))
    assert (seen.customer == -1).all()
    assert not seen.record.product.size


def test_of_many_visits_those_of_some_customers_are_taken(regulars_shop, people, journal):
    days = logged_days(regulars_shop, journal.day.size // 3)
    seen = days.met_in(people)[1]
    chosen = np.flatnonzero(journal.customer % 4 == 0)
    np.testing.assert_array_equal(seen.customer, journal.customer[chosen])
    np.testing.assert_array_equal(seen.visits, (np.arange(journal.day.size) - journal.first)[chosen])
    assert days.journal.product.size == np.isin(journal.item_visit, chosen).sum()


def test_one_in_so_many_customers_keeps_what_it_bought(regulars_shop):
    every, some = regulars_shop.customers, every_customer(regulars_shop.customers, 3)
    chosen = np.flatnonzero(every.visit_customer % 3 == 0)
    for name in ("visit_customer", "visit_day", "visit_state"):
        np.testing.assert_array_equal(getattr(some, name), getattr(every, name)[chosen])
    for visit in range(0, chosen.size, 20):
        own = some.item_product[some.item_visit == visit]
        np.testing.assert_array_equal(own, every.item_product[every.item_visit == chosen[visit]])
    assert every_customer(every, 1) is every


def test_a_horizon_ends_before_the_log(regulars_shop, journal):
    assert logged_days(regulars_shop, ALL, horizon=100).turn.size == (journal.day < 100).sum()
    people = PeopleOptions(slate_size=N, journey=Journey(horizon=100)).simulator(regulars_shop)
    assert hits_of(made("again", regulars_shop, people), regulars_shop, people) > 0


@pytest.mark.parametrize("name", ["bestsellers", "popular", "again"])
def test_hits_are_products_in_the_real_basket(name, regulars_shop, people, journal):
    agent, hits = made(name, regulars_shop, people), 0
    slates = agent.act(logged_days(regulars_shop, ALL).met_in(people)[1])
    for visit in range(journal.day.size):
        hits += len(set(slates[visit]) & set(journal.product[journal.start[visit] : journal.start[visit + 1]]))
    assert hits_of(agent, regulars_shop, people) == pytest.approx(hits / journal.day.size)


def test_who_knows_customers_has_more_hits(regulars_shop, people):
    hits = {name: hits_of(made(name, regulars_shop, people), regulars_shop, people) for name in ("again", "popular")}
    assert hits["again"] > 1.2 * hits["popular"]


@pytest.mark.parametrize("name", [name for name, kind in AGENTS.items() if kind.extra is None])
@pytest.mark.parametrize("world", ["retail", "people"])
def test_an_agent_stays_as_it_is(name, world, regulars_shop, request):
    simulator = request.getfixturevalue(world)
    runs = []
    for looked_at in (False, True):
        agent, serving, shown = made(name, regulars_shop, simulator), Serving(simulator, 10, 3), []
        for turn in range(20):
            if turn == 10 and looked_at:
                assert 0 <= hits_of(agent, regulars_shop, simulator) <= N
            visits = serving.visits
            slates = agent.act(seen_by(agent, simulator, visits))
            outcome = serving.show(slates)
            seen = simulator.seen(visits) if agent.knows_customers else visits.state
            agent.update(seen, slates, outcome.response, outcome.item_reward)
            shown.append(slates)
        runs.append(np.concatenate(shown))
    np.testing.assert_array_equal(*runs)
